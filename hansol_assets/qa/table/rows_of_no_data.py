"""Rows below the header that are none of the table: the header again, a guide, a total.

What belongs here: finding such rows. What does not: finding the header and what stands above it
(the readers).
"""

import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.repairs import INVISIBLE
from hansol_assets.qa.table.source import Source
from hansol_assets.qa.table.violations import Violation

_AROUND = ' \t"\ufeff'
"""What may stand around a name: a byte order mark keeps a quote behind it from being one."""
_NAMED = 10
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


def leave_out_rows(source: Source) -> None:
    """Leaves out the rows that are none of the table; blank ones are counted, others noted."""
    blank = _blank_rows(source)
    if len(blank):
        source.without_rows(blank)
        source.blank_rows += len(blank)
    _leave_out_headers(source)
    count = len(source.places)
    if source.form in ("csv", "workbook") and count > 1:
        if _is_guide(_cells_of_row(source, 0)):
            _leave_out(source, [0], "a guide to the columns stands")
        count = len(source.places)
        last = range(max(1, count - _LAST_ROWS), count)
        totals = [row for row in last if _is_total(_cells_of_row(source, row))]
        _leave_out(source, totals, "a total stands")


def _blank_rows(source: Source) -> np.ndarray:
    """The rows, from 0, without a sign in any cell, as Excel saves them below a table."""
    if source.form != "csv" or not source.columns:
        return np.empty(0, np.int64)
    blank = np.arange(len(source.places))
    for column in source.columns:
        cells = column.take(pa.array(blank)) if isinstance(column, pa.ChunkedArray) else column
        blank = blank[pc.match_substring_regex(cells, _BLANK).to_numpy()]
        if not len(blank):
            break
    return blank


def _is_guide(cells: Sequence[str]) -> bool:
    """Whether every cell says what is to be written in its column."""
    return bool(cells) and all(_GUIDE.fullmatch(cell) for cell in cells)


def _is_total(cells: Sequence[str]) -> bool:
    """Whether a row is the word for a sum, and numbers."""
    words = [cell for cell in cells if not _NUMBER.fullmatch(cell)]
    return len(words) == 1 and bool(_TOTAL.fullmatch(words[0].strip(": ")))


def _cells_of_row(source: Source, row: int) -> list[str]:
    """The filled cells of a row."""
    cells = (_bare(as_text(_cell(column[row]))) for column in source.columns)
    return [cell for cell in cells if cell]


def _leave_out(source: Source, rows: Sequence[int], said: str) -> None:
    if rows:
        shown = ", ".join(str(source.places[row]) for row in rows[:_NAMED])
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        source.notes.append(f"{said} on {source.unit} {shown}{more}: left out")
        source.without_rows(rows)


def _leave_out_headers(source: Source) -> None:
    """Leaves out the rows that say the header again.

    One that has its names in another order is a violation: the rows below it are in that order.
    """
    names = [_bare(name) for name in source.header]
    again = []
    for row, cells in _rows_of_names(source, set(names) - {""}):
        if cells == names:
            again.append(row)
        elif sorted(cells) == sorted(names):
            source.violations.append(
                Violation(
                    source.places[row],
                    "",
                    "is a header again, with its columns in another order",
                    "put the columns of all parts into one order",
                    source.unit,
                )
            )
    _leave_out(source, again, "the header stands again")


def _rows_of_names(source: Source, names: set[str]) -> Iterator[tuple[int, list[str]]]:
    """The rows, from 0, that begin with a name of a column, with their cells."""
    if not source.columns or not names:
        return
    first = source.columns[0]
    if isinstance(first, pa.ChunkedArray):
        begins = pc.is_in(pc.utf8_trim(first, _AROUND), value_set=pa.array(sorted(names)))
        places = np.flatnonzero(begins.to_numpy()).tolist()
    else:
        places = [row for row, cell in enumerate(first) if isinstance(cell, str)]
    for row in places:
        if _bare(as_text(_cell(first[row]))) in names:
            yield row, [_bare(as_text(_cell(column[row]))) for column in source.columns]


def _cell(cell: object) -> object:
    return cell.as_py() if isinstance(cell, pa.Scalar) else cell


def _bare(text: str) -> str:
    return clean_name(text).strip(_AROUND)
