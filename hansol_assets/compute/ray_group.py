"""A group of processes that work together, by Ray Train.

What belongs here: starting the group, again if a process is lost, and the way of its lines into the
run's log. What does not: what a process of the group does.
"""

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from hansol_assets.compute.errors import LostWorkError, user_error_in
from hansol_assets.compute.protocol import NO_FIGURES, GroupWork, Member, Send, Told, silent
from hansol_assets.compute.settings import ClusterSettings
from hansol_assets.errors import UserError

_STARTED = "group of {members} started"
_STATE = "ray"
"""Folder in the shared one where Ray Train keeps what it knows of a run."""
_POLL_SECONDS = 0.5


def run_group(
    work: GroupWork[Told], settings: ClusterSettings, shared: Path, send: Send
) -> tuple[Told, int]:
    """Runs work in a group of processes.

    Args:
        work: What each does with its number in the group.
        settings: How many there are, what each has, and how often they may be lost.
        shared: A folder that every node sees.
        send: Takes the lines of the first of them.

    Returns:
        What the first of them made, and how often the group was started.

    Raises:
        UserError: The work raised it.
        LostWorkError: Processes were lost more often than the settings allow.
    """
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    fewest, most = settings.fewest_training_workers, settings.training_workers
    with _lines_to(send) as (queue, starts):
        trainer = TorchTrainer(
            _run_member,
            train_loop_config={"work": work, "sharding": settings.sharding, "lines": queue},
            scaling_config=ScalingConfig(
                # Ray's class also stands for a search of its fields, and its types tell only that.
                num_workers=most if fewest == most else (fewest, most),  # type: ignore[arg-type]
                use_gpu=settings.gpus_per_worker > 0,
                resources_per_worker=_resources(settings),
            ),
            run_config=RunConfig(
                name=work.name,
                storage_path=str(shared / _STATE),
                failure_config=FailureConfig(max_failures=settings.max_failures),
            ),
        )
        try:
            result = trainer.fit()
        except TrainingFailedError as error:
            raise _named(error, work.name) from error
    return result.return_value, len(starts)  # type: ignore[attr-defined]


def _resources(settings: ClusterSettings) -> dict[str, float]:
    wanted = {"CPU": settings.cpus_per_worker, "GPU": settings.gpus_per_worker}
    return {name: amount for name, amount in wanted.items() if amount}


def _run_member(config: Mapping[str, Any]) -> Any:
    """One process's part; Ray Train calls it in each, connected with the others."""
    import ray.train

    logging.getLogger("ray").setLevel(logging.ERROR)
    context = ray.train.get_context()
    rank, members = context.get_world_rank(), context.get_world_size()
    lines = config["lines"]
    send = partial(_put, lines) if rank == 0 else silent
    member = Member(rank=rank, members=members, sharding=config["sharding"], send=send)
    if member.is_first:
        send(_STARTED.format(members=members))
    made = config["work"].run(member)
    return made if member.is_first else None


def _put(lines: Any, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    lines.put((line, dict(figures)))


@contextmanager
def _lines_to(send: Send) -> Iterator[tuple[Any, list[str]]]:
    """Yields a queue whose lines are sent on, and the list of lines that say that a group began."""
    from ray.util.queue import Empty, Queue

    queue, starts, ended = Queue(actor_options={"num_cpus": 0}), [], threading.Event()

    def drain() -> None:
        while True:
            try:
                line, figures = queue.get(timeout=_POLL_SECONDS)
            except Empty:
                if ended.is_set():
                    return
                continue
            if line.startswith(_STARTED.partition("{")[0]):
                starts.append(line)
            send(line, figures)

    thread = threading.Thread(target=drain, name="lines of the group", daemon=True)
    thread.start()
    try:
        yield queue, starts
    finally:
        ended.set()
        thread.join()
        queue.shutdown()


def _named(error: Any, name: str) -> UserError:
    failures = getattr(error, "worker_failures", {}).values()
    own = next((failure for failure in map(user_error_in, failures) if failure), None)
    if own is not None:
        return own
    reason = next((str(failure) for failure in failures), str(error))
    return LostWorkError(name, reason.strip().splitlines()[-1])
