"""What the cells of a column look like: a question, an answer, or neither."""

import re
from collections.abc import Callable, Mapping, Sequence

import pyarrow as pa

from hansol_assets.qa.table.raw_table import Column, as_text
from hansol_assets.qa.table.repairs import mend

_LOOKED_AT = 200
"""Rows that are looked at."""
_MOST = 0.9
_SOME = 0.2
_FEW_VALUES = 0.3
"""Share of different values below which a column is one of classes."""
_CLASSES_FROM = 5
_SHORTEST_ANSWER = 5

# A number with its unit or sign, a date or a time, a code ("T-1001", a UUID, an address).
_NO_TEXT = re.compile(
    r"[^\w]*[-+]?\d[\d.,:/%\s-]*(?:원|개|건|점|명|회|년|월|일|시|분|초|\w{1,3})?[.)]*"
    r"|\d{2,4}\s*[-./년]\s*\d{1,2}\s*[-./월]\s*\d{1,2}\s*일?\.?(?:[T\s]+(?:오전|오후|[AP]M)?.*)?"
    r"|[A-Za-z]{0,8}[-_#:]?\d[\w.:-]*|[0-9a-fA-F-]{16,}|\S+@\S+|https?://\S+"
    r"|true|false|yes|no|y|n|o|x",
    re.IGNORECASE,
)
_ASKS = re.compile(
    r"[?？]|(?:나요|까요|가요|은지|는지|ㄴ지|주세요|어떻게|무엇|왜)|(?:^|\s)(?:how|what|why|can|does)\s",
    re.IGNORECASE,
)


def first_texts(column: Column) -> list[str]:
    """The first cells of a column, mended, as far as they are looked at."""
    head = column[:_LOOKED_AT]
    cells = map(as_text, head.to_pylist() if isinstance(head, pa.ChunkedArray) else head)
    return [mend(cell) for cell in cells]


def is_no_text(cell: str) -> bool:
    """Whether a cell is a number, a date or a code."""
    return bool(_NO_TEXT.fullmatch(cell))


class Looks:
    """What the columns of a table look like, by the first filled cells of each.

    Without a column nothing is known of it, and the order of the columns is all there is.
    """

    def __init__(self, columns: Mapping[str, Sequence[str]]) -> None:
        self._cells = {
            name: [cell.strip() for cell in cells if cell.strip()][:_LOOKED_AT]
            for name, cells in columns.items()
        }

    def holds_no_text(self, name: str) -> bool:
        """Whether a column holds numbers, dates or codes, or nothing."""
        cells = self._cells.get(name)
        return cells is not None and (not cells or _share(cells, is_no_text) >= _MOST)

    def question(self, names: Sequence[str]) -> str | None:
        """The column that asks most; where none asks, the first of two texts, or the only one."""
        texts = self._texts(names)
        if not self._cells:
            return next(iter(texts), None)
        asking = max(texts, key=self._asking, default=None)
        if asking is not None and self._asking(asking) >= _SOME:
            return asking
        long = self._long(texts)
        return long[0] if len(long) in (1, 2) else None

    def answer(self, names: Sequence[str]) -> str | None:
        """The column of the longest texts; None where they may all be classes."""
        texts = self._texts(names)
        if not self._cells or len(texts) == 1:
            return next(iter(texts), None)
        return max(self._long(texts), key=self._length, default=None)

    def _texts(self, names: Sequence[str]) -> list[str]:
        return [name for name in names if not self.holds_no_text(name)]

    def _long(self, names: Sequence[str]) -> list[str]:
        return [
            name
            for name in names
            if self._length(name) >= _SHORTEST_ANSWER and not self._is_of_classes(name)
        ]

    def _is_of_classes(self, name: str) -> bool:
        cells = self._cells[name]
        return len(cells) >= _CLASSES_FROM and len(set(cells)) < _FEW_VALUES * len(cells)

    def _asking(self, name: str) -> float:
        return _share(self._cells[name], _ASKS.search)

    def _length(self, name: str) -> float:
        cells = self._cells[name]
        return sum(map(len, cells)) / max(1, len(cells))


def _share(cells: Sequence[str], holds: Callable[[str], object]) -> float:
    return sum(bool(holds(cell)) for cell in cells) / max(1, len(cells))
