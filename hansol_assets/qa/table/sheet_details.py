"""What a sheet shows of its cells beyond their values: formats, formulas, errors, what is hidden.

What belongs here: what Calamine, which gives values alone, does not say of an XLSX file. What does
not: which rows are the table (`hansol_assets.qa.table.workbook`). It is read where the file's own
bytes say that there is something to read; openpyxl, many times slower, reads styles alone, and
texts only where a part of one is struck out.
"""

import io
import re
import zipfile
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from types import SimpleNamespace
from typing import IO, Any

from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.sheet_scan import GENERAL, Details, Place, Style, scan
from hansol_assets.qa.table.workbook_parts import STRINGS, STYLES, WORKBOOK, sheet_parts

_CHUNK = 1 << 20
_LONGEST = 16
_HIDDEN = frozenset({b' hidden="1"', b' hidden="true"'})
_ERROR = b' t="e"'
_STRUCK = b"<strike"
_PREFIX = re.compile(rb"<(\w+:)?(?:worksheet|styleSheet)\b")
_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs.*?</(?:\w+:)?cellXfs>", re.DOTALL)
_FORMAT = re.compile(rb'numFmtId="(\d+)"')
_OF_TEXT = frozenset({b"0", b"49"})
_REMEMBERED = 1 << 15
_EXACT_DIGITS = 15
"""Digits of a number that a sheet keeps; of a longer one it has zeros behind them."""
_LOCAL_DATES = {"mm-dd-yy": "yyyy-mm-dd", "m/d/yy h:mm": "yyyy-mm-dd h:mm"}
"""Formats that a spreadsheet shows as its country writes dates."""
_LONG_DATE, _LONG_DATE_CODE = "[$-F800]", 'yyyy"년" m"월" d"일" dddd'
_LOCALE = re.compile(r"\[\$-[\w-]+\]")
_KOREAN = re.compile(r"\[\$-(?:\w*412|ko-KR)\]|\[\$[^\]-]+-412\]")
_WEEKDAYS = "월화수목금토일"


class Detailer:
    """The details of the sheets of a workbook.

    Args:
        data: A workbook with usual parts (`hansol_assets.qa.table.workbook_parts`); one that is
            not XLSX has none.
    """

    def __init__(self, data: bytes) -> None:
        self._data = data
        # Beside Calamine, which holds no lock of Python's while it reads.
        thread = ThreadPoolExecutor(1)
        self._search = thread.submit(self._tags)
        thread.shutdown(wait=False)

    def of(self, sheet: str, rows: Sequence[Sequence[Any]]) -> Details:
        """Reads what there is to know of a sheet.

        Args:
            sheet: Its name.
            rows: Its values. Formats matter where one of them is no text.
        """
        found = Details(is_known=WORKBOOK in self._parts)
        if not found.is_known:
            return found
        try:
            tags = self._search.result()
            if not tags and not self._strikes_cells and (is_text(rows) or not self._has_formats):
                return found
            found = self._scanned(sheet, rows)
            if any(tag.endswith(b"strike") for tag in tags):
                found.whole.update(self._parts_of_texts(sheet, found.struck))
        except Exception as error:  # Whatever is odd in the parts, the values can be read.
            return replace(found, unread=f"{type(error).__name__}: {error}")
        return found

    def _scanned(self, sheet: str, rows: Sequence[Sequence[Any]]) -> Details:
        with _opened(self._data, self._sheets[sheet]) as part:
            found = scan(part, self._styles)
        for place, code in found.formats.items():
            if place not in found.formulas and _is_no_date(_value_at(rows, place), code):
                found.errors.add(place)
        return found

    def _parts_of_texts(self, sheet: str, struck: Container[Place]) -> Iterator[tuple[Place, str]]:
        """The cells of which a part is struck out, with the rest: only openpyxl's objects say."""
        from openpyxl.worksheet._reader import WorkSheetParser

        with _opened(self._data, self._sheets[sheet]) as part:
            rows = WorkSheetParser(part, self._rich_texts, rich_text=True).parse()
            for cell in chain.from_iterable(cells for _, cells in rows):
                place = cell["row"], cell["column"]
                if isinstance(cell["value"], list) and place not in struck:
                    rest = _without_struck(cell["value"])
                    if rest is not None:
                        yield place, rest

    def _tags(self) -> set[bytes]:
        """What stands in the file's bytes that says more of cells than their values do."""
        sheets = self._sheets.values() if WORKBOOK in self._parts else ()
        found = (_marks(self._data, name, b"f", _ERROR, _STRUCK, *_HIDDEN) for name in sheets)
        struck = [_marks(self._data, STRINGS, b"strike")] if STRINGS in self._parts else []
        return {tag for own in (*found, *struck) for tag in own}

    @cached_property
    def _strikes_cells(self) -> bool:
        return STYLES in self._parts and bool(_marks(self._data, STYLES, b"strike"))

    @cached_property
    def _has_formats(self) -> bool:
        """Whether cells may have formats; where there are none, cells that name one are told of."""
        if STYLES not in self._parts:
            return True
        with _opened(self._data, STYLES) as part:
            formats = _FORMATS.findall(part.read())
        return bool({one for part in formats for one in _FORMAT.findall(part)} - _OF_TEXT)

    @cached_property
    def _sheets(self) -> dict[str, str]:
        return sheet_parts(self._data)

    @cached_property
    def _styles(self) -> list[Style]:
        from openpyxl import Workbook
        from openpyxl.cell.read_only import ReadOnlyCell
        from openpyxl.styles.stylesheet import apply_stylesheet

        book = Workbook()
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            apply_stylesheet(archive, book)
        sheet = SimpleNamespace(parent=book)
        cells = [
            ReadOnlyCell(sheet, 1, 1, None, style_id=number)
            for number in range(len(book._cell_styles))
        ]
        return [Style(cell.number_format, bool(cell.font and cell.font.strike)) for cell in cells]

    @cached_property
    def _rich_texts(self) -> list[Any]:
        from openpyxl.reader.strings import read_rich_text

        if STRINGS not in self._parts:
            return []
        with _opened(self._data, STRINGS) as part:
            return list(read_rich_text(part))

    @cached_property
    def _parts(self) -> list[str]:
        if not zipfile.is_zipfile(io.BytesIO(self._data)):
            return []
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            return archive.namelist()


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
    number = _number(value) if is_number or isinstance(value, timedelta) else value
    try:
        text = _formatted(number, _local(number_format, value))
    except (TypeError, ValueError, ArithmeticError):
        return as_text(value)
    if _KOREAN.search(number_format):
        text = text.replace("AM", "오전").replace("PM", "오후")
    return text


