"""A file's cells as its format gives them, before anything is known of their meaning."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import isnan
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.column_names import clean_name
from hansol_assets.qa.table.repairs import INVISIBLE
from hansol_assets.qa.table.violations import LINE, Violation, listed

IsHeader = Callable[[Sequence[str]], bool]
"""Whether a row of clean names is the header of the table that is looked for."""

Column: TypeAlias = Sequence[Any] | pa.ChunkedArray
"""The cells of a column: Arrow's strings, none of them null, where all are text, or Python objects.
"""

TITLE_ROWS = 10
"""Rows at the top in which the header is looked for: exports put a title above it."""

_AROUND = ' \t"\ufeff'
"""What may stand around a name: a byte order mark keeps a quote behind it from being one."""
_BLANK = rf"^[\s\p{{Z}}{INVISIBLE}]*$"
_LAST_ROWS = 3
"""Rows at the end in which totals are looked for."""
_TOTAL = re.compile(
    r"(?:총|소|누|합)?\s*(?:합\s*)?계|평균|(?:grand |sub)?total|sum|총\s*[\d,]+\s*(?:건|개|행)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[\d.,%\s-]*(?:건|개|원|행|명|점)?")
_GUIDE = re.compile(
    r"[※▶◆*].*|[(\[<]?(?:필수|선택|예시?|required|optional|e\.?g\.?|ex)\b.*|.*(?:입력|기재|작성)"
    r"(?:란|\s?바랍니다|\s?요망|하세요|\s?해\s?주세요|하십시오)?[.)\]>]*"
    r"|번호|순번|자동|숫자|문자|텍스트|text|string|int(?:eger)?|(?:var)?char(?:\(\d+\))?",
    re.IGNORECASE | re.DOTALL,
)


class SheetRow(int):
    """A row of one of several sheets, which says of which."""

    sheet: str

    def __new__(cls, row: int, sheet: str) -> "SheetRow":
        """Makes one."""
        made = super().__new__(cls, row)
        made.sheet = sheet
        return made

    def __str__(self) -> str:
        return f"{int(self)} of sheet {self.sheet}"

    def __format__(self, form: str) -> str:
        return format(str(self), form)


@dataclass(eq=False)
class RawTable:
    """The columns of a file.

    Attributes:
        form: "csv", "workbook", "json", "jsonl" or "parquet".
        header: Names as the file has them.
        columns: A column for each name; text, or what JSON and Parquet can hold.
        positions: Where each row stands in its file, from 1. The file may be read again for them,
            so look at them only to name a row.
        unit: What positions count, `LINE` or `ROW`.
        encoding: Of a text file; else empty. Likewise the separator and the sheets that were read.
        records: Which record of the file each row is from, from 1.
        blank_rows: Rows that hold nothing and were left out.
        violations: Rows that could not be read and are missing.
        notes: What a person should know of how the file was read, a sentence each.
        doubts: Cells that could not be read as a person sees them; shown beside violations only.
        repairs: Counts of mended names and cells by kind of repair.
    """

    form: str
    header: list[str]
    columns: list[Column]
    positions: Sequence[int]
    header_position: int = 1
    unit: str = LINE
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    records: Sequence[int] = ()
    blank_rows: int = 0
    violations: list[Violation] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    doubts: list[Violation] = field(default_factory=list)
    sha256: str = ""
    repairs: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        if not self.records:
            self.records = range(1, len(self.positions) + 1)

    @classmethod
    def of_columns(
        cls, form: str, columns: Mapping[str, Column], positions: Sequence[int], **fields: Any
    ) -> "RawTable":
        """Makes a table of named columns."""
        return cls(form, list(columns), list(columns.values()), positions, **fields)

    def column(self, name: str) -> Column:
        """The first column of a name."""
        return self.columns[self.header.index(name)]

    def cells(self, name: str) -> Sequence[Any]:
        """A column's cells as Python objects."""
        return cells_of(self.column(name))

    def named(self, rows: Sequence[int]) -> str:
        """Where some rows, counted from 0, stand in the file: "lines 2, 7"."""
        positions = listed([self.positions[row] for row in rows])
        return f"{self.unit}{'s' * (len(rows) > 1)} {positions}"

    def drop_rows(self, rows: Sequence[int] | np.ndarray) -> None:
        """Leaves out some rows, counted from 0."""
        rest: list[int] = np.delete(np.arange(len(self.positions)), rows).tolist()
        self.columns = [
            column.take(pa.array(rest, pa.int64()))
            if isinstance(column, pa.ChunkedArray)
            else [column[row] for row in rest]
            for column in self.columns
        ]
        self.positions = [self.positions[row] for row in rest]
        self.records = [self.records[row] for row in rest]


