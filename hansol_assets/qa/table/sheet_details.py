"""What a sheet shows of its cells beyond their values: formats, formulas, errors, what is hidden.

Calamine gives values alone. The rest is read in one pass over the XML, where the file's bytes say
that there is something to read; openpyxl, which takes several times as long, reads styles alone,
and texts only where a part of one is struck out.
"""

import io
import re
import zipfile
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from itertools import chain
from types import SimpleNamespace
from typing import IO, Any, NamedTuple
from xml.parsers import expat

from hansol_assets.qa.table.raw_table import as_text
from hansol_assets.qa.table.workbook_parts import STRINGS, STYLES, WORKBOOK, sheet_parts

Place = tuple[int, int]
"""Row and column of a cell, both from 1."""

GENERAL = frozenset({"General", "@"})
_SPACE = " "
"""Stands between an element's namespace and its name."""
_TEXTS = frozenset({"s", "str", "inlineStr"})
_TRUE = frozenset({"1", "true"})
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


class Style(NamedTuple):
    """How a cell of a style is shown: its number format, and whether it is struck out."""

    number_format: str
    is_struck: bool


_NO_STYLE = Style("General", is_struck=False)


@dataclass(frozen=True)
class Details:
    """What is to be known of the cells of a sheet.

    Attributes:
        formats: Number formats other than the general one.
        errors: Cells that show an error.
        struck: Cells that are struck out.
        whole: Cells of which a part is struck out, and the text of the rest.
        hidden: Hidden rows and columns ("row 7", "column D").
        unstyled: Cells of a value whose style the workbook lacks.
        unread: Why the rest could not be read; empty where it could.
        is_known: Whether the file says all this; formats other than XLSX are not read for it.
    """

    formats: dict[Place, str] = field(default_factory=dict)
    formulas: set[Place] = field(default_factory=set)
    errors: set[Place] = field(default_factory=set)
    struck: set[Place] = field(default_factory=set)
    whole: dict[Place, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
    unstyled: set[Place] = field(default_factory=set)
    unread: str = ""
    is_known: bool = True


def _scan(part: IO[bytes], styles: Sequence[Style]) -> Details:
    """Reads what a sheet's XML says of its cells; styles are the workbook's, by their numbers."""
    scanner = _Scanner(styles)
    parser = expat.ParserCreate(namespace_separator=_SPACE)
    parser.StartElementHandler = scanner.begin
    parser.ParseFile(part)
    scanner.note()
    scanner.details.hidden.extend([*scanner.hidden_rows, *scanner.hidden_columns])
    return scanner.details


class _Scanner:
    """Takes every element, and notes a cell once the next one begins."""

    def __init__(self, styles: Sequence[Style]) -> None:
        from openpyxl.utils.cell import coordinate_to_tuple

        self.details = Details()
        self.hidden_rows: list[str] = []
        self.hidden_columns: list[str] = []
        self._styles = styles
        self._place_of = coordinate_to_tuple
        self._row = 0
        self._place: Place | str = (0, 0)
        self._kind, self._style = "n", 0
        self._inside: set[str] = set()

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        name = tag.rpartition(_SPACE)[2]
        if name == "c":
            self.note()
            self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))
            self._place = attributes.get("r") or self._behind()
        elif name in ("v", "is", "f"):
            self._inside.add(name)
        elif name == "row":
            self.note()
            self._row = int(attributes.get("r", self._row + 1))
            self._place = (self._row, 0)
            if attributes.get("hidden") in _TRUE:
                self.hidden_rows.append(f"row {self._row}")
        elif name == "col" and attributes.get("hidden") in _TRUE:
            from openpyxl.utils import get_column_letter

            letter = get_column_letter(int(attributes["min"]))
            self.hidden_columns.append(f"column {letter}")

    def note(self) -> None:
        """Notes the cell that was begun; one that holds nothing is none."""
        if not self._inside:
            return
        is_formula = "f" in self._inside
        self._inside.clear()
        is_styled, details = 0 <= self._style < len(self._styles), self.details
        style = self._styles[self._style] if is_styled else _NO_STYLE
        if is_formula:
            details.formulas.add(self._parsed_place())
        elif self._kind == "e":
            details.errors.add(self._parsed_place())
        if is_formula or self._kind not in _TEXTS:
            if not is_styled:
                details.unstyled.add(self._parsed_place())
            elif style.number_format not in GENERAL:
                details.formats[self._parsed_place()] = style.number_format
        if style.is_struck:
            details.struck.add(self._parsed_place())

    def _behind(self) -> Place:
        row, column = self._parsed_place()
        return row, column + 1

    def _parsed_place(self) -> Place:
        """Where the cell is that was begun: few are looked at, so that few references are read."""
        begun = self._place
        place: Place = self._place_of(begun) if isinstance(begun, str) else begun
        self._place = place
        return place


class Detailer:
    """The details of the sheets of a workbook with usual parts; one that is not XLSX has none."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        # Beside Calamine, which holds no lock of Python's while it reads.
        thread = ThreadPoolExecutor(1)
        self._search = thread.submit(self._tags)
        thread.shutdown(wait=False)

    def of(self, sheet: str, rows: Sequence[Sequence[Any]]) -> Details:
        """Reads what there is to know of a sheet; formats matter where a value is no text."""
        details = Details(is_known=WORKBOOK in self._parts)
        if not details.is_known:
            return details
        try:
            tags = self._search.result()
            if not tags and not self._strikes_cells and (is_text(rows) or not self._has_formats):
                return details
            details = self._scanned(sheet, rows)
            if any(tag.endswith(b"strike") for tag in tags):
                details.whole.update(self._parts_of_texts(sheet, details.struck))
        except Exception as error:  # Whatever is odd in the parts, the values can be read.
            return replace(details, unread=f"{type(error).__name__}: {error}")
        return details

    def _scanned(self, sheet: str, rows: Sequence[Sequence[Any]]) -> Details:
        with _opened(self._data, self._sheets[sheet]) as part:
            details = _scan(part, self._styles)
        for place, code in details.formats.items():
            if place not in details.formulas and _is_no_date(_value_at(rows, place), code):
                details.errors.add(place)
        return details

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
        marks = (_marks(self._data, name, b"f", _ERROR, _STRUCK, *_HIDDEN) for name in sheets)
        struck = [_marks(self._data, STRINGS, b"strike")] if STRINGS in self._parts else []
        return set().union(*marks, *struck)

    @cached_property
    def _strikes_cells(self) -> bool:
        return STYLES in self._parts and bool(_marks(self._data, STYLES, b"strike"))

    @cached_property
    def _has_formats(self) -> bool:
        """Whether cells may have formats; where there are none, a cell that names one is noted."""
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
        ((one.min_row - 1, one.min_col - 1), (one.max_row - 1, one.max_col - 1))
        for one in page.merged_cells.ranges
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
    fonts = [getattr(run, "font", None) for run in runs]
    rest = [str(run) for run, font in zip(runs, fonts, strict=True) if not (font and font.strike)]
    return "".join(rest) if len(rest) < len(runs) else None


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
    present: set[bytes] = set()
    marks: set[bytes] = set()
    end = b""
    with _opened(data, name) as part:
        while chunk := part.read(_CHUNK):
            if not end:
                prefix = _PREFIX.search(chunk)
                marks = {b"<" + ((prefix and prefix[1]) or b"") + element, *others}
            looked_at = end + chunk
            present.update(mark for mark in marks - present if mark in looked_at)
            end = chunk[-_LONGEST:]
    return present


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
