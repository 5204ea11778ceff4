"""Small repairs to a table's cells, each of them counted.

What belongs here: repairs that cannot change what a cell says. What does not: anything that needs
a decision, which is a violation of the contract (`hansol_assets.qa.table.contract`).
"""

import unicodedata
from collections import Counter
from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.markup import (
    shown_by_a_browser,
    shown_by_a_sheet,
    with_line_breaks,
    without_thinking,
)

NFC = "nfc"
OUTER_SPACES = "outer_spaces"
STRAY_QUOTES = "stray_quotes"
BLANK_LINES = "blank_lines"
NAMES = "column_names"
"""Names of columns with invisible or full-width characters in them."""
REPAIRS = (NFC, OUTER_SPACES, STRAY_QUOTES, BLANK_LINES, NAMES)
"""Kinds that are told at 0, too."""
THINKING = "thinking"
HTML = "html"
FORMULAS = "formulas"
BREAKS = "breaks"
LISTS_AS_TEXT = "lists"
MASKED = "masked"
SAID = {
    MASKED: "personal numbers were masked in {}",
    THINKING: "what a model wrote for itself (<think>) was taken out of {}",
    HTML: "tags and entities of web pages (HTML) were taken out of {}",
    FORMULAS: 'a formula that is a text (="…") was read as that text in {}',
    LISTS_AS_TEXT: "a list written as a text was read as its texts in {}",
    BREAKS: "a break written as \\n was read as one in {}",
}
"""Kind of repair → what a person is told of it; each changes signs that can be seen."""

_QUOTE = '"'
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
"""Zero-width characters, direction marks, the byte order mark and the soft hyphen: invisible in an
editor, and not stripped by str.strip."""

_SIGNS = r"[!#-%'-;=-\[\]-~가-힣]+"
_PLAIN = rf"^(?:{_SIGNS}(?: {_SIGNS})*)?$"
"""Composed syllables and ASCII without quotes, "<", "&" and backslashes, single spaces between
them: nothing to mend."""


def is_plain(cells: pa.Array) -> pa.BooleanArray:
    """Tells the cells that hold nothing but syllables, harmless ASCII signs, and spaces.

    Args:
        cells: Strings, none of them null.
    """
    return pc.match_substring_regex(cells, _PLAIN)


def mend_all(cells: pa.Array, plain: pa.BooleanArray, repairs: Counter[str]) -> pa.Array:
    """Mends cells as `mend` does; it is called for those alone that are not plain.

    Args:
        cells: Strings, none of them null.
        plain: Whether `is_plain` says so of each.
        repairs: Counts of mended cells by kind of repair; added to.
    """
    doubtful = pc.invert(plain)
    found = cells.filter(doubtful).to_pylist()
    if not found:
        return cells
    mended = pa.array([mend(cell, repairs) for cell in found], cells.type)
    return pc.replace_with_mask(cells, doubtful, mended)


def mend(cell: str, repairs: Counter[str]) -> str:
    """Normalise a cell to NFC, strip outer spaces, remove one stray quote, and read what is marked.

    That is: a text as a browser and a spreadsheet would show it, its line breaks real ones.

    Args:
        cell: The cell as it stands in the file.
        repairs: Counts of mended cells by kind of repair; added to.

    Returns:
        The mended cell. Mending it again changes nothing.
    """
    normal = nfc(cell)
    repairs[NFC] += normal is not cell
    stripped = strip_outer(normal)
    repairs[OUTER_SPACES] += stripped != normal
    shown = _shown(stripped, repairs)
    unquoted = _without_stray_quote(shown)
    repairs[STRAY_QUOTES] += unquoted != shown
    return unquoted


def nfc(text: str) -> str:
    """A text in composed signs; itself where it is so already."""
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)


def repair_notes(repairs: Mapping[str, int]) -> list[str]:
    """What a person is told of the repairs that change what can be seen."""
    return [
        said.format(f"{repairs[kind]:,} cell{'s' * (repairs[kind] > 1)}")
        for kind, said in SAID.items()
        if repairs.get(kind)
    ]


def _shown(text: str, repairs: Counter[str]) -> str:
    for kind, read in _READINGS.items():
        shown = read(text)
        if shown != text:
            repairs[kind] += 1
            text = strip_outer(shown)
    return text


_READINGS = {
    THINKING: without_thinking,
    FORMULAS: shown_by_a_sheet,
    HTML: shown_by_a_browser,
    BREAKS: with_line_breaks,
}


def strip_outer(text: str) -> str:
    """Strip white space and invisible characters from both ends."""
    core = text.strip()
    while core and (core[0] in INVISIBLE or core[-1] in INVISIBLE):
        core = core.strip(INVISIBLE).strip()
    return core


def _without_stray_quote(text: str) -> str:
    """Remove the one quote at an end that has no partner.

    A stray quote is what a doubly quoted export leaves behind. It leaves it at the end more often
    than at the start, so the end is looked at first.
    """
    if text.count(_QUOTE) % 2 == 0:
        return text
    if text.endswith(_QUOTE):
        return strip_outer(text.removesuffix(_QUOTE))
    if text.startswith(_QUOTE):
        return strip_outer(text.removeprefix(_QUOTE))
    return text
