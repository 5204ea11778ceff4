"""Names that are nearly the same.

What belongs here: how alike two column names are. What does not: which names are compared
(`hansol_assets.qa.table.mapping`).
"""

from collections.abc import Sequence
from difflib import SequenceMatcher

_ALIKE = 0.5
_MISSPELT = 0.75


def closest(name: str, candidates: Sequence[str]) -> str | None:
    """The most similar candidate, the first of equals; None where none is half alike."""
    best = max(candidates, key=lambda candidate: similarity(name, candidate), default=None)
    return best if best is not None and similarity(name, best) >= _ALIKE else None


def is_misspelt(name: str, wanted: str) -> bool:
    """Whether a name is another one with a slip of the pen, and not a name of its own.

    "categry" is; "sub_category", which says more, is not.
    """
    return abs(len(name) - len(wanted)) <= 1 and similarity(name, wanted) >= _MISSPELT


def similarity(first: str, second: str) -> float:
    """Ratcliff-Obershelp similarity of two names, 0 to 1; letters' case does not count."""
    return SequenceMatcher(None, first.casefold(), second.casefold()).ratio()