def cells_of(column: Column) -> Sequence[Any]:
    """The cells of a column as Python objects."""
    # Many times faster than to_pylist, which makes a scalar of each cell.
    return list(column.to_numpy()) if isinstance(column, pa.ChunkedArray) else column


def is_list(value: Any) -> bool:
    """Whether a cell holds several values."""
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def as_text(value: Any) -> str:
    """A cell as text: nothing is "", a whole number has no decimals, what is nested is JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "" if isnan(value) else str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, Mapping) or is_list(value):
        return json.dumps(value, ensure_ascii=False, default=str)
    return str(value)


class HeaderRow(NamedTuple):
    """Which of the first rows may be the header, from 0, and how many of its names are known."""

    row: int
    known: int


def best_header(rows: Sequence[Sequence[str]], is_header: IsHeader) -> HeaderRow:
    """The row with most known names, the first of equals; the first row where none has one."""
    candidates = [HeaderRow(0, 0)]
    for row, cells in enumerate(rows[:TITLE_ROWS]):
        names = [clean_name(cell) for cell in cells]
        if is_header(names):
            known = sum(is_header([name]) for name in dict.fromkeys(names) if name)
            candidates.append(HeaderRow(row, max(1, known)))
    return max(candidates, key=lambda one: one.known)


def drop_rows_of_no_data(table: RawTable) -> None:
    """Leaves out blank rows, the header again, a guide to the columns, and totals."""
    blank = _blank_rows(table)
    if len(blank):
        table.drop_rows(blank)
        table.blank_rows += len(blank)
    _drop_headers(table)
    count = len(table.positions)
    if table.form in ("csv", "workbook") and count > 1:
        if _is_guide(_filled_cells(table, 0)):
            _drop(table, [0], "a guide to the columns stands")
        count = len(table.positions)
        last = range(max(1, count - _LAST_ROWS), count)
        totals = [row for row in last if _is_total(_filled_cells(table, row))]
        _drop(table, totals, "a total stands")


def _blank_rows(table: RawTable) -> np.ndarray:
    """The rows, from 0, without a sign in any cell, as Excel saves them below a table."""
    if table.form != "csv" or not table.columns:
        return np.empty(0, np.int64)
    blank = np.arange(len(table.positions))
    for column in table.columns:
        cells = column.take(pa.array(blank)) if isinstance(column, pa.ChunkedArray) else column
        blank = blank[pc.match_substring_regex(cells, _BLANK).to_numpy()]
        if not len(blank):
            break
    return blank


def _is_guide(cells: Sequence[str]) -> bool:
    return bool(cells) and all(_GUIDE.fullmatch(cell) for cell in cells)


def _is_total(cells: Sequence[str]) -> bool:
    words = [cell for cell in cells if not _NUMBER.fullmatch(cell)]
    return len(words) == 1 and bool(_TOTAL.fullmatch(words[0].strip(": ")))


def _filled_cells(table: RawTable, row: int) -> list[str]:
    return [cell for cell in _bare_cells(table, row) if cell]


def _bare_cells(table: RawTable, row: int) -> list[str]:
    cells = (column[row] for column in table.columns)
    return [_bare(as_text(one.as_py() if isinstance(one, pa.Scalar) else one)) for one in cells]


def _bare(text: str) -> str:
    return clean_name(text).strip(_AROUND)


def _drop(table: RawTable, rows: Sequence[int], what: str) -> None:
    if rows:
        positions = listed([table.positions[row] for row in rows])
        table.notes.append(f"{what} on {table.unit} {positions}: left out")
        table.drop_rows(rows)


def _drop_headers(table: RawTable) -> None:
    """Leaves out the rows that say the header again; in another order it is a violation."""
    names = [_bare(name) for name in table.header]
    again = []
    for row, cells in _rows_of_names(table, set(names) - {""}):
        if cells == names:
            again.append(row)
        elif sorted(cells) == sorted(names):
            problem = "is a header again, with its columns in another order"
            remedy = "put the columns of all parts into one order"
            table.violations.append(
                Violation(table.positions[row], "", problem, remedy, table.unit)
            )
    _drop(table, again, "the header stands again")


def _rows_of_names(table: RawTable, names: set[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows, from 0, that begin with a name of a column, with their cells."""
    if not table.columns or not names:
        return
    first = table.columns[0]
    if isinstance(first, pa.ChunkedArray):
        begins = pc.is_in(pc.utf8_trim(first, _AROUND), value_set=pa.array(sorted(names)))
        rows = np.flatnonzero(begins.to_numpy()).tolist()
    else:
        rows = [row for row, cell in enumerate(first) if isinstance(cell, str)]
    for row in rows:
        cells = _bare_cells(table, row)
        if cells[0] in names:
            yield row, cells
