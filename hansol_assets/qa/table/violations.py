"""What is wrong with an input file, said for a person."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hansol_assets.errors import UserError

_SHOWN = 20
_NAMED = 10

LINE = "line"
ROW = "row"
"""Where a file has no lines to count: a row of a sheet, a record of a JSON list or of Parquet."""


@dataclass(frozen=True)
class Violation:
    """One broken rule of the table contract, with its remedy.

    Attributes:
        row: Place in the file, from 1, as `unit` counts (`LINE` or `ROW`); None: the whole file.
        column: Name of the column; empty where no single column is at fault.
    """

    row: int | None
    column: str
    problem: str
    remedy: str
    unit: str = LINE

    def __str__(self) -> str:
        line = "file" if self.row is None else f"{self.unit} {self.row}"
        place = f"{line}, column {self.column}" if self.column else line
        return f"{place}: {self.problem}; {self.remedy}"


class ContractError(UserError, ValueError):
    """An input file breaks the table contract; its violations by line, the whole file's first."""

    def __init__(self, path: Path, violations: Iterable[Violation]) -> None:
        self.path = path
        self.violations = tuple(sorted(violations, key=lambda violation: violation.row or 0))
        super().__init__(path, self.violations)

    def __str__(self) -> str:
        count = len(self.violations)
        lines = [f"{self.path}: {count} violation{'s' * (count != 1)} of the table contract"]
        lines += [f"  - {violation}" for violation in self.violations[:_SHOWN]]
        if count > _SHOWN:
            lines.append(f"  … and {count - _SHOWN} more")
        lines.append("Nothing was taken from this file.")
        return "\n".join(lines)


def refusal(path: Path, problem: str, remedy: str) -> ContractError:
    """Returns the error of a file that is refused as a whole."""
    return ContractError(path, [Violation(None, "", problem, remedy)])


def listed(items: Sequence[object], most: int = _NAMED) -> str:
    """The first of some items, and how many more there are: "2, 7 and 3 more"."""
    more = f" and {len(items) - most} more" if len(items) > most else ""
    return ", ".join(map(str, items[:most])) + more
