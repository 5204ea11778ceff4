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
        is_known: Whether the file says all this; formats other than XLSX are not read for it.
    """

    formats: dict[Place, str] = field(default_factory=dict)
    formulas: set[Place] = field(default_factory=set)
    errors: set[Place] = field(default_factory=set)
    struck: set[Place] = field(default_factory=set)
    whole: dict[Place, str] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)
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
        self.found = Details()
        self.hidden_rows: list[str] = []
        self.hidden_columns: list[str] = []
        self._styles = styles
        self._place = (0, 0)
        self._kind, self._style = "n", 0
        self._inside: set[str] = set()

    def begin(self, tag: str, attributes: Mapping[str, str]) -> None:
        """Takes an element."""
        name = tag.rpartition(_SPACE)[2]
        if name == "c":
            self.note()
            self._kind, self._style = attributes.get("t", "n"), int(attributes.get("s", 0))
            self._place = _place(attributes.get("r"), self._place)
        elif name in ("v", "is", "f"):
            self._inside.add(name)
        elif name == "row":
            self.note()
            self._place = (int(attributes.get("r", self._place[0] + 1)), 0)
            if attributes.get("hidden") in _TRUE:
                self.hidden_rows.append(f"row {self._place[0]}")
        elif name == "col" and attributes.get("hidden") in _TRUE:
            from openpyxl.utils import get_column_letter

            self.hidden_columns.append(f"column {get_column_letter(int(attributes['min']))}")

    def note(self) -> None:
        """Notes the cell that was begun; one that holds nothing is none."""
        if not self._inside:
            return
        is_formula = "f" in self._inside
        self._inside.clear()
        style = self._styles[self._style]
        if is_formula:
            self.found.formulas.add(self._place)
        elif self._kind == "e":
            self.found.errors.add(self._place)
        if (is_formula or self._kind not in _TEXTS) and style.number_format not in GENERAL:
            self.found.formats[self._place] = style.number_format
        if style.is_struck:
            self.found.struck.add(self._place)


def _place(reference: str | None, before: Place) -> Place:
    """Where a cell is; one that does not say so is behind the one before it."""
    from openpyxl.utils.cell import coordinate_to_tuple

    return coordinate_to_tuple(reference) if reference else (before[0], before[1] + 1)
