"""What is told of heavy work once it is done; nothing of it is part of a result."""

from collections.abc import Sequence
from dataclasses import dataclass


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
        """One line for a log."""
        again = f", {self.retries} started again" if self.retries else ""
        shown = f", dashboard {self.dashboard}" if self.dashboard else ""
        return (
            f"{self.name}: {self.rows} rows in {self.seconds:.1f} s, {self.rows_per_second:.3g} "
            f"rows/s, {self.workers} workers{again}{shown}"
        )


def summary(done: Sequence[WorkDone]) -> dict[str, float | str]:
    """Gathers what one asset's work was told of, as figures by name.

    `done`: any number of pieces of work; those of one name count together.
    """
    figures: dict[str, float | str] = {}
    for name in dict.fromkeys(one.name for one in done):
        own = [one for one in done if one.name == name]
        all_of_it = WorkDone(
            name,
            rows=sum(one.rows for one in own),
            seconds=sum(one.seconds for one in own),
            workers=max(one.workers for one in own),
            retries=sum(one.retries for one in own),
        )
        figures |= {
            f"{name}_rows": all_of_it.rows,
            f"{name}_rows_per_second": round(all_of_it.rows_per_second, 2),
            f"{name}_workers": all_of_it.workers,
            f"{name}_retries": all_of_it.retries,
        }
    dashboards = [one.dashboard for one in done if one.dashboard]
    return figures | ({"ray_dashboard": dashboards[-1]} if dashboards else {})
