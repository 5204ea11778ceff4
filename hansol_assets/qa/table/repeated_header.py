"""A header that stands in a file again: exports that were put one behind the other.

What belongs here: finding such rows below the first header. What does not: finding that one (the
readers).
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.source import Source
from hansol_assets.qa.table.violations import Violation

_AROUND = ' \t"\ufeff'
"""What may stand around a name: a byte order mark keeps a quote behind it from being one."""
_NAMED = 10


def leave_out_headers(source: Source) -> None:
    """Leaves out the rows that say the header again, and notes them.

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
    if again:
        shown = ", ".join(str(source.places[row]) for row in again[:_NAMED])
        more = f" and {len(again) - _NAMED} more" if len(again) > _NAMED else ""
        source.notes.append(f"the header stands again on {source.unit} {shown}{more}: left out")
        source.without_rows(again)


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
