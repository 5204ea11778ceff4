"""What a sheet shows of its cells beyond their values: formats, formulas, errors, what is hidden.

What belongs here: what Calamine, which gives values alone, does not say of an XLSX file. What does
not: which rows are the table (`hansol_assets.qa.table.workbook`). Openpyxl reads it, many times
slower, and so only where the file's own bytes say that there is something to read.
"""

import io
import re
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any

from hansol_assets.qa.table.nested import as_text

Place = tuple[int, int]
"""Row and column of a cell, both from 1."""

_CHUNK = 1 << 20
_LONGEST = 16
_HIDDEN = frozenset({b' hidden="1"', b' hidden="true"'})
_ERROR = b' t="e"'
_STRUCK = b"<strike"
_PREFIX = re.compile(rb"<(\w+:)?(?:worksheet|styleSheet)\b")
_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_FORMAT = re.compile(rb'numFmtId="(\d+)"')
_OF_TEXT = frozenset({b"0", b"49"})
GENERAL = frozenset({"General", "@"})
_EXACT_DIGITS = 15
"""Digits of a number that a sheet keeps; of a longer one it has zeros behind them."""
_LOCAL_DATES = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd h:mm"}
"""Formats that a spreadsheet shows as its country writes dates."""
_LONG_DATE, _LONG_DATE_CODE = "[$-F800]", 'yyyy"년" m"월" d"일" dddd'
_LOCALE = re.compile(r"\[\$-[\w-]+\]")
_KOREAN = re.compile(r"\[\$-(?:\w*412|ko-KR)\]|\[\$[^\]-]+-412\]")
_WEEKDAYS = "월화수목금토일"


