"""Small repairs to a table's cells, each of them counted.

What belongs here: repairs that cannot change what a cell says. What does not: anything that needs
a decision, which is a violation of the contract (`hansol_assets.qa.table.contract`).
"""

import unicodedata
from collections import Counter

import pyarrow as pa
import pyarrow.compute as pc

NFC = "nfc"
OUTER_SPACES = "outer_spaces"
STRAY_QUOTES = "stray_quotes"
BLANK_LINES = "blank_lines"
NAMES = "column_names"
"""Names of columns with invisible or full-width characters in them."""
REPAIRS = (NFC, OUTER_SPACES, STRAY_QUOTES, BLANK_LINES, NAMES)

_QUOTE = '"'
INVISIBLE = "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad"
"""Zero-width characters, direction marks, the byte order mark and the soft hyphen: invisible in an
editor, and not stripped by str.strip."""

_PLAIN = r"^(?:[!#-~가-힣]+(?: [!#-~가-힣]+)*)?$"
"""Composed syllables and ASCII without quotes, single spaces between them: nothing to mend."""


def is_plain(cells: pa.Array) -> pa.BooleanArray:
    """Tells the cells that hold nothing but syllables, ASCII signs without quotes, and spaces.

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
    """Normalise a cell to NFC, strip outer spaces and remove one stray quote.

    Args:
        cell: The cell as it stands in the file.
        repairs: Counts of mended cells by kind of repair; added to.

    Returns:
        The mended cell. Mending it again changes nothing.
    """
    normal = cell if unicodedata.is_normalized("NFC", cell) else unicodedata.normalize("NFC", cell)
    repairs[NFC] += normal is not cell
    stripped = strip_outer(normal)
    repairs[OUTER_SPACES] += stripped != normal
    unquoted = _without_stray_quote(stripped)
    repairs[STRAY_QUOTES] += unquoted != stripped
    return unquoted


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
