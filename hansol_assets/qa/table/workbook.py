"""Workbooks (XLSX, XLS, ODS): one sheet as columns.

What belongs here: which sheet is read, where its header stands, and what merged cells hold. What
does not: what the columns mean. Calamine reads it: it is many times faster than openpyxl and keeps
to the values of cells.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hansol_assets.qa.table.delimited import TITLE_ROWS
from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.source import IsHeader, Source
from hansol_assets.qa.table.violations import ROW, refusal

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook


def read_workbook(path: Path, data: bytes, sheet: str | None, is_header: IsHeader) -> Source:
    """Reads a sheet of a workbook.

    Args:
        path: The file, for messages.
        data: Its bytes.
        sheet: The sheet's name; None: the first one, but for sheets before it without a header.
        is_header: Tells the header from the title above it.

    Raises:
        ContractError: The workbook cannot be opened, or has no such sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = workbook.sheet_names
        if not names:
            raise refusal(path, "is a workbook without sheets", "put the table on a sheet")
        if sheet is not None and sheet not in names:
            problem = f"has no sheet {sheet!r}; its sheets are {', '.join(names)}"
            raise refusal(path, problem, "set table.sheet to one of them, or to null")
        chosen, found = _chosen(workbook, [sheet] if sheet else names, is_header)
    except CalamineError as error:
        problem = f"is no workbook that can be opened ({error}): it is damaged, or has a password"
        raise refusal(path, problem, "save it as XLSX without a password, or as CSV") from error
    source = _source(found, is_header)
    source.sheet = chosen
    others = [name for name in names if name != chosen]
    if others:
        source.notes.append(f"sheet {chosen} was read; not {', '.join(others)}")
    return source


def _chosen(
    workbook: "CalamineWorkbook", names: Sequence[str], is_header: IsHeader
) -> tuple[str, "_Sheet"]:
    """The first of some sheets that has a header; the first one where none has."""
    first = None
    for name in names:
        found = _Sheet.of(workbook.get_sheet_by_name(name))
        if found.header_place(is_header) is not None:
            return name, found
        first = first or (name, found)
    if first is None:
        msg = "a workbook has one sheet at least"
        raise AssertionError(msg)
    return first


@dataclass(frozen=True)
class _Sheet:
    """The rows of a sheet, every one of merged cells with their value.

    Attributes:
        filled: Place (from 1) and cells of each row that holds something.
        count: All rows.
        spread: Places (row from 1, column from 0) of cells merged with the one to their left, and
            of that one.
    """

    filled: list[tuple[int, list[Any]]]
    count: int
    spread: frozenset[tuple[int, int]]

    @classmethod
    def of(cls, sheet: "CalamineSheet") -> "_Sheet":
        rows: list[list[Any]] = [*map(list, sheet.to_python(skip_empty_area=False))]
        spread: set[tuple[int, int]] = set()
        for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
            value = rows[top][left] if top < len(rows) else None
            for place in range(top, min(bottom + 1, len(rows))):
                rows[place][left : right + 1] = [value] * len(rows[place][left : right + 1])
                if right > left:
                    spread.update((place + 1, column) for column in range(left, right + 1))
        filled = [(place, row) for place, row in enumerate(rows, start=1) if any(map(_holds, row))]
        return cls(filled, len(rows), frozenset(spread))

    def header_place(self, is_header: IsHeader) -> int | None:
        """Which of the filled rows is the header; None where none is."""
        head = ([clean_name(as_text(cell)) for cell in row] for _, row in self.filled[:TITLE_ROWS])
        return next((place for place, names in enumerate(head) if is_header(names)), None)

    def names(self, place: int) -> list[str]:
        """The names in a filled row; one that is spread over several columns is numbered."""
        line, row = self.filled[place]
        names, number = [], 0
        for column, cell in enumerate(row):
            is_same = column > 0 and cell == row[column - 1]
            number = number + 1 if (line, column) in self.spread and is_same else 1
            name = as_text(cell)
            names.append(f"{name}_{number}" if (line, column) in self.spread else name)
        return names

    def is_second_header(self, place: int) -> bool:
        """Whether a filled row only says more of the columns that one name is spread over."""
        if not 0 < place < len(self.filled):
            return False
        (line, header), (_, row) = self.filled[place - 1], self.filled[place]
        spread = [(line, column) in self.spread for column in range(len(row))]
        return any(spread) and all(
            is_spread or not _holds(cell) or cell == name
            for is_spread, cell, name in zip(spread, row, header, strict=True)
        )


def _source(sheet: _Sheet, is_header: IsHeader) -> Source:
    source = Source("workbook", [], [], [], unit=ROW, blank_rows=sheet.count - len(sheet.filled))
    if not sheet.filled:
        return source
    header = sheet.header_place(is_header) or 0
    source.header, source.header_place = sheet.names(header), sheet.filled[header][0]
    if header:
        said = "1 row stands" if header == 1 else f"{header} rows stand"
        source.notes.append(
            f"{said} above the header and {'is' if header == 1 else 'are'} left out"
        )
    data = sheet.filled[header + 1 + sheet.is_second_header(header + 1) :]
    source.places = [place for place, _ in data]
    source.records = range(1, len(data) + 1)
    source.columns = [
        [as_text(row[place]) for _, row in data] for place in range(len(source.header))
    ]
    return source


def _holds(cell: Any) -> bool:
    return cell is not None and cell != ""
