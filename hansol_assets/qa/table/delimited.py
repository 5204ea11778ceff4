"""Delimited text: CSV, TSV and their like, from text to columns that know their lines.

Python's `csv` reads it: one error must name every bad row by the line that an editor shows. Text
without a fault is read by Arrow (`hansol_assets.qa.table.arrow_csv`).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.raw_table import TITLE_ROWS, IsHeader, RawTable, best_header
from hansol_assets.qa.table.violations import Violation

SEPARATORS = (",", "\t", ";", "|")
RARE_SEPARATORS = ("^", "~", "\x01", "\x1f", "¦", ":")
"""Tried where none of the common ones gives a header of several columns."""
SEPARATOR_NAMES = {
    ",": "comma", "\t": "tab", ";": "semicolon", "|": "bar",
    "^": "caret", "~": "tilde", "¦": "broken bar", ":": "colon",
    "\x01": "U+0001 sign", "\x1f": "U+001F sign",
}  # fmt: skip
SAMPLE = 65_536
"""Characters from which the separator is told."""
_TOGETHER = 16_384
_EXCEL_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_RULE = re.compile(r":?-{3,}:?")
_COMMA_IN_A_ROW = re.compile(r",(?!\s)")
_CLOSE_QUOTES = 'close the quote that opens a cell, and write a quote inside a cell as ""'
_NUMBER = re.compile(r"\d+")


class _Record(NamedTuple):
    """A record, the line on which it starts, and whether it ends at a stray carriage return."""

    line: int
    cells: list[str]
    is_broken: bool

    @property
    def is_blank(self) -> bool:
        """Whether the line holds nothing; a row of commas is a row without values, not blank."""
        return not self.cells or (len(self.cells) == 1 and not self.cells[0].strip())


def read_delimited(text: str, encoding: str, is_header: IsHeader) -> RawTable:
    """Reads delimited text; its separator is found by the header.

    Rows that are no valid CSV, or not as long as the header, are violations. Without a row of data
    there are no columns.
    """
    hint = _EXCEL_HINT.match(text)
    separator = hint[1] if hint else _find_separator(text, is_header)
    # A cell that is too long is for the contract to name, by its column.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    lines = _Lines(text)
    if hint:
        next(lines)
    table = RawTable("csv", [], [], [], encoding=encoding, separator=separator)
    records = _filled(_records(lines, separator, table.violations), table)
    head = list(islice(records, TITLE_ROWS))
    header = best_header([record.cells for record in head], is_header).row
    if head:
        table.header, table.header_position = head[header].cells, head[header].line
    if header:
        first, last = head[0].line, head[header - 1].line
        stand = f"line {first} stands" if first == last else f"lines {first} to {last} stand"
        are = "is" if first == last else "are"
        table.notes.append(f"{stand} above the header and {are} left out")
    _fill(table, chain(head[header + 1 :], records))
    table.records = range(1, len(table.positions) + 1)
    return table


def _find_separator(text: str, is_header: IsHeader) -> str:
    """The separator that gives a header its names.

    Where no header is known, the one that cuts the first rows into equally many columns.
    """
    sample = text[:SAMPLE]
    known = known_separator(sample, is_header)
    if known is not None:
        return known
    best = max(SEPARATORS, key=lambda one: _worth(sample, one, is_header))
    if _worth(sample, best, is_header).columns > 1:
        return best
    # A table of one column: a separator that no text in it holds. Commas separate nothing there
    # that are followed by a space, as in a sentence.
    absent = next((one for one in SEPARATORS if one not in text), None)
    return SEPARATORS[0] if absent is None or _COMMA_IN_A_ROW.search(text) else absent


def known_separator(sample: str, is_header: IsHeader) -> str | None:
    """The separator that gives a known header its names; None where none does.

    Of several, the one whose header stands highest, then the one that gives most columns.
    """
    for group in (SEPARATORS, RARE_SEPARATORS):
        worths = {one: _worth(sample, one, is_header) for one in group}
        best = max(group, key=lambda one: worths[one])
        if worths[best].is_known and worths[best].columns > 1:
            return best
    return None


class _Worth(NamedTuple):
    """How good a separator is; the greater the better."""

    is_known: bool
    height: int
    is_even: bool
    columns: int


def _worth(sample: str, separator: str, is_header: IsHeader) -> _Worth:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=separator)
    try:
        rows = [row for row in islice(reader, TITLE_ROWS) if row]
    except csv.Error:
        rows = []
    if not rows:
        return _Worth(is_known=False, height=0, is_even=False, columns=0)
    header, known = best_header(rows, is_header)
    columns = len(rows[header])
    return _Worth(
        is_known=known > 0,
        height=-header,
        is_even=not known and columns > 1 and len(set(map(len, rows))) == 1,
        columns=columns,
    )


def _filled(records: Iterator[_Record], table: RawTable) -> Iterator[_Record]:
    for record in records:
        if record.is_blank or (table.separator == "|" and _is_rule(record.cells)):
            table.blank_rows += 1
        else:
            yield record


def _is_rule(cells: Sequence[str]) -> bool:
    """Whether a row is the line under the header of a Markdown table: "| --- | :---: |"."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_RULE.fullmatch(cell) for cell in filled)


