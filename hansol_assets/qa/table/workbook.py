"""Workbooks (XLSX, XLS, ODS): which sheets are read, where their header stands, merged cells.

Calamine reads the values of cells; what they show beyond that is in `sheet_details`.
"""

import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hansol_assets.qa.table.column_names import clean_name
from hansol_assets.qa.table.raw_table import (
    TITLE_ROWS,
    HeaderRow,
    IsHeader,
    RawTable,
    SheetRow,
    best_header,
)
from hansol_assets.qa.table.repairs import nfc, strip_outer
from hansol_assets.qa.table.sheet_details import (
    Detailer,
    Details,
    Place,
    is_cut,
    is_text,
    open_carefully,
    shown,
)
from hansol_assets.qa.table.violations import ROW, Violation, listed, refusal
from hansol_assets.qa.table.workbook_parts import with_usual_parts

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook


def read_workbook(path: Path, data: bytes, sheet: str | None, is_header: IsHeader) -> RawTable:
    """Reads the table of a workbook.

    Without the name of a sheet it is the one whose header has most known names, and those behind it
    with the same columns, unless they hold a row of it again. Hidden ones are read last.

    Raises:
        ContractError: The workbook cannot be opened, or has no such sheet.
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    data = with_usual_parts(data)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        names = workbook.sheet_names
        if not names:
            raise refusal(path, "is a workbook without sheets", "put the table on a sheet")
        if sheet is not None:
            sheet = next((name for name in names if nfc(name) == nfc(sheet)), sheet)
        if sheet is not None and sheet not in names:
            problem = f"has no sheet {sheet!r}; its sheets are {', '.join(names)}"
            raise refusal(path, problem, "set table.sheet to one of them, or to null")
        hidden = {
            one.name for one in workbook.sheets_metadata if one.visible != SheetVisibleEnum.Visible
        }
        seen = [name for name in names if name not in hidden] or names
        details = Detailer(data)
        pages = {
            name: _page(workbook, data, name, details) for name in ([sheet] if sheet else seen)
        }
    except CalamineError as error:
        problem = f"is no workbook that can be opened ({error}): it is damaged, or has a password"
        raise refusal(path, problem, "save it as XLSX without a password, or as CSV") from error
    read = _chosen(pages, is_header)
    table = _joined({name: pages[name].table(is_header) for name in read}, pages)
    others = [f"{name} (hidden)" if name in hidden else name for name in names if name not in read]
    if others:
        verb = "sheet {} was" if len(read) == 1 else "sheets {} were"
        table.notes.insert(0, f"{verb.format(', '.join(read))} read; not {', '.join(others)}")
    return table


def _page(workbook: "CalamineWorkbook", data: bytes, name: str, details: Detailer) -> "_Page":
    """A sheet's rows; openpyxl reads one with a cell that Calamine does not know (`#SPILL!`)."""
    from python_calamine import CalamineError

    try:
        sheet = workbook.get_sheet_by_name(name)
        rows: list[list[Any]] = [*map(list, sheet.to_python(skip_empty_area=False))]
        merged: Collection[Any] = sheet.merged_cell_ranges or ()
    except CalamineError as error:
        if "Unsupported cell error value" not in str(error):
            raise
        try:
            rows, merged = open_carefully(data, name)
        except Exception:
            raise error from None
    return _Page.of(rows, merged, details.of(name, rows))


def _chosen(pages: dict[str, "_Page"], is_header: IsHeader) -> list[str]:
    """The sheet with the best header, and those behind it that go on with its table."""
    names = list(pages)
    headers = {name: page.header(is_header) for name, page in pages.items()}
    best = max(names, key=lambda name: headers[name].known)
    columns = pages[best].clean_names(headers[best].row)
    alike = [
        name
        for name in names[names.index(best) + 1 :]
        if headers[name].known and pages[name].clean_names(headers[name].row) == columns
    ]
    read, seen = [best], pages[best].keys(headers[best].row) if alike else set()
    for name in alike:
        rows = pages[name].keys(headers[name].row)
        if rows and seen.isdisjoint(rows):
            read.append(name)
            seen |= rows
    return read


def _joined(tables: dict[str, RawTable], pages: dict[str, "_Page"]) -> RawTable:
    first = next(iter(tables.values()))
    first.sheet = ", ".join(tables)
    for sheet in tables:
        pages[sheet].add_notes(first, f" of sheet {sheet}" if len(tables) > 1 else "")
    if len(tables) == 1:
        return first
    first.positions = [
        SheetRow(row, sheet) for sheet, table in tables.items() for row in table.positions
    ]
    names = [*map(str, range(len(first.header)))]
    parts = [pa.Table.from_arrays(table.columns, names) for table in tables.values()]
    first.columns = pa.concat_tables(parts).columns
    first.records = range(1, len(first.positions) + 1)
    first.blank_rows = sum(table.blank_rows for table in tables.values())
    first.notes.append(f"sheets {first.sheet} have the same columns and are read as one table")
    return first


