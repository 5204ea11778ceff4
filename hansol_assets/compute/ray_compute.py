"""Heavy work on a Ray cluster: blocks of rows by Ray Data, groups of processes by Ray Train.

See https://docs.ray.io/en/latest/data/transforming-data.html and
https://docs.ray.io/en/latest/train/getting-started-pytorch.html
"""

import logging
import os
import shutil
import threading
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa

from hansol_assets.compute.cluster import (
    ClusterSettings,
    LostWorkError,
    last_line,
    shortage,
    user_error_in,
)
from hansol_assets.compute.current import Compute, Workers
from hansol_assets.compute.protocol import BlockWork, GroupWork, Member, Value, WorkDone, silent
from hansol_assets.compute.ray_cluster import (
    Cluster,
    connected,
    is_started_here,
    require_resources,
    resources_here,
)
from hansol_assets.errors import UserError
from hansol_assets.lake.reports import NO_FIGURES, Log

_STATE = "ray"
"""Folder in the shared one where Ray Train keeps what it knows of a run."""
_POLL_SECONDS = 0.5
MAX_FAILURES = 3
"""Losses of workers or nodes after which a group gives up."""
WAIT_SECONDS = 300.0
"""How long a group waits for another node in place of a lost one."""
_NO_ROOM = {"WorkerGroupStartupTimeoutError", "InsufficientClusterResourcesError"}
"""What Ray Train, which has no public names for them, raises of a group that cannot start."""


class NoRoomError(Exception):
    """The cluster has no room for a group now."""

    def __init__(self, needed: Mapping[str, float]) -> None:
        amounts = ", ".join(f"{amount:g} {name}" for name, amount in needed.items())
        super().__init__(f"there is no room for a group ({amounts or 'it did not start'})")


def run_group(
    work: GroupWork[Value], settings: ClusterSettings, shared: Path, send: Log
) -> tuple[Value, int, int]:
    """Runs work in a group of processes, in a new one if a process or a node of it is lost.

    Returns what the first of them made, how many they were in the end, and the losses.

    Raises:
        UserError: The work raised it.
        LostWorkError: Processes were lost too often.
    """
    losses, until = 0, time.monotonic() + WAIT_SECONDS
    while True:
        members = _room_for(work, settings)
        try:
            if members is None:
                raise NoRoomError(settings.needs(settings.fewest_training_workers))
            send(f"{work.name}: a group of {members} starts")
            return _run_once(work, members, settings, shared, send), members, losses
        except NoRoomError as error:
            # A dead node stays in the count for a while, and a new one may join.
            if time.monotonic() > until:
                raise LostWorkError(work.name, str(error)) from error
            time.sleep(_POLL_SECONDS)
        except LostWorkError as error:
            losses += 1
            send(f"{work.name}: a process of {members} was lost ({error.reason})")
            if losses > MAX_FAILURES:
                raise
            until = time.monotonic() + WAIT_SECONDS


def _room_for(work: GroupWork[Value], settings: ClusterSettings) -> int | None:
    """How many processes there is room for now, as far as the cluster knows."""
    import ray

    there = ray.cluster_resources()
    most, fewest = settings.training_workers, settings.fewest_training_workers
    fitting = [most, *(n for n in range(most - 1, fewest - 1, -1) if work.can_use(n))]
    return next((n for n in fitting if not shortage(settings.needs(n), there)), None)


