"""Heavy work in this process: the default."""

import time
from collections import deque
from collections.abc import Iterator, MutableSequence, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import pyarrow as pa

from hansol_assets.compute.protocol import (
    ALONE,
    BlockWork,
    GroupWork,
    Told,
    Worker,
)
from hansol_assets.compute.told import WorkDone
from hansol_assets.lake.reports import Log

REMEMBERED = 10_000
"""Pieces of work: a page that is served for weeks is never asked what it did."""


@dataclass
class LocalWorkers:
    """This process, with the work opened once.

    Attributes:
        done: Is told when the blocks are through.
    """

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


class LocalCompute:
    """Work in this process.

    Attributes:
        done: What was done, the oldest first.
    """

    def __init__(self) -> None:
        self.done: MutableSequence[WorkDone] = deque(maxlen=REMEMBERED)

    @property
    def place(self) -> str:
        """Where work runs, for a person."""
        return "this process"

    def workers(self, work: BlockWork) -> LocalWorkers:
        """Returns this process; the work is opened with the first block."""
        return LocalWorkers(work, self.done)

    def together(self, work: GroupWork[Told], send: Log) -> Told:
        """Runs the work in this process alone."""
        started = time.monotonic()
        result = work.run(replace(ALONE, send=send))
        self.done.append(WorkDone(work.name, work.rows, time.monotonic() - started, 1))
        return result
