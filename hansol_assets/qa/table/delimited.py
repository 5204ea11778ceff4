"""Delimited text: CSV, TSV and their like, from text to columns that know their lines.

What belongs here: separators, quotes, rows of another length, and line numbers. What does not:
encodings (`hansol_assets.qa.table.encodings`), and what the columns mean. Python's `csv` reads it:
one error must name every bad row by the line that an editor shows, and reading must go on after
each. Text without a fault is read by Arrow (`hansol_assets.qa.table.faultless`).
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import NamedTuple

import pyarrow as pa

from hansol_assets.qa.table.header_places import TITLE_ROWS, best_header
from hansol_assets.qa.table.source import IsHeader, Source
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
"""Rows that are Python objects at a time."""
_EXCEL_HINT = re.compile(r"sep=(.)\r?\n", re.IGNORECASE)
_RULE = re.compile(r":?-{3,}:?")
_COMMA_IN_A_ROW = re.compile(r",(?!\s)")
_CLOSE_QUOTES = 'close the quote that opens a cell, and write a quote inside a cell as ""'


class Record(NamedTuple):
    """One record.

    Attributes:
        line: Line on which it starts, from 1.
        cells: Its cells.
        is_broken: Whether it ends at a carriage return, where other lines end in a line feed.
    """

    line: int
    cells: list[str]
    is_broken: bool

    @property
    def is_blank(self) -> bool:
        """Whether the line holds nothing; a row of commas is a row without values, not blank."""
        return not self.cells or (len(self.cells) == 1 and not self.cells[0].strip())


def read_delimited(text: str, encoding: str, is_header: IsHeader) -> Source:
    """Reads delimited text; its separator is found by the header.

    Args:
        text: The decoded file.
        encoding: What it was decoded from.
        is_header: Tells the header from the title above it.

    Returns:
        The columns; rows that are no valid CSV, or not as long as the header, are violations.
        Without a row of data there are no columns.
    """
    hint = _EXCEL_HINT.match(text)
    separator = hint[1] if hint else find_separator(text, is_header)
    # A cell that is too long is for the contract to name, by its column.
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))
    lines = _Lines(text)
    if hint:
        next(lines)
    source = Source("csv", [], [], [], encoding=encoding, separator=separator)
    records = _filled(_records(lines, separator, source.violations), source)
    head = list(islice(records, TITLE_ROWS))
    place = best_header([record.cells for record in head], is_header).place
    if head:
        source.header, source.header_place = head[place].cells, head[place].line
    if place:
        source.notes.append(_left_out(head[0].line, head[place - 1].line))
    _fill(source, chain(head[place + 1 :], records))
    source.records = range(1, len(source.places) + 1)
    return source


def find_separator(text: str, is_header: IsHeader) -> str:
    """The separator that gives a header its names.

    Where no header is known, the one that cuts the first rows into equally many columns.
    """
    sample = text[:SAMPLE]
    known = known_separator(sample, is_header)
    if known is not None:
        return known
    worths = {one: _worth(sample, one, is_header) for one in SEPARATORS}
    best = max(SEPARATORS, key=lambda one: worths[one])
    return best if worths[best].columns > 1 else _of_one_column(text)


def known_separator(sample: str, is_header: IsHeader) -> str | None:
    """The separator that gives a known header its names; None where none does.

    Of several, the one whose header stands highest, then the one that gives most columns.

    Args:
        sample: The first `SAMPLE` characters.
        is_header: Tells the header from the title above it.
    """
    for group in (SEPARATORS, RARE_SEPARATORS):
        worths = {one: _worth(sample, one, is_header) for one in group}
        best = max(group, key=lambda one: worths[one])
        if worths[best].is_known and worths[best].columns > 1:
            return best
    return None


def _of_one_column(text: str) -> str:
    """A separator for a table of one column: one that no text in it holds.

    Commas separate nothing there that are followed by a space, as in a sentence.
    """
    absent = next((one for one in SEPARATORS if one not in text), None)
    return SEPARATORS[0] if absent is None or _COMMA_IN_A_ROW.search(text) else absent


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
    place, known = best_header(rows, is_header)
    columns = len(rows[place])
    return _Worth(
        is_known=known > 0,
        height=-place,
        is_even=not known and columns > 1 and len(set(map(len, rows))) == 1,
        columns=columns,
    )


def _filled(records: Iterator[Record], source: Source) -> Iterator[Record]:
    for record in records:
        if record.is_blank or (source.separator == "|" and _is_rule(record.cells)):
            source.blank_rows += 1
        else:
            yield record


def _is_rule(cells: Sequence[str]) -> bool:
    """Whether a row is the line under the header of a Markdown table: "| --- | :---: |"."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    return bool(filled) and all(_RULE.fullmatch(cell) for cell in filled)


def _fill(source: Source, records: Iterator[Record]) -> None:
    """Puts records into the columns; one of another length than the header is a violation.

    Empty cells behind the last column say nothing, and are left out.
    """
    width = len(source.header)
    columns = _GrowingColumns(width)
    places: list[int] = []
    was_broken = False
    surplus = 0
    for line, all_cells, is_broken in records:
        cells = all_cells
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            cells = cells[:width]
            surplus += 1
        if len(cells) == width:
            places.append(line)
            columns.append(cells)
        else:
            source.violations.append(
                _broken_row(line)
                if is_broken or was_broken
                else _other_length(line, len(cells), width, source.separator)
            )
        was_broken = is_broken
    source.places, source.columns = places, columns.finished()
    source.violations[:] = dict.fromkeys(source.violations)
    if surplus:
        source.notes.append(
            f"empty cells behind the last column are left out of {surplus} row{'s' * (surplus > 1)}"
        )


class _GrowingColumns:
    """Columns to which rows are added, of which few are Python objects at a time."""

    def __init__(self, width: int) -> None:
        self._chunks: list[list[pa.Array]] = [[] for _ in range(width)]
        self._rows: list[list[str]] = []

    def append(self, cells: list[str]) -> None:
        self._rows.append(cells)
        if len(self._rows) == _TOGETHER:
            self._flush()

    def finished(self) -> list[pa.ChunkedArray]:
        self._flush()
        return [pa.chunked_array(chunks, pa.string()) for chunks in self._chunks]

    def _flush(self) -> None:
        for chunks, cells in zip(self._chunks, zip(*self._rows, strict=True), strict=False):
            chunks.append(pa.array(cells, pa.string()))
        self._rows.clear()


def _left_out(first: int, last: int) -> str:
    if first == last:
        return f"line {first} stands above the header and is left out"
    return f"lines {first} to {last} stand above the header and are left out"


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
            place, self._next = self._second
            self._stream.seek(place)


def _records(lines: _Lines, separator: str, violations: list[Violation]) -> Iterator[Record]:
    """Yield the valid records; note each broken one and go on with the line after its start."""
    while True:
        lines.begin()
        reader = csv.reader(lines, delimiter=separator, strict=True)
        try:
            for cells in reader:
                yield Record(lines.start, cells, lines.is_broken)
                lines.begin()
        except csv.Error as error:
            violations.append(
                Violation(lines.start, "", f"is not valid CSV ({error})", _CLOSE_QUOTES)
            )
            lines.go_back()
        else:
            return
