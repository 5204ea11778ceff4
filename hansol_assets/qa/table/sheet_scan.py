"""One pass over the XML of a sheet: which cells have a format, a formula, an error, a line through.

What belongs here: what a cell's own element says of it beyond its value. What does not: what its
value is, and when a sheet is looked at (`hansol_assets.qa.table.sheet_details`). Openpyxl makes
objects of every cell, which takes several times as long as reading the values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, NamedTuple
from xml.parsers import expat

Place = tuple[int, int]
"""Row and column of a cell, both from 1."""

GENERAL = frozenset({"General", "@"})
_SPACE = " "
"""Stands between an element's namespace and its name."""
_TEXTS = frozenset({"s", "str", "inlineStr"})
_TRUE = frozenset({"1", "true"})


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
        formulas: Cells with a formula.
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


def scan(part: IO[bytes], styles: Sequence[Style]) -> Details:
    """Reads what a sheet's XML says of its cells.

    Args:
        part: The XML.
        styles: The workbook's, by their numbers.
    """
    scanner = _Scanner(styles)
    parser = expat.ParserCreate(namespace_separator=_SPACE)
    parser.StartElementHandler = scanner.begin
    parser.ParseFile(part)
    scanner.note()
    scanner.found.hidden.extend([*scanner.hidden_rows, *scanner.hidden_columns])
    return scanner.found


class _Scanner:
    """Is told of every element, and notes a cell once the next one begins."""

    def __init__(self, styles: Sequence[Style]) -> None:
        from openpyxl.utils.cell import coordinate_to_tuple

        self.found = Details()
        self.hidden_rows: list[str] = []
        self.hidden_columns: list[str] = []
        self._styles = styles
        self._place_of = coordinate_to_tuple
        self._row = 0
        self._place: Place | str = (0, 0)
        self._kind, self._style = "n", 0
        self._inside: set[str] = set()

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Takes an element."""
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
        is_styled, found = 0 <= self._style < len(self._styles), self.found
        style = self._styles[self._style] if is_styled else _NO_STYLE
        if is_formula:
            found.formulas.add(self._found_place())
        elif self._kind == "e":
            found.errors.add(self._found_place())
        if is_formula or self._kind not in _TEXTS:
            if not is_styled:
                found.unstyled.add(self._found_place())
            elif style.number_format not in GENERAL:
                found.formats[self._found_place()] = style.number_format
        if style.is_struck:
            found.struck.add(self._found_place())

    def _behind(self) -> Place:
        """Where a cell is that does not say so."""
        row, column = self._found_place()
        return row, column + 1

    def _found_place(self) -> Place:
        """Where the cell is that was begun: few are looked at, so that few references are read."""
        begun = self._place
        place: Place = self._place_of(begun) if isinstance(begun, str) else begun
        self._place = place
        return place
