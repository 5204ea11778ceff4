"""Where the heavy work of this process runs: in it, unless a run says otherwise."""

import time
from collections import deque
from collections.abc import Iterator, MutableSequence, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pyarrow as pa

from hansol_assets.compute.cluster import ClusterSettings, Kind
from hansol_assets.compute.protocol import (
    ALONE,
    BlockWork,
    GroupWork,
    Value,
    WorkDone,
    Worker,
)
from hansol_assets.lake.reports import Log

REMEMBERED = 10_000
"""Records that are kept: a page that is served for weeks would collect them without end."""


@dataclass
class Workers:
    """This process, with the work opened once; `done` gets a record when blocks are through."""

    work: BlockWork
    done: MutableSequence[WorkDone]

    @cached_property
    def _worker(self) -> Worker:
        return self.work.open()

    def map(self, blocks: Sequence[pa.Table]) -> Iterator[pa.Table]:
        """Yields what is made of each block, in their order."""
        started, rows = time.monotonic(), 0
        for block in blocks:
            yield self._worker(block)
            rows += len(block)
        if rows:
            self.done.append(WorkDone(self.work.name, rows, time.monotonic() - started, 1))


class Compute:
    """Where heavy work runs: in this process; `done` is what was done, the oldest first."""

    def __init__(self) -> None:
        self.done: MutableSequence[WorkDone] = deque(maxlen=REMEMBERED)

    @property
    def description(self) -> str:
        """Where work runs, for a person."""
        return "this process"

    def workers(self, work: BlockWork) -> Workers:
        """Returns what works on blocks; nothing is loaded before the first one."""
        return Workers(work, self.done)

    def together(self, work: GroupWork[Value], send: Log) -> Value:
        """Runs work in a group of processes and returns what the first of them made."""
        started = time.monotonic()
        result = work.run(replace(ALONE, send=send))
        self.done.append(WorkDone(work.name, work.rows, time.monotonic() - started, 1))
        return result


_used = [Compute()]


def current() -> Compute:
    """Returns the compute that is in use."""
    return _used[-1]


@contextmanager
def computing_on(kind: Kind, settings: ClusterSettings, shared: Path) -> Iterator[Compute]:
    """Lets this process's heavy work run elsewhere for a while.

    Raises:
        ClusterError: The cluster that `RAY_ADDRESS` names cannot be used.
    """
    if kind == "local":
        with _using(Compute()) as compute:
            yield compute
        return
    from hansol_assets.compute.ray_compute import ray_compute

    with ray_compute(settings, shared) as cluster, _using(cluster) as compute:
        yield compute


@contextmanager
def _using(compute: Compute) -> Iterator[Compute]:
    _used.append(compute)
    try:
        yield compute
    finally:
        _used.remove(compute)


def take_done() -> list[WorkDone]:
    """Returns what was done since this was asked last."""
    done = current().done
    taken = list(done)
    done.clear()
    return taken
