"""Workbooks (XLSX, XLS, ODS): their sheets as columns.

What belongs here: which sheets are read, where their header stands, and what merged cells hold.
What does not: what the columns mean. Calamine reads it: it is many times faster than openpyxl, and
keeps to the values of cells; what they show beyond that is `hansol_assets.qa.table.sheet_details`.
"""

import io
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from hansol_assets.qa.table.header_places import TITLE_ROWS, HeaderPlace, best_header
from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.repairs import nfc, strip_outer
from hansol_assets.qa.table.sheet_details import Detailer, is_cut, is_text, open_carefully, shown
from hansol_assets.qa.table.sheet_scan import Details, Place
from hansol_assets.qa.table.source import IsHeader, SheetRow, Source
from hansol_assets.qa.table.violations import ROW, Violation, refusal
from hansol_assets.qa.table.workbook_parts import with_usual_parts

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_NAMED = 10


def read_workbook(path: Path, data: bytes, sheet: str | None, is_header: IsHeader) -> Source:
    """Reads the table of a workbook.

    It is the sheet whose header has most known names, and those behind it with the same columns,
    unless they hold a row of it again. A hidden sheet is read where no other has a header.

    Args:
        path: The file, for messages.
        data: Its bytes.
        sheet: The sheet's name; None: as above.
        is_header: Tells the header from the title above it.

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
    source = _joined({name: pages[name].table(is_header) for name in read}, pages)
    others = [f"{name} (hidden)" if name in hidden else name for name in names if name not in read]
    if others:
        word = "sheet" if len(read) == 1 else "sheets"
        verb = "was" if len(read) == 1 else "were"
        source.notes.insert(0, f"{word} {', '.join(read)} {verb} read; not {', '.join(others)}")
    return source


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
    worths = {name: page.header(is_header) for name, page in pages.items()}
    best = max(names, key=lambda name: worths[name].known)
    header = pages[best].clean_names(worths[best].place)
    like_it = [
        name
        for name in names[names.index(best) + 1 :]
        if worths[name].known and pages[name].clean_names(worths[name].place) == header
    ]
    read, known = [best], pages[best].keys(worths[best].place) if like_it else set()
    for name in like_it:
        rows = pages[name].keys(worths[name].place)
        if rows and known.isdisjoint(rows):
            read.append(name)
            known |= rows
    return read


def _joined(sources: dict[str, Source], pages: dict[str, "_Page"]) -> Source:
    """Several sheets of the same columns, one behind the other."""
    first = next(iter(sources.values()))
    first.sheet = ", ".join(sources)
    for own in sources:
        pages[own].tell(first, f" of sheet {own}" if len(sources) > 1 else "")
    if len(sources) == 1:
        return first
    first.places = [SheetRow(row, own) for own, source in sources.items() for row in source.places]
    places = [*map(str, range(len(first.header)))]
    tables = [pa.Table.from_arrays(source.columns, places) for source in sources.values()]
    first.columns = pa.concat_tables(tables).columns
    first.records = range(1, len(first.places) + 1)
    first.blank_rows = sum(source.blank_rows for source in sources.values())
    first.notes.append(f"sheets {first.sheet} have the same columns and are read as one table")
    return first


@dataclass(frozen=True)
class _Page:
    """The rows of a sheet, every one of merged cells with their value, as they are shown.

    Attributes:
        filled: Place (from 1) and cells of each row that holds something.
        count: All rows.
        spread: Places (row from 1, column from 0) of cells merged with the one to their left, and
            of that one.
        doubts: What could not be read as a person sees it, and in which cells.
        hidden: Rows and columns that are hidden.
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
            for place in range(top, min(bottom + 1, len(rows))):
                rows[place][left : right + 1] = [value] * len(rows[place][left : right + 1])
                if right > left:
                    spread.update((place + 1, column) for column in range(left, right + 1))
        filled = [(place, row) for place, row in enumerate(rows, start=1) if any(map(_holds, row))]
        return cls(filled, len(rows), frozenset(spread), doubts, details.hidden)

    def header(self, is_header: IsHeader) -> HeaderPlace:
        """Where among the filled rows the header stands, and how many of its names are known."""
        return best_header(
            [list(map(shown, row)) for _, row in self.filled[:TITLE_ROWS]], is_header
        )

    def clean_names(self, place: int) -> list[str]:
        """The names in a filled row, as they are compared."""
        return [clean_name(name) for name in self.names(place)] if self.filled else []

    def keys(self, place: int) -> set[tuple[str, ...]]:
        """The rows below the header, as they are compared."""
        return {tuple(map(shown, row)) for _, row in self.filled[place + 1 :]}

    def names(self, place: int) -> list[str]:
        """The names in a filled row; one that is spread over several columns is numbered."""
        line, row = self.filled[place]
        names, number = [], 0
        for column, cell in enumerate(row):
            is_same = column > 0 and cell == row[column - 1]
            number = number + 1 if (line, column) in self.spread and is_same else 1
            name = shown(cell)
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

    def table(self, is_header: IsHeader) -> Source:
        """The rows below the header as columns."""
        source = Source("workbook", [], [], [], unit=ROW, blank_rows=self.count - len(self.filled))
        if not self.filled:
            return source
        header = self.header(is_header).place
        source.header, source.header_place = self.names(header), self.filled[header][0]
        if header:
            said = "1 row stands" if header == 1 else f"{header} rows stand"
            source.notes.append(
                f"{said} above the header and {'is' if header == 1 else 'are'} left out"
            )
        data = self.filled[header + 1 + self.is_second_header(header + 1) :]
        source.places = [place for place, _ in data]
        source.records = range(1, len(data) + 1)
        rows = [row for _, row in data]
        source.columns = [_taken(rows, place) for place in range(len(source.header))]
        return source

    def tell(self, source: Source, where: str) -> None:
        """Adds to a source what could not be read as a person sees it."""
        for (problem, remedy), cells in self.doubts.items():
            said = f"{_listed(cells)}{where}: {problem}"
            source.notes.append(said)
            source.doubts.append(Violation(None, "", said, remedy))
        if self.hidden:
            source.notes.append(f"{_listed(self.hidden)}{where}: hidden, and read as others")