@lru_cache(_REMEMBERED, typed=True)
def _formatted(value: Any, code: str) -> str:
    """A value as a format shows it; few columns of numbers and dates have many different ones."""
    from xlfmt import format_value

    return str(format_value(value, code)).strip()


def is_text(rows: Sequence[Sequence[Any]]) -> bool:
    """Whether every cell is a text."""
    return set(map(type, chain.from_iterable(rows))) <= {str}


def is_cut(value: Any) -> bool:
    """Whether a sheet has zeros in the place of a number's last digits."""
    return isinstance(value, int | float) and abs(value) >= 10**_EXACT_DIGITS


def _without_struck(runs: Sequence[Any]) -> str | None:
    """The text of a cell without its runs that are struck out; None where none is."""
    fonts = [getattr(run, "font", None) for run in runs]
    kept = [str(run) for run, font in zip(runs, fonts, strict=True) if not (font and font.strike)]
    return "".join(kept) if len(kept) < len(runs) else None


def _value_at(rows: Sequence[Sequence[Any]], place: Place) -> Any:
    row, column = place
    cells = rows[row - 1] if row <= len(rows) else ()
    return cells[column - 1] if column <= len(cells) else None


def _is_no_date(value: Any, number_format: str) -> bool:
    """Whether a number is in a cell for dates, and too large for one."""
    from openpyxl.styles.numbers import is_date_format, is_timedelta_format
    from openpyxl.utils.datetime import from_excel

    if not isinstance(value, int | float) or not is_date_format(number_format):
        return False
    try:
        from_excel(value, timedelta=is_timedelta_format(number_format))
    except (OverflowError, ValueError):
        return True
    return False


@contextmanager
def _opened(data: bytes, name: str) -> Iterator[IO[bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(name) as part:
        yield part


def _marks(data: bytes, name: str, element: bytes, *others: bytes) -> set[bytes]:
    """Which of an element's tag, and of other marks, stand in a part of a workbook."""
    found: set[bytes] = set()
    wanted: set[bytes] = set()
    end = b""
    with _opened(data, name) as part:
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
