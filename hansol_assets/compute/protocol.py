"""What heavy work is, and what runs it."""

from collections.abc import Callable, Iterator, Mapping, MutableSequence, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import pyarrow as pa

from hansol_assets.compute.told import WorkDone
from hansol_assets.lake.reports import NO_FIGURES, Log

Result = TypeVar("Result", covariant=True)
Told = TypeVar("Told")

Worker = Callable[[pa.Table], pa.Table]
"""Works on one block; holds whatever was loaded for it."""


class BlockWork(Protocol):
    """Work on blocks of rows, which can be sent to another process.

    What is made of a block must depend on that block alone.
    """

    @property
    def name(self) -> str:
        """What the work is called in a log: embedding, generation."""

    @property
    def fewest_to_send(self) -> int:
        """Rows below which another process would need longer to start than this one to work."""

    def open(self) -> Worker:
        """Loads what is needed; called once in each process that works."""


@dataclass(frozen=True)
class Member:
    """One of the processes that do the same work together.

    Attributes:
        rank: Its number, from 0; the first writes and tells.
        sharding: How weights are divided among them: none, or fsdp.
        send: Takes lines for the run's log; those of the first alone arrive.
    """

    rank: int
    members: int
    sharding: str
    send: Log

    @property
    def is_first(self) -> bool:
        """Whether this process writes and tells."""
        return self.rank == 0


def silent(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    """Tells nobody."""


ALONE = Member(rank=0, members=1, sharding="none", send=silent)


class GroupWork(Protocol[Result]):
    """Work that several processes do together, which can be sent to them.

    It resumes from what it kept itself when a process is lost and the group starts again.
    """

    @property
    def name(self) -> str:
        """What the work is called in a log: training."""

    @property
    def rows(self) -> int:
        """Rows that all of them go through."""

    def may_have(self, members: int) -> bool:
        """Whether so many processes can do it and make the same."""

    def run(self, member: Member) -> Result:
        """Does one process's part; the first one's result counts."""


class Workers(Protocol):
    """Processes, or this one, that have opened some work."""

    def map(self, blocks: Sequence[pa.Table]) -> Iterator[pa.Table]:
        """Yields what is made of each block, in the order of the blocks.

        Nothing is lost with a process that dies: its block is given to another.
        """


class Compute(Protocol):
    """Where heavy work runs."""

    done: MutableSequence[WorkDone]

    @property
    def place(self) -> str:
        """Where that is, for a person."""

    def workers(self, work: BlockWork) -> Workers:
        """Returns what works on blocks; nothing is loaded before the first one."""

    def together(self, work: GroupWork[Told], send: Log) -> Told:
        """Runs work in a group of processes and returns what the first of them made."""
