"""A group of processes that work together, by Ray Train."""

import logging
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hansol_assets.compute.errors import LostWorkError, last_line, user_error_in
from hansol_assets.compute.protocol import GroupWork, Member, Told, silent
from hansol_assets.compute.settings import ClusterSettings, lacking
from hansol_assets.lake.reports import NO_FIGURES, Log

_STATE = "ray"
"""Folder in the shared one where Ray Train keeps what it knows of a run."""
_POLL_SECONDS = 0.5
_NO_ROOM = {"WorkerGroupStartupTimeoutError", "InsufficientClusterResourcesError"}
"""What Ray Train, which has no public names for them, raises of a group that cannot start."""


class NoRoomError(Exception):
    """The cluster has no room for a group now."""

    def __init__(self, wanted: Mapping[str, float]) -> None:
        """Names what the fewest processes would take."""
        amounts = ", ".join(f"{amount:g} {name}" for name, amount in wanted.items())
        super().__init__(f"there is no room for a group ({amounts or 'it did not start'})")


def run_group(
    work: GroupWork[Told], settings: ClusterSettings, shared: Path, send: Log
) -> tuple[Told, int, int]:
    """Runs work in a group of processes, in a new one if a process or a node of it is lost.

    Returns:
        What the first of them made, how many they were in the end, and how often some were lost.

    Raises:
        UserError: The work raised it.
        LostWorkError: Processes were lost more often than the settings allow.
    """
    losses, until = 0, time.monotonic() + settings.wait_seconds
    while True:
        members = _room_for(work, settings)
        try:
            if members is None:
                raise NoRoomError(settings.needs(settings.fewest_training_workers))
            send(f"{work.name}: a group of {members} starts")
            return _run_once(work, members, settings, shared, send), members, losses
        except NoRoomError as error:
            # A dead node is counted for a while, and another may come in its place.
            if time.monotonic() > until:
                raise LostWorkError(work.name, str(error)) from error
            time.sleep(_POLL_SECONDS)
        except LostWorkError as error:
            losses += 1
            send(f"{work.name}: a process of {members} was lost ({error.reason})")
            if losses > settings.max_failures:
                raise
            until = time.monotonic() + settings.wait_seconds


def _room_for(work: GroupWork[Told], settings: ClusterSettings) -> int | None:
    """How many processes there is room for now, as far as the cluster knows."""
    import ray

    there = ray.cluster_resources()
    most, fewest = settings.training_workers, settings.fewest_training_workers
    fitting = [most, *(n for n in range(most - 1, fewest - 1, -1) if work.may_have(n))]
    return next((n for n in fitting if not lacking(settings.needs(n), there)), None)


def _run_once(
    work: GroupWork[Told], members: int, settings: ClusterSettings, shared: Path, send: Log
) -> Told:
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    with _lines_to(send) as queue:
        trainer = TorchTrainer(
            _run_member,
            train_loop_config={"work": work, "sharding": settings.sharding, "lines": queue},
            scaling_config=ScalingConfig(
                num_workers=members,
                use_gpu=settings.gpus_per_worker > 0,
                resources_per_worker={
                    n: amount for n, amount in settings.needs(1).items() if amount
                },
            ),
            run_config=RunConfig(
                name=uuid.uuid4().hex,
                storage_path=str(shared / _STATE),
                # A new group may have to be smaller, which Ray does not know.
                failure_config=FailureConfig(max_failures=0, controller_failure_limit=0),  # type: ignore[call-arg]
            ),
        )
        try:
            result = trainer.fit()
        except TrainingFailedError as error:
            raise _named(error, work.name) from error
        finally:
            # The work keeps its own checkpoints.
            shutil.rmtree(shared / _STATE, ignore_errors=True)
    made: Told = result.return_value  # type: ignore[attr-defined]
    return made


def _run_member(config: Mapping[str, Any]) -> Any:
    """One process's part; Ray Train calls it in each, connected with the others."""
    import ray.train

    logging.getLogger("ray").setLevel(logging.ERROR)
    context = ray.train.get_context()
    rank, members = context.get_world_rank(), context.get_world_size()
    lines = config["lines"]
    send = partial(_put, lines) if rank == 0 else silent
    member = Member(rank=rank, members=members, sharding=config["sharding"], send=send)
    made = config["work"].run(member)
    return made if member.is_first else None


def _put(lines: Any, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    lines.put((line, dict(figures)))


@contextmanager
def _lines_to(send: Log) -> Iterator[Any]:
    """Yields a queue whose lines are sent on."""
    import ray
    from ray.util.queue import Empty, Queue
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    # It lives where this process does, whichever node is lost.
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=False)
    queue = Queue(actor_options={"num_cpus": 0, "scheduling_strategy": here})
    ended = threading.Event()

    def drain() -> None:
        while True:
            try:
                line, figures = queue.get(timeout=_POLL_SECONDS)
            except Empty:
                if ended.is_set():
                    return
                continue
            send(line, figures)

    thread = threading.Thread(target=drain, name="lines of the group", daemon=True)
    thread.start()
    try:
        yield queue
    finally:
        ended.set()
        thread.join()
        queue.shutdown()


def _named(error: Any, name: str) -> Exception:
    if type(getattr(error, "controller_failure", None)).__name__ in _NO_ROOM:
        return NoRoomError({})
    failures = getattr(error, "worker_failures", {}).values()
    own = next((failure for failure in map(user_error_in, failures) if failure), None)
    if own is not None:
        return own
    reason = next((str(failure) for failure in failures), str(error))
    return LostWorkError(name, last_line(reason))
