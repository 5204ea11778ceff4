"""Rows that a quote has swallowed: valid CSV, and still not what was meant.

What belongs here: telling a cell that holds the rows after it from a cell of several lines. What
does not: quotes that are not valid CSV (`hansol_assets.qa.table.delimited`).
"""

import csv
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.source import Source, cells_of
from hansol_assets.qa.table.violations import Violation

_NUMBER = re.compile(r"\d+")


def swallowing_rows(source: Source, id_column: str | None) -> list[Violation]:
    """The rows of delimited text that run on over the rows that follow.

    A cell holds rows if a line in it, read by itself, has a cell for each column and an id in its
    place: one that is written as this table's are, that no row has, and, where a table is so narrow
    that a sentence with a comma would do, that is the number after the row's own. So an answer that
    counts up "1, …", "2, …" is an answer.

    Args:
        source: The columns.
        id_column: The column of the ids; without one nothing can be told.
    """
    if not source.separator or id_column is None or not source.places:
        return []
    long = _rows_of_several_lines(source)
    if not len(long):
        return []
    id_place = source.header.index(id_column)
    known = {key.strip() for key in cells_of(source.columns[id_place])}
    shapes = {_NUMBER.sub("0", key) for key in known} - {""}
    rows = zip(*(column.take(long).to_pylist() for column in _arrays(source)), strict=True)
    problem = "a quote opened here runs on over the rows that follow"
    return [
        Violation(source.places[row], "", problem, "close the quote on its line")
        for row, cells in zip(long, rows, strict=True)
        if any(
            _is_row(line, cells[id_place], id_place, source, known, shapes)
            for line in _inner_lines(cells)
        )
    ]


def _rows_of_several_lines(source: Source) -> np.ndarray:
    """The rows, from 0, of which a cell holds the end of a line."""
    found = np.zeros(len(source.places), bool)
    for column in _arrays(source):
        found |= pc.match_substring_regex(column, "[\r\n]").to_numpy()
    return np.flatnonzero(found)


def _arrays(source: Source) -> list[pa.ChunkedArray]:
    """The columns as texts; what is nested in one has no lines."""
    return [
        column
        if isinstance(column, pa.ChunkedArray)
        else pa.chunked_array([[cell if isinstance(cell, str) else "" for cell in column]])
        for column in source.columns
    ]


def _inner_lines(cells: Sequence[str]) -> Iterator[str]:
    for cell in cells:
        yield from cell.splitlines()[1:]


def _is_row(
    line: str, row_id: str, id_place: int, source: Source, known: set[str], shapes: set[str]
) -> bool:
    cells = next(csv.reader([line], delimiter=source.separator), [])
    if len(cells) != len(source.header):
        return False
    key = cells[id_place].strip()
    if key in known or _NUMBER.sub("0", key) not in shapes:
        return False
    return len(cells) > 2 or _follows(key, row_id.strip())


def _follows(key: str, row_id: str) -> bool:
    numbers, own = _NUMBER.findall(key), _NUMBER.findall(row_id)
    return bool(numbers and own) and int(numbers[-1]) == int(own[-1]) + 1