@dataclass(frozen=True)
class Details:
    """What is to be known of the cells of a sheet.

    Attributes:
        formats: Number formats other than the general one.
        formulas: Cells with a formula.
        errors: Cells that show an error, and which.
        struck: Cells that are struck out.
        whole: Cells of which a part is struck out, and the text of the rest.
        hidden: Hidden rows and columns ("row 7", "column D").
        is_known: Whether the file says all this; formats other than XLSX are not read for it.
    """

    formats: dict[Place, str] = field(default_factory=dict)
    formulas: set[Place] = field(default_factory=set)
    errors: dict[Place, str] = field(default_factory=dict)
    struck: set[Place] = field(default_factory=set)
    whole: dict[Place, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    is_known: bool = True


class Detailer:
    """The details of the sheets of a workbook.

    Args:
        data: A workbook; one that is not XLSX has none.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data

    def of(self, sheet: str, rows: Sequence[Sequence[Any]]) -> Details:
        """Reads what there is to know of a sheet.

        Args:
            sheet: Its name.
            rows: Its values. Formats matter where one of them is no text.
        """
        found = Details(is_known="xl/workbook.xml" in self._parts)
        is_typed = any(not isinstance(cell, str) for row in rows for cell in row)
        if not found.is_known or not (self._tags or (is_typed and self._has_formats)):
            return found
        page = self._book[sheet]
        if self._is_whole:
            found.hidden.extend(_hidden(page))
        else:
            page.reset_dimensions()
        for row in page.iter_rows():
            for cell in row:
                if cell.value is not None:
                    _note(found, cell)
        return found

    @cached_property
    def _tags(self) -> set[bytes]:
        """What stands in the file's bytes that says more of cells than their values do."""
        parts = [name for name in self._parts if name.startswith("xl/worksheets/sheet")]
        texts = [name for name in self._parts if name == "xl/sharedStrings.xml"]
        found = (_marks(self._data, name, b"f", _ERROR, _STRUCK, *_HIDDEN) for name in parts)
        struck = (_marks(self._data, name, b"strike") for name in (*self._styles, *texts))
        return {tag for own in (*found, *struck) for tag in own}

    @cached_property
    def _is_whole(self) -> bool:
        """Whether openpyxl must read all at once: only so it sees what is hidden, or struck."""
        return not {_STRUCK, *_HIDDEN}.isdisjoint(self._tags)

    @cached_property
    def _has_formats(self) -> bool:
        styles = b"".join(_part(self._data, name) for name in self._styles)
        used = {one for part in _FORMATS.findall(styles) for one in _FORMAT.findall(part)}
        return bool(used - _OF_TEXT)

    @cached_property
    def _book(self) -> Any:
        from openpyxl import load_workbook

        return load_workbook(
            io.BytesIO(self._data), read_only=not self._is_whole, rich_text=_STRUCK in self._tags
        )

    @cached_property
    def _parts(self) -> list[str]:
        if not zipfile.is_zipfile(io.BytesIO(self._data)):
            return []
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            return archive.namelist()

    @property
    def _styles(self) -> list[str]:
        return [name for name in self._parts if name == "xl/styles.xml"]


def open_carefully(data: bytes, sheet: str) -> tuple[list[list[Any]], list[Any]]:
    """The values of a sheet that Calamine cannot read, and the bounds of its merged cells."""
    from openpyxl import load_workbook

    page = load_workbook(io.BytesIO(data), data_only=True)[sheet]
    rows = [["" if cell is None else cell for cell in row] for row in page.values]
    merged = [
        ((own.min_row - 1, own.min_col - 1), (own.max_row - 1, own.max_col - 1))
        for own in page.merged_cells.ranges
    ]
    return rows, merged


def shown(value: Any, number_format: str = "General") -> str:
    """A cell's value as its sheet shows it."""
    if isinstance(value, str) or value is None:
        return value or ""
    if isinstance(value, bool):
        return str(value).upper()
    is_number = isinstance(value, int | float)
    if number_format in GENERAL:
        return _plain_number(value) if is_number else as_text(value)
    from xlfmt import format_value

    number = _number(value) if is_number or isinstance(value, timedelta) else value
    try:
        text = str(format_value(number, _local(number_format, value))).strip()
    except (TypeError, ValueError, ArithmeticError):
        return as_text(value)
    if _KOREAN.search(number_format):
        text = text.replace("AM", "오전").replace("PM", "오후")
    return text


def is_cut(value: Any) -> bool:
    """Whether a sheet has zeros in the place of a number's last digits."""
    return isinstance(value, int | float) and abs(value) >= 10**_EXACT_DIGITS


def _note(found: Details, cell: Any) -> None:
    place = (cell.row, cell.column)
    if cell.data_type == "f":
        found.formulas.add(place)
    if cell.data_type == "e":
        found.errors[place] = str(cell.value)
    if cell.data_type != "s" and cell.number_format not in GENERAL:
        found.formats[place] = cell.number_format
    if cell.font is not None and cell.font.strike:
        found.struck.add(place)
    elif isinstance(cell.value, list):
        runs = [getattr(run, "font", None) for run in cell.value]
        kept = [
            str(run)
            for run, font in zip(cell.value, runs, strict=True)
            if not (font and font.strike)
        ]
        if len(kept) < len(cell.value):
            found.whole[place] = "".join(kept)


def _hidden(page: Any) -> Iterator[str]:
    for number, row in sorted(page.row_dimensions.items()):
        if row.hidden:
            yield f"row {number}"
    for letter, column in sorted(page.column_dimensions.items()):
        if column.hidden:
            yield f"column {letter}"


def _part(data: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(name)


def _marks(data: bytes, name: str, element: bytes, *others: bytes) -> set[bytes]:
    """Which of an element's tag, and of other marks, stand in a part of a workbook."""
    found: set[bytes] = set()
    wanted: set[bytes] = set()
    end = b""
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as part:
        while chunk := part.read(_CHUNK):
            if not end:
                prefix = _PREFIX.search(chunk)
                wanted = {b"<" + ((prefix and prefix[1]) or b"") + element, *others}
            looked_at = end + chunk
            found.update(mark for mark in wanted - found if mark in looked_at)
            end = chunk[-_LONGEST:]
    return found


def _number(value: Any) -> Decimal:
    if isinstance(value, timedelta):
        return Decimal(value.days) + Decimal(value.seconds) / 86_400
    return Decimal(format(value, f".{_EXACT_DIGITS}g"))


def _plain_number(value: float) -> str:
    number = _number(value)
    if number == number.to_integral_value():
        return f"{number:.0f}"
    from xlfmt import format_value

    return str(format_value(number, "General"))


def _local(number_format: str, value: Any) -> str:
    """A format as a Korean spreadsheet reads it: its own dates, and weekdays written out."""
    if number_format.startswith(_LONG_DATE):
        number_format = "[$-412]" + _LONG_DATE_CODE
    code = _LOCALE.sub("", _LOCAL_DATES.get(number_format, number_format))
    if not isinstance(value, date):
        return code
    day = _WEEKDAYS[value.weekday()]
    names = "aaaa|dddd|aaa|ddd" if _KOREAN.search(number_format) else "aaaa|aaa"
    return re.sub(names, lambda name: f'"{day}{"요일" if len(name[0]) > 3 else ""}"', code)
