"""The cells of a table as mended texts, row by row.

What belongs here: from columns of cells to lists of texts, with empty cells, placeholders and
doubles left out. What does not: which columns hold what (`hansol_assets.qa.table.mapping`).
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from hansol_assets.qa.table.names import is_plural
from hansol_assets.qa.table.nested import as_text, nested_value, texts_of
from hansol_assets.qa.table.repairs import mend
from hansol_assets.qa.table.source import Source
from hansol_assets.qa.table.violations import Violation

LONGEST_CELL = 20_000
"""Characters of a cell; a longer one has swallowed its neighbours, or is no answer."""

_LONGEST_PLACEHOLDER = 20


class TextCells:
    """The cells of a source as texts.

    Args:
        source: The columns.
        repairs: Counts of mended cells by kind; added to.
        placeholders: Cells that stand for no text.
    """

    def __init__(self, source: Source, repairs: Counter[str], placeholders: Iterable[str]) -> None:
        self._source = source
        self._repairs = repairs
        self._placeholders = frozenset(map(placeholder_key, placeholders))

    def raw(self, name: str) -> list[Any]:
        """A column's cells as they are."""
        return self._source.columns[self._source.header.index(name)]

    def column(self, name: str) -> list[str]:
        """A column's cells, mended; of a cell that holds several texts, its JSON."""
        return [mend(as_text(cell), self._repairs) for cell in self.raw(name)]

    def lists(self, names: Sequence[str]) -> tuple[list[list[str]], list[Violation]]:
        """The filled texts of some columns, row by row, in the order of the columns.

        A text that stands in a row twice counts once. A column holds a text or, in JSON, Parquet
        and a column of a plural name ("answers"), a list of them.

        Returns:
            The texts, and a violation for each that is too long.
        """
        rows: list[list[str]] = [[] for _ in self._source.places]
        violations = []
        for name in names:
            for row, place, cell in zip(rows, self._source.places, self.raw(name), strict=True):
                for text in self._texts(cell, name):
                    if len(text) > LONGEST_CELL:
                        violations.append(self._too_long(place, name, len(text)))
                    row.append(text)
        return [_once(row) for row in rows], violations

    def _texts(self, cell: Any, name: str) -> list[str]:
        value = nested_value(cell) if is_plural(name) else cell
        found = [value] if isinstance(value, str) else texts_of(value, asks=name in _ASKS)
        mended = (mend(text, self._repairs) for text in found)
        return [text for text in mended if text and not self._is_placeholder(text)]

    def _is_placeholder(self, text: str) -> bool:
        return len(text) <= _LONGEST_PLACEHOLDER and placeholder_key(text) in self._placeholders

    def _too_long(self, place: int, name: str, length: int) -> Violation:
        problem = f"holds {length} characters, of {LONGEST_CELL} at most"
        remedy = "shorten it, or close the quote that opens it"
        return Violation(place, name, problem, remedy, self._source.unit)


_ASKS = frozenset({"prompt", "question", "instruction", "user", "질문"})
"""Columns of which a list of turns is read for the question, and not for the answer."""


def placeholder_key(text: str) -> str:
    """What makes two placeholders the same: NFKC, one case, no spaces, dots or brackets around."""
    key = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    for dash in "‐‑‒–—―ー":
        key = key.replace(dash, "-")
    return key.strip(".()[]<>{}\"'") or key


def _once(texts: list[str]) -> list[str]:
    """The texts without those that say, but for spaces, case and end mark, what one before says."""
    first_of: dict[str, str] = {}
    for text in texts:
        first_of.setdefault(" ".join(text.split()).rstrip(".!?。").casefold(), text)
    return list(first_of.values())
