"""What heavy work is, what is logged of it, and how one bad row is isolated from its block."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, TypeVar

import pyarrow as pa

from hansol_assets.errors import UserError
from hansol_assets.lake.reports import NO_FIGURES, Log


@dataclass(frozen=True)
class WorkDone:
    """One piece of work that is done.

    Attributes:
        rows: Rows, or examples, that it went through.
        retries: Blocks, or groups, that were started again after a process was lost.
        dashboard: Address of the cluster's dashboard; empty on this machine.
    """

    name: str
    rows: int
    seconds: float
    workers: int
    retries: int = 0
    dashboard: str = ""

    @property
    def rows_per_second(self) -> float:
        """How fast it went."""
        return self.rows / max(self.seconds, 1e-9)

    def __str__(self) -> str:
        again = f", {self.retries} started again" if self.retries else ""
        shown = f", dashboard {self.dashboard}" if self.dashboard else ""
        return (
            f"{self.name}: {self.rows} rows in {self.seconds:.1f} s, {self.rows_per_second:.3g} "
            f"rows/s, {self.workers} workers{again}{shown}"
        )


def summary(done: Sequence[WorkDone]) -> dict[str, float | str]:
    """Gathers the work of one asset as figures by name."""
    figures: dict[str, float | str] = {}
    for name in dict.fromkeys(one.name for one in done):
        pieces = [one for one in done if one.name == name]
        rows, seconds = (sum(one.rows for one in pieces), sum(one.seconds for one in pieces))
        figures |= {
            f"{name}_rows": rows,
            f"{name}_rows_per_second": round(rows / max(seconds, 1e-9), 2),
            f"{name}_workers": max(one.workers for one in pieces),
            f"{name}_retries": sum(one.retries for one in pieces),
        }
    dashboards = [one.dashboard for one in done if one.dashboard]
    return figures | ({"ray_dashboard": dashboards[-1]} if dashboards else {})


Row = TypeVar("Row")
Made = TypeVar("Made")


class RowOutcome(NamedTuple, Generic[Made]):
    """What was made of a row, or the problem for which nothing could be."""

    made: Made | None
    problem: str | None


def isolate_errors(
    work: Callable[[list[Row]], Sequence[Made]], rows: Sequence[Row]
) -> list[RowOutcome[Made]]:
    """Works on rows together and, where that fails, on each alone; makes one thing of each.

    Raises:
        UserError: The work cannot go on, as with an outgrown memory.
        Exception: No row of several could be worked on, so it is the work that fails.
    """
    try:
        return [RowOutcome(made, None) for made in work(list(rows))]
    except UserError:
        raise
    except Exception:
        alone = [_alone(work, row) for row in rows]
        if len(rows) > 1 and all(outcome.problem for outcome in alone):
            raise
        return alone


def _alone(work: Callable[[list[Row]], Sequence[Made]], row: Row) -> RowOutcome[Made]:
    try:
        (made,) = work([row])
    except UserError:
        raise
    except Exception as error:
        return RowOutcome(None, f"{type(error).__name__}: {error}")
    return RowOutcome(made, None)


Result = TypeVar("Result", covariant=True)
Value = TypeVar("Value")

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
        rank: Its number, from 0; the first writes, and its lines alone arrive in the run's log.
    """

    rank: int
    members: int
    send: Log

    @property
    def is_first(self) -> bool:
        """Whether this process writes and logs."""
        return self.rank == 0


def silent(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
    """Logs nothing."""


ALONE = Member(rank=0, members=1, send=silent)


class GroupWork(Protocol[Result]):
    """Work that several processes do together, which can be sent to them.

    It resumes from its checkpoints when a process is lost and the group starts again.
    """

    @property
    def name(self) -> str:
        """What the work is called in a log: training."""

    @property
    def rows(self) -> int:
        """Rows that all of them go through."""

    def can_use(self, members: int) -> bool:
        """Whether so many processes can do it and make the same."""

    def run(self, member: Member) -> Result:
        """Does one process's part; the first one's result counts."""
