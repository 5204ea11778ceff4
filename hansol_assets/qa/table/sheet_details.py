"""What a sheet shows of its cells beyond their values: formats, formulas, errors, what is hidden.

What belongs here: what Calamine, which gives values alone, does not say of an XLSX file. What does
not: which rows are the table (`hansol_assets.qa.table.workbook`). It is read where the file's own
bytes say that there is something to read; openpyxl, many times slower, reads styles alone, and all
only where a part of a text is struck out.
"""

import io
import re
import zipfile
from collections.abc import Container, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from types import SimpleNamespace
from typing import Any

from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.sheet_scan import GENERAL, Details, Place, Style, scan

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
        data: A workbook; one that is not XLSX has none.
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
        found = Details(is_known="xl/workbook.xml" in self._parts)
        tags = self._search.result()
        has_marks = tags or self._strikes_cells or (not is_text(rows) and self._has_formats)
        if not found.is_known or not has_marks:
            return found
        with self._reader.archive.open(self._sheets[sheet]) as part:
            found = scan(part, self._styles)
        for place, code in found.formats.items():
            if place not in found.formulas and _is_no_date(_value_at(rows, place), code):
                found.errors.add(place)
        if any(tag.endswith(b"strike") for tag in tags):
            found.whole.update(self._parts_of_texts(sheet, found.struck))
        return found

    def _parts_of_texts(self, sheet: str, struck: Container[Place]) -> Iterator[tuple[Place, str]]:
        """The cells of which a part is struck out, with the rest: only openpyxl's objects say."""
        for row in self._rich_book[sheet].iter_rows():
            for cell in row:
                place = cell.row, cell.column
                if isinstance(cell.value, list) and place not in struck:
                    rest = _without_struck(cell.value)
                    if rest is not None:
                        yield place, rest

    def _tags(self) -> set[bytes]:
        """What stands in the file's bytes that says more of cells than their values do."""
        parts = [name for name in self._parts if name.startswith("xl/worksheets/sheet")]
        texts = [name for name in self._parts if name == "xl/sharedStrings.xml"]
        found = (_marks(self._data, name, b"f", _ERROR, _STRUCK, *_HIDDEN) for name in parts)
        struck = (_marks(self._data, name, b"strike") for name in texts)
        return {tag for own in (*found, *struck) for tag in own}

    @cached_property
    def _strikes_cells(self) -> bool:
        return any(_marks(self._data, name, b"strike") for name in self._style_parts)

    @cached_property
    def _has_formats(self) -> bool:
        styles = b"".join(_part(self._data, name) for name in self._style_parts)
        used = {one for part in _FORMATS.findall(styles) for one in _FORMAT.findall(part)}
        return bool(used - _OF_TEXT)

    @cached_property
    def _reader(self) -> Any:
        """The workbook without texts and cells, which take long to read and are Calamine's."""
        from openpyxl.reader.excel import ExcelReader
        from openpyxl.styles.stylesheet import apply_stylesheet

        reader = ExcelReader(io.BytesIO(self._data), read_only=True)
        reader.read_manifest()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        return reader

    @cached_property
    def _sheets(self) -> dict[str, str]:
        """Sheet → the part of the file that holds its cells."""
        return {sheet.name: rel.target for sheet, rel in self._reader.parser.find_sheets()}

    @cached_property
    def _styles(self) -> list[Style]:
        from openpyxl.cell.read_only import ReadOnlyCell

        book = self._reader.wb
        sheet = SimpleNamespace(parent=book)
        cells = [
            ReadOnlyCell(sheet, 1, 1, None, style_id=number)
            for number in range(len(book._cell_styles))
        ]
        return [Style(cell.number_format, bool(cell.font and cell.font.strike)) for cell in cells]

    @cached_property
    def _rich_book(self) -> Any:
        from openpyxl import load_workbook

        return load_workbook(io.BytesIO(self._data), rich_text=True)

    @cached_property
    def _parts(self) -> list[str]:
        if not zipfile.is_zipfile(io.BytesIO(self._data)):
            return []
        with zipfile.ZipFile(io.BytesIO(self._data)) as archive:
            return archive.namelist()

    @property
    def _style_parts(self) -> list[str]:
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
