"""Runs that know of each other through the lake, also where one of them was killed.

A run holds a lock that the operating system takes away when its process dies. So a second run of a
profile waits for the first, and a killed one differs from one that goes on: Dagster learns of a
run's end from its own process only, and would let a killed run keep the GPU for ever.
"""

import fcntl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import dagster as dg

PREFIX = "run-"
POLL_SECONDS = 0.2


@contextmanager
def run_lock(run_id: str, locks: Path) -> Iterator[None]:
    """Shows that a run is going on while the block lasts; its processes may share the lock."""
    locks.mkdir(parents=True, exist_ok=True)
    path = locks / f"{PREFIX}{run_id}.lock"
    # NFS gives a shared lock only on a file that is open for reading, too.
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield
        path.unlink(missing_ok=True)


def end_dead_runs(instance: dg.DagsterInstance, locks: Path) -> list[str]:
    """Marks runs whose process is gone as failed, and frees their slots in pools.

    `instance`: knows the runs; those of another instance are left to it.
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


@contextmanager
def exclusive_run(
    profile: str, run_id: str, locks: Path, log: Callable[[str], None]
) -> Iterator[None]:
    """Lets one run of a profile go on at a time, so that no run mixes the inputs of two.

    `run_id`: the run; its processes may hold the profile together.
    """
    locks.mkdir(parents=True, exist_ok=True)
    with (locks / f"profile-{profile}.lock").open("a+", encoding="utf-8") as file:
        _take(file, run_id, lambda holder: log(f"waiting for run {holder} of '{profile}' to end"))
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


def _take(file: IO[str], run_id: str, log: Callable[[str], None]) -> None:
    """Waits until nobody holds a file but processes of the run itself, and names the run in it."""
    logged = ""
    while not _try_lock(file):
        file.seek(0)
        holder = file.read()
        if holder == run_id:
            return
        if holder != logged:
            log(holder)
            logged = holder
        time.sleep(POLL_SECONDS)
    file.truncate(0)
    file.write(run_id)
    file.flush()


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_free(path: Path) -> bool:
    with path.open("a+", encoding="utf-8") as file:
        return _try_lock(file)
