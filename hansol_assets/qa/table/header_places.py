"""Where a header stands below the titles of a file.

What belongs here: choosing among the first rows. What does not: which names are known
(`hansol_assets.qa.table.names`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from hansol_assets.qa.table.names import clean_name
from hansol_assets.qa.table.source import IsHeader

TITLE_ROWS = 10
"""Rows at the top in which the header is looked for: exports put a title above it."""


class HeaderPlace(NamedTuple):
    """A row that may be the header.

    Attributes:
        place: Which of the rows, from 0.
        known: How many of its names are known; 0 where it is none.
    """

    place: int
    known: int


def best_header(rows: Sequence[Sequence[str]], is_header: IsHeader) -> HeaderPlace:
    """The row with most known names, the first of equals; the first row where none has one.

    So a title that is one known word ("질문") is no header where the line below has two.
    """
    found = [HeaderPlace(0, 0)]
    for place, cells in enumerate(rows[:TITLE_ROWS]):
        names = [clean_name(cell) for cell in cells]
        if is_header(names):
            known = sum(is_header([name]) for name in dict.fromkeys(names) if name)
            found.append(HeaderPlace(place, max(1, known)))
    return max(found, key=lambda one: one.known)
