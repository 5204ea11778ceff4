"""A file's cells as its format gives them, before anything is known of their meaning.

What belongs here: the one form that every reader returns. What does not: reading
(`hansol_assets.qa.table.delimited` and its siblings) and meaning
(`hansol_assets.qa.table.mapping`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from hansol_assets.qa.table.violations import LINE, Violation

IsHeader = Callable[[Sequence[str]], bool]
"""Whether a row of clean names is the header of the table that is wanted."""

_NAMED = 10
"""Places that are named at most."""

Column: TypeAlias = Sequence[Any] | pa.ChunkedArray
"""The cells of a column: Arrow's strings, none of them null, where all are text, or Python objects.
"""


def cells_of(column: Column) -> Sequence[Any]:
    """The cells of a column as Python objects."""
    # Many times faster than to_pylist, which makes a scalar of each cell.
    return list(column.to_numpy()) if isinstance(column, pa.ChunkedArray) else column


class SheetRow(int):
    """A row of one of several sheets, which says of which."""

    sheet: str

    def __new__(cls, row: int, sheet: str) -> "SheetRow":
        """Makes one."""
        made = super().__new__(cls, row)
        made.sheet = sheet
        return made

    def __eq__(self, other: object) -> bool:
        """Whether it is the same row of the same sheet."""
        return int(self) == other and self.sheet == getattr(other, "sheet", None)

    def __ne__(self, other: object) -> bool:
        """Whether it is another row, or of another sheet."""
        return not self == other

    def __hash__(self) -> int:
        """As equality asks for."""
        return hash((int(self), self.sheet))

    def __str__(self) -> str:
        """The row and its sheet."""
        return f"{int(self)} of sheet {self.sheet}"

    def __format__(self, form: str) -> str:
        """As `str`: a message shows the sheet, too."""
        return format(str(self), form)


@dataclass(eq=False)
class Source:
    """The columns of a file.

    Attributes:
        form: "csv", "workbook", "json", "jsonl" or "parquet".
        header: Names as the file has them.
        columns: The cells of each column, one for each name; text, or what JSON and Parquet can
            hold.
        places: Where each row stands in its file, from 1: its line, or its row. It may be read
            again for them, so they are looked at where a row is to be named only.
        header_place: Where the header stands.
        unit: What places count, `LINE` or `ROW`.
        encoding: Of a text file; else empty.
        separator: Of a delimited file; else empty.
        sheet: Of a workbook, the sheets that were read; else empty.
        records: Which record of the file each row is from, from 1.
        blank_rows: Rows that hold nothing and were left out.
        violations: Rows that could not be read and are missing.
        notes: What a person should know of how the file was read, a sentence each.
        doubts: Cells that could not be read as a person sees them: told with what is wrong, where
            anything is.
    """

    form: str
    header: list[str]
    columns: list[Column]
    places: Sequence[int]
    header_place: int = 1
    unit: str = LINE
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    records: Sequence[int] = ()
    blank_rows: int = 0
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[Violation] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.records:
            self.records = range(1, len(self.places) + 1)

    @classmethod
    def of_columns(
        cls, form: str, columns: Mapping[str, Column], places: Sequence[int], **known: Any
    ) -> "Source":
        """Makes a source of named columns."""
        return cls(form, list(columns), list(columns.values()), places, **known)

    def named(self, rows: Sequence[int]) -> str:
        """Where some rows stand in the file: "lines 2, 7".

        Args:
            rows: Which ones, from 0.
        """
        places = ", ".join(str(self.places[row]) for row in rows[:_NAMED])
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        return f"{self.unit}{'s' * (len(rows) > 1)} {places}{more}"

    def without_rows(self, places: Sequence[int] | np.ndarray) -> None:
        """Leaves out some rows.

        Args:
            places: Which ones, from 0.
        """
        kept: list[int] = np.delete(np.arange(len(self.places)), places).tolist()
        self.columns = [
            column.take(pa.array(kept, pa.int64()))
            if isinstance(column, pa.ChunkedArray)
            else [column[place] for place in kept]
            for column in self.columns
        ]
        self.places = [self.places[place] for place in kept]
        self.records = [self.records[place] for place in kept]
