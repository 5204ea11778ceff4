"""Workbooks (XLSX, XLS, ODS): one sheet as columns.

What belongs here: which sheet is read and where its header stands. What does not: what the columns
mean. Calamine reads it: it is many times faster than openpyxl and keeps to the values of cells.
"""

import io
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from hansol_assets.qa.table.delimited import TITLE_ROWS
from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.source import IsHeader, Source
from hansol_assets.qa.table.violations import ROW, refusal


def read_workbook(path: Path, data: bytes, sheet: str | None, is_header: IsHeader) -> Source:
    """Reads a sheet of a workbook.

    Args:
        path: The file, for messages.
        data: Its bytes.
        sheet: The sheet's name; None: the first one.
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
        chosen = sheet or names[0]
        found = workbook.get_sheet_by_name(chosen)
        rows = list(found.to_python(skip_empty_area=False))
    except CalamineError as error:
        problem = f"is no workbook that can be opened ({error}): it is damaged, or has a password"
        raise refusal(path, problem, "save it as XLSX without a password, or as CSV") from error
    source = _source(rows, is_header)
    others = [name for name in names if name != chosen]
    if others:
        source.notes.append(f"sheet {chosen} was read; not {', '.join(others)}")
    return source


def _source(rows: Sequence[Sequence[Any]], is_header: IsHeader) -> Source:
    filled = [(place, row) for place, row in enumerate(rows, start=1) if any(map(_holds, row))]
    source = Source("workbook", [], [], [], unit=ROW, blank_rows=len(rows) - len(filled))
    if not filled:
        return source
    head = [[as_text(cell) for cell in row] for _, row in islice(filled, TITLE_ROWS)]
    found = (place for place, row in enumerate(head) if is_header([clean_name(x) for x in row]))
    header = next(found, 0)
    source.header, source.header_place = head[header], filled[header][0]
    if header:
        source.notes.append(f"{header} rows stand above the header and are left out")
    data = filled[header + 1 :]
    source.places = [place for place, _ in data]
    source.records = list(range(1, len(data) + 1))
    source.columns = [
        [as_text(row[place]) for _, row in data] for place in range(len(head[header]))
    ]
    return source


def _holds(cell: Any) -> bool:
    return cell is not None and cell != ""