@dataclass(frozen=True)
class _Page:
    """The rows of a sheet, every one of merged cells with their value, as they are shown.

    Attributes:
        filled: Number (from 1) and cells of each row that holds something.
        count: All rows.
        spread: Places (row from 1, column from 0) of cells that are merged with a neighbour in
            their row.
        doubts: What could not be read as a person sees it, and in which cells.
    """

    filled: list[tuple[int, list[Any]]]
    count: int
    spread: frozenset[Place]
    doubts: dict[tuple[str, str], list[str]]
    hidden: list[str]

    @classmethod
    def of(cls, rows: list[list[Any]], merged: Collection[Any], details: Details) -> "_Page":
        doubts = dict(_doubts(rows, details))
        _show(rows, details)
        spread: set[Place] = set()
        for (top, left), (bottom, right) in merged:
            value = rows[top][left] if top < len(rows) else None
            for row in range(top, min(bottom + 1, len(rows))):
                rows[row][left : right + 1] = [value] * len(rows[row][left : right + 1])
                if right > left:
                    spread.update((row + 1, column) for column in range(left, right + 1))
        numbered = enumerate(rows, start=1)
        filled = [(row, cells) for row, cells in numbered if any(map(_holds, cells))]
        return cls(filled, len(rows), frozenset(spread), doubts, details.hidden)

    def header(self, is_header: IsHeader) -> HeaderRow:
        return best_header(
            [list(map(shown, row)) for _, row in self.filled[:TITLE_ROWS]], is_header
        )

    def clean_names(self, index: int) -> list[str]:
        return [clean_name(name) for name in self.names(index)] if self.filled else []

    def keys(self, index: int) -> set[tuple[str, ...]]:
        return {tuple(map(shown, row)) for _, row in self.filled[index + 1 :]}

    def names(self, index: int) -> list[str]:
        """The names in a filled row; one that is spread over several columns is numbered."""
        row, cells = self.filled[index]
        names, number = [], 0
        for column, cell in enumerate(cells):
            is_same = column > 0 and cell == cells[column - 1]
            number = number + 1 if (row, column) in self.spread and is_same else 1
            name = shown(cell)
            names.append(f"{name}_{number}" if (row, column) in self.spread else name)
        return names

    def is_second_header(self, index: int) -> bool:
        """Whether a filled row only says more of the columns that one name is spread over."""
        if not 0 < index < len(self.filled):
            return False
        (row, header), (_, cells) = self.filled[index - 1], self.filled[index]
        spread = [(row, column) in self.spread for column in range(len(cells))]
        return any(spread) and all(
            is_spread or not _holds(cell) or cell == name
            for is_spread, cell, name in zip(spread, cells, header, strict=True)
        )

    def table(self, is_header: IsHeader) -> RawTable:
        table = RawTable("workbook", [], [], [], unit=ROW, blank_rows=self.count - len(self.filled))
        if not self.filled:
            return table
        header = self.header(is_header).row
        table.header, table.header_position = self.names(header), self.filled[header][0]
        if header:
            stand, are = ("1 row stands", "is") if header == 1 else (f"{header} rows stand", "are")
            table.notes.append(f"{stand} above the header and {are} left out")
        data = self.filled[header + 1 + self.is_second_header(header + 1) :]
        table.positions = [row for row, _ in data]
        table.records = range(1, len(data) + 1)
        rows = [cells for _, cells in data]
        table.columns = [_taken(rows, column) for column in range(len(table.header))]
        return table

    def add_notes(self, table: RawTable, where: str) -> None:
        for (problem, remedy), cells in self.doubts.items():
            note = f"{listed(cells)}{where}: {problem}"
            table.notes.append(note)
            table.doubts.append(Violation(None, "", note, remedy))
        if self.hidden:
            table.notes.append(f"{listed(self.hidden)}{where}: hidden, and read as others")


def _taken(rows: Sequence[list[Any]], column: int) -> pa.ChunkedArray:
    """A column as texts. Its cells are let go of: each has a copy of its text beside Arrow's."""
    texts = [cell if isinstance(cell := row[column], str) else shown(cell) for row in rows]
    for row in rows:
        row[column] = None
    return pa.chunked_array([texts], pa.string())


def _doubts(
    rows: Sequence[Sequence[Any]], details: Details
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    from openpyxl.utils import get_column_letter

    def is_empty(place: Place) -> bool:
        row, column = place
        return row > len(rows) or rows[row - 1][column - 1 : column] in ([""], [])

    def typed(test: Callable[[Any], bool]) -> Iterator[Place]:
        for row, cells in enumerate(() if is_text(rows) else rows, start=1):
            for column, cell in enumerate(cells, start=1):
                if not isinstance(cell, str) and test(cell):
                    yield row, column

    is_known = details.is_known and not details.unread
    unstyled = () if is_known else typed(lambda cell: not (type(cell) is float and cell % 1 == 0))
    kinds = {
        ("a formula without a value, taken for empty",
         "open the file in a spreadsheet and save it, so that it is calculated"):
            [place for place in details.formulas if is_empty(place)],
        ("an error of the sheet, taken for empty", "mend the formula"): details.errors,
        ("struck out, and left out", "take the line through it away, or delete the row"):
            details.struck,
        ("in a part struck out, which is left out", "take the line through it away"): details.whole,
        ("a number of more digits than a sheet keeps, so that its last ones are lost",
         "write it as a text"): [*typed(is_cut)],
        ("a number or a date, read by its value and not as the sheet shows it",
         "open the workbook in a spreadsheet and save it as XLSX"):
            details.unstyled.union(unstyled),
    }  # fmt: skip
    for message, places in kinds.items():
        if places:
            yield message, [f"{get_column_letter(column)}{row}" for row, column in sorted(places)]
    if details.unread:
        problem = f"not known, since the file cannot be read for it ({details.unread})"
        remedy = "open the workbook in a spreadsheet and save it as XLSX"
        yield (problem, remedy), ["formats, formulas, hidden rows and what is struck out"]


def _show(rows: list[list[Any]], details: Details) -> None:
    for (row, column), code in details.formats.items():
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = shown(rows[row - 1][column - 1], code)
    for row, column in details.errors | details.struck:
        if row <= len(rows) and column <= len(rows[row - 1]):
            rows[row - 1][column - 1] = ""
    for (row, column), text in details.whole.items():
        rows[row - 1][column - 1] = text


def _holds(cell: Any) -> bool:
    if not isinstance(cell, str):
        return cell is not None
    return cell[:1].isalnum() or bool(strip_outer(cell))