def _taken(rows: Sequence[list[Any]], place: int) -> pa.ChunkedArray:
    """A column as texts. Its cells are let go of: each has a copy of its text beside Arrow's."""
    texts = [cell if isinstance(cell := row[place], str) else shown(cell) for row in rows]
    for row in rows:
        row[place] = None
    return pa.chunked_array([texts], pa.string())


def _listed(items: Sequence[str]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(items[:_NAMED]) + more


def _doubts(
    rows: Sequence[Sequence[Any]], details: Details
) -> Iterator[tuple[tuple[str, str], list[str]]]:
    """What a person should know of single cells, with what to do about it."""
    from openpyxl.utils import get_column_letter

    def is_empty(place: Place) -> bool:
        row, column = place
        return row > len(rows) or rows[row - 1][column - 1 : column] in ([""], [])

    typed = () if is_text(rows) else rows
    cut = [
        (row, column)
        for row, cells in enumerate(typed, start=1)
        for column, cell in enumerate(cells, start=1)
        if not isinstance(cell, str) and is_cut(cell)
    ]
    is_known = details.is_known and not details.unread
    unknown = [
        (row, column)
        for row, cells in enumerate(() if is_known else typed, start=1)
        for column, cell in enumerate(cells, start=1)
        if not isinstance(cell, str) and not (isinstance(cell, float) and cell.is_integer())
    ]
    kinds = {
        ("a formula without a value, taken for empty",
         "open the file in a spreadsheet and save it, so that it is calculated"):
            [place for place in details.formulas if is_empty(place)],
        ("an error of the sheet, taken for empty", "mend the formula"): details.errors,
        ("struck out, and left out", "take the line through it away, or delete the row"):
            details.struck,
        ("in a part struck out, which is left out", "take the line through it away"): details.whole,
        ("a number of more digits than a sheet keeps, so that its last ones are lost",
         "write it as a text"): cut,
        ("a number or a date, read by its value and not as the sheet shows it",
         "open the workbook in a spreadsheet and save it as XLSX"): details.unstyled.union(unknown),
    }  # fmt: skip
    for said, places in kinds.items():
        if places:
            yield said, [f"{get_column_letter(column)}{row}" for row, column in sorted(places)]
    if details.unread:
        problem = f"not known, since the file cannot be read for it ({details.unread})"
        remedy = "open the workbook in a spreadsheet and save it as XLSX"
        yield (problem, remedy), ["formats, formulas, hidden rows and what is struck out"]


def _show(rows: list[list[Any]], details: Details) -> None:
    """Puts in the place of values what the sheet shows of them."""
    empty = dict.fromkeys((*details.errors, *details.struck), "")
    texts = {**details.formats, **empty}
    for (row, column), code in texts.items():
        if row <= len(rows) and column <= len(rows[row - 1]):
            value = rows[row - 1][column - 1]
            rows[row - 1][column - 1] = shown(value, code) if (row, column) not in empty else ""
    for (row, column), text in details.whole.items():
        rows[row - 1][column - 1] = text


def _holds(cell: Any) -> bool:
    if not isinstance(cell, str):
        return cell is not None
    return cell[:1].isalnum() or bool(strip_outer(cell))
