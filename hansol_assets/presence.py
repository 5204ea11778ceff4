"""Telling a run that goes on from one whose process was killed.

Dagster learns of a run's end from its own process. One that was killed stays "started" for ever and
keeps its place in the pool of the GPU, so that the next run would wait without end. Therefore a run
holds a lock in the lake, which the operating system takes away from a process that dies.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
from filelock import FileLock, Timeout

PREFIX = "run-"


@contextmanager
def present(run_id: str, locks: Path) -> Iterator[None]:
    """Shows that a run's process is alive, as long as the block lasts.

    Args:
        run_id: The run.
        locks: The folder of the lake's locks.
    """
    locks.mkdir(parents=True, exist_ok=True)
    path = locks / f"{PREFIX}{run_id}.lock"
    with FileLock(path):
        yield
        path.unlink(missing_ok=True)


def end_dead_runs(instance: dg.DagsterInstance, locks: Path) -> list[str]:
    """Marks runs whose process is gone as failed, and frees the places that they held in pools.

    Args:
        instance: Knows the runs; those of another instance are left to it.
        locks: The folder of the lake's locks.

    Returns:
        The ids of the runs that were ended.
    """
    dead = []
    for path in sorted(locks.glob(f"{PREFIX}*.lock")):
        run_id = path.stem.removeprefix(PREFIX)
        run = instance.get_run_by_id(run_id)
        if run is None or not _is_free(path):
            continue
        if not run.is_finished:
            instance.report_run_failed(run, "Its process was killed; the next run goes on from it.")
            dead.append(run_id)
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)
        path.unlink(missing_ok=True)
    return dead


def _is_free(path: Path) -> bool:
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return False
    lock.release()
    return True