def _fill(table: RawTable, records: Iterator[_Record]) -> None:
    """Puts records into the columns; one of another length than the header is a violation.

    Empty cells behind the last column say nothing, and are left out.
    """
    rows = _whole_rows(table, records)
    chunks: list[list[pa.Array]] = [[] for _ in table.header]
    # Few rows are Python objects at a time.
    while some := list(islice(rows, _TOGETHER)):
        for column, cells in zip(chunks, zip(*some, strict=True), strict=True):
            column.append(pa.array(cells, pa.string()))
    table.columns = [pa.chunked_array(column, pa.string()) for column in chunks]
    table.violations[:] = dict.fromkeys(table.violations)


def _whole_rows(table: RawTable, records: Iterator[_Record]) -> Iterator[list[str]]:
    width = len(table.header)
    positions: list[int] = []
    table.positions = positions
    was_broken = False
    surplus = 0
    for line, all_cells, is_broken in records:
        cells = all_cells
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            cells = cells[:width]
            surplus += 1
        if len(cells) == width:
            positions.append(line)
            yield cells
        else:
            table.violations.append(
                _broken_row(line)
                if is_broken or was_broken
                else _other_length(line, len(cells), width, table.separator)
            )
        was_broken = is_broken
    if surplus:
        table.notes.append(
            f"empty cells behind the last column are left out of {surplus} row{'s' * (surplus > 1)}"
        )


def _other_length(line: int, count: int, width: int, separator: str) -> Violation:
    name = SEPARATOR_NAMES.get(separator, repr(separator))
    problem = f"has {count} cells where the header has {width}"
    remedy = f"give each column one cell, and quote cells that hold {name}s"
    return Violation(line, "", problem, remedy)


def _broken_row(line: int) -> Violation:
    problem = "holds a carriage return (CR) that is not quoted, and that ends the row too early"
    return Violation(line, "", problem, "quote the cell, or write a space in its place")


class _Lines:
    """The lines of a text, numbered as an editor does; reading can go on at the line after any."""

    def __init__(self, text: str) -> None:
        self._stream = io.StringIO(text, newline="")
        self._end = "\n" if "\n" in text else "\r"
        self._next = 1
        self._second: tuple[int, int] | None = None
        self.start = 1
        self.is_broken = False

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._stream.readline()
        if not line:
            raise StopIteration
        self._next += line.endswith(self._end)
        self.is_broken = line.endswith("\r") and self._end == "\n"
        if self._second is None:
            self._second = (self._stream.tell(), self._next)
        return line

    def begin(self) -> None:
        """Says that a record starts at the line that comes next."""
        self.start = self._next
        self._second = None

    def go_back(self) -> None:
        """Goes on at the second line of the record that was begun."""
        if self._second is not None:
            offset, self._next = self._second
            self._stream.seek(offset)


def _records(lines: _Lines, separator: str, violations: list[Violation]) -> Iterator[_Record]:
    """Yield the valid records; note each broken one and go on with the line after its start."""
    while True:
        lines.begin()
        reader = csv.reader(lines, delimiter=separator, strict=True)
        try:
            for cells in reader:
                yield _Record(lines.start, cells, lines.is_broken)
                lines.begin()
        except csv.Error as error:
            problem = f"is not valid CSV ({error})"
            violations.append(Violation(lines.start, "", problem, _CLOSE_QUOTES))
            lines.go_back()
        else:
            return


def swallowing_rows(table: RawTable, id_column: str | None) -> list[Violation]:
    """The rows of delimited text that, by a quote, run on over the rows that follow.

    A cell holds rows if a line in it, read by itself, has a cell for each column and an id in its
    place: one that is written as this table's are, that no row has, and, where a table is so narrow
    that a sentence with a comma would do, that is the number after the row's id.
    """
    if not table.separator or id_column is None or not table.positions:
        return []
    long = _rows_of_several_lines(table)
    if not len(long):
        return []
    id_index = table.header.index(id_column)
    ids = {key.strip() for key in table.cells(id_column)}
    shapes = {_NUMBER.sub("0", key) for key in ids} - {""}

    def is_row(line: str, row_id: str) -> bool:
        cells = next(csv.reader([line], delimiter=table.separator), [])
        if len(cells) != len(table.header):
            return False
        key = cells[id_index].strip()
        if key in ids or _NUMBER.sub("0", key) not in shapes:
            return False
        return len(cells) > 2 or _follows(key, row_id.strip())

    rows = zip(*(column.take(long).to_pylist() for column in _arrays(table)), strict=True)
    problem = "a quote opened here runs on over the rows that follow"
    return [
        Violation(table.positions[row], "", problem, "close the quote on its line")
        for row, cells in zip(long, rows, strict=True)
        if any(is_row(line, cells[id_index]) for cell in cells for line in cell.splitlines()[1:])
    ]


def _rows_of_several_lines(table: RawTable) -> np.ndarray:
    holds = np.zeros(len(table.positions), bool)
    for column in _arrays(table):
        holds |= pc.match_substring_regex(column, "[\r\n]").to_numpy()
    return np.flatnonzero(holds)


def _arrays(table: RawTable) -> list[pa.ChunkedArray]:
    """The columns as texts; what is nested in one has no lines."""
    return [
        column
        if isinstance(column, pa.ChunkedArray)
        else pa.chunked_array([[cell if isinstance(cell, str) else "" for cell in column]])
        for column in table.columns
    ]


def _follows(key: str, row_id: str) -> bool:
    numbers, before = _NUMBER.findall(key), _NUMBER.findall(row_id)
    return bool(numbers and before) and int(numbers[-1]) == int(before[-1]) + 1