def _run_once(
    work: GroupWork[Value], members: int, settings: ClusterSettings, shared: Path, send: Log
) -> Value:
    from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
    from ray.train.torch import TorchTrainer

    with _lines_to(send) as queue:
        trainer = TorchTrainer(
            _run_member,
            train_loop_config={"work": work, "lines": queue},
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
    made: Value = result.return_value  # type: ignore[attr-defined]
    return made


def _run_member(config: Mapping[str, Any]) -> Any:
    """One process's part; Ray Train calls it in each, connected with the others."""
    import ray.train

    logging.getLogger("ray").setLevel(logging.ERROR)
    context = ray.train.get_context()
    rank, members = context.get_world_rank(), context.get_world_size()
    lines = config["lines"]
    send = partial(_put, lines) if rank == 0 else silent
    member = Member(rank=rank, members=members, send=send)
    made = config["work"].run(member)
    return made if member.is_first else None


def _put(lines: Any, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    lines.put((line, dict(figures)))


@contextmanager
def _lines_to(send: Log) -> Iterator[Any]:
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
    of_work = next((failure for failure in map(user_error_in, failures) if failure), None)
    if of_work is not None:
        return of_work
    reason = next((str(failure) for failure in failures), str(error))
    return LostWorkError(name, last_line(reason))


_WORKER = "_worker"
"""Column that names the process that made a row; dropped before results are returned."""
_ERROR = "_error"
"""The one column of a block that carries a `UserError`: Ray Data hands on only the text of an error
that is raised."""
_RESTARTED = "restarted"


class RayCompute(Compute):
    """Work on a cluster, which is connected to with the first work; `done` is what was done."""

    def __init__(self, settings: ClusterSettings, shared: Path, stack: ExitStack) -> None:
        super().__init__()
        self._settings = settings
        self._shared = shared
        self._stack = stack

    @cached_property
    def cluster(self) -> Cluster:
        """The cluster, connected to and looked at."""
        return self._stack.enter_context(connected(self._settings, self._shared))

    @property
    def description(self) -> str:
        """Where work runs, for a person."""
        if is_started_here():
            return "a Ray cluster that is started on this machine with the first work"
        return f"{self.cluster}"

    def workers(self, work: BlockWork) -> "RayWorkers":
        """Returns processes of the cluster; they start with the first blocks."""
        return RayWorkers(work, self.done, self._settings, self)

    def together(self, work: GroupWork[Value], send: Log) -> Value:
        """Runs the work in a group of the cluster's processes; see `run_group`."""
        dashboard, started = self.cluster.dashboard, time.monotonic()
        result, members, losses = run_group(work, self._settings, self._shared, send)
        seconds = time.monotonic() - started
        self.done.append(WorkDone(work.name, work.rows, seconds, members, losses, dashboard))
        return result


@contextmanager
def ray_compute(settings: ClusterSettings, shared: Path) -> Iterator[RayCompute]:
    """Makes a cluster's compute, and leaves the cluster in the end.

    A cluster that `RAY_ADDRESS` names is looked at before anything else is done; one of our own is
    started with the first work, since many runs find all that they need. `shared` is a folder that
    every node has to see.

    Raises:
        ClusterError: The named cluster cannot be used.
    """
    shared.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        compute = RayCompute(settings, shared.resolve(), stack)
        if is_started_here():
            require_resources(settings, resources_here())
        else:
            _ = compute.cluster
        yield compute


@dataclass
class RayWorkers(Workers):
    """Processes of a cluster that open some work once each, and work on blocks."""

    settings: ClusterSettings
    compute: RayCompute

    def map(self, blocks: Sequence[pa.Table]) -> Iterator[pa.Table]:
        """Yields what is made of the blocks, in order; a lost process's block goes to another.

        Raises:
            UserError: The work itself raised it.
        """
        if sum(map(len, blocks)) < max(1, self.work.fewest_to_send):
            yield from super().map(blocks)
            return
        dashboard, started = self.compute.cluster.dashboard, time.monotonic()
        seen: set[str] = set()
        with _errors_of_work(self.work.name):
            for made in self._dataset(blocks).iter_batches(
                batch_size=None, batch_format="pyarrow", prefetch_batches=1
            ):
                if _ERROR in made.column_names:
                    raise _unpacked(made[_ERROR][0].as_py())
                seen |= set(made[_WORKER].unique().to_pylist())
                yield made.drop_columns([_WORKER])
        rows, seconds = sum(map(len, blocks)), time.monotonic() - started
        retries = sum(name.endswith(_RESTARTED) for name in seen)
        processes = len({name.partition("/")[0] for name in seen})
        self.done.append(WorkDone(self.work.name, rows, seconds, processes, retries, dashboard))

    def _dataset(self, blocks: Sequence[pa.Table]) -> Any:
        import ray.data

        # It sets its level when it is imported, and logs each step.
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        settings = self.settings
        data = ray.data.from_arrow(list(blocks))
        data.context.execution_options.preserve_order = True
        data.context.enable_progress_bars = False
        pool = ray.data.ActorPoolStrategy(
            min_size=settings.least_workers,
            max_size=settings.workers,
            # One block waits beside the one in work; more would wait for one process while another
            # is idle.
            max_tasks_in_flight_per_actor=2,
        )
        return data.map_batches(
            OpenedWork,
            fn_constructor_args=(self.work,),
            batch_size=None,
            batch_format="pyarrow",
            compute=pool,
            num_cpus=settings.cpus_per_worker,
            num_gpus=settings.gpus_per_worker or None,
        )


class OpenedWork:
    """One process's work, opened once: what Ray Data calls with each block."""

    def __init__(self, work: BlockWork) -> None:
        import ray

        context = ray.get_runtime_context()
        state = _RESTARTED if context.was_current_actor_reconstructed else "first"
        self._name = f"{context.get_actor_id()}/{os.getpid()}/{state}"
        self._worker = work.open()

    def __call__(self, block: pa.Table) -> pa.Table:
        """Works on one block, and signs its rows."""
        try:
            made = self._worker(block)
        except UserError as error:
            from ray import cloudpickle

            return pa.table({_ERROR: [bytes(cloudpickle.dumps(error))]})
        return made.append_column(_WORKER, pa.array([self._name] * len(made), pa.string()))


def _unpacked(content: bytes) -> UserError:
    """Reads an error that a process of this cluster sent, as Ray reads all that they send."""
    from ray import cloudpickle

    error: UserError = cloudpickle.loads(content)
    return error


@contextmanager
def _errors_of_work(name: str) -> Iterator[None]:
    """Says in a line what Ray says in many."""
    from ray.exceptions import RayError

    try:
        yield
    except RayError as error:
        raise LostWorkError(name, last_line(str(error))) from error
