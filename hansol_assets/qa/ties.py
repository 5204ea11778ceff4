"""The texts that tie rows to one another, by their keys, and stock phrases, which tie none."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.qa.text_lists import TextLists, comparison_keys

FEWEST_STOCK_ROWS = 5
"""Rows that may share an answer in a table of any size before it can be a stock phrase."""


class Holders(NamedTuple):
    """How many rows hold each of some keys.

    Attributes:
        keys: Each once, int64.
        first: Where each stands first.
        rows: The number of rows in which it stands.
    """

    keys: np.ndarray
    first: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, rows: np.ndarray) -> Self:
        """Counts the rows of at least one key; `rows` is the row of each."""
        order = np.lexsort((rows, keys))
        ordered = keys[order]
        is_new = np.append(True, ordered[1:] != ordered[:-1])
        is_row = is_new | np.append(True, np.diff(rows[order]) != 0)
        starts = np.flatnonzero(is_new)
        first = np.minimum.reduceat(order, starts)
        return cls(ordered[starts], first, np.add.reduceat(is_row, starts, dtype=np.int64))

    def most_frequent(self) -> Self:
        """Puts those in the most rows first; of several, the one that stands first."""
        order = np.lexsort((self.first, -self.rows))
        return type(self)(*(part[order] for part in self))

    def in_more_than(self, rows: float) -> Self:
        """Leaves out the keys that stand in no more rows."""
        return type(self)(*(part[self.rows > rows] for part in self))


@dataclass(frozen=True, eq=False)
class Ties:
    """Texts of a column by which rows are tied to others.

    Attributes:
        texts: The column.
        indices: Which of its texts tie, in their order.
        keys: The key of each.
        rows: The row of each.
    """

    texts: TextLists
    indices: np.ndarray
    keys: np.ndarray
    rows: np.ndarray

    def only(self, chosen: np.ndarray) -> "Ties":
        """Some of the ties, by a mask or by indices."""
        return Ties(self.texts, self.indices[chosen], self.keys[chosen], self.rows[chosen])


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a table; one in more than a share of the rows is a stock phrase."""

    texts: TextLists
    share: float

    @cached_property
    def _all(self) -> Ties:
        return every_text(self.texts)

    @cached_property
    def stock(self) -> Holders:
        """The stock phrases, those in the most rows first."""
        if not len(self._all.keys):
            return Holders(*3 * [np.empty(0, np.int64)])
        most = max(FEWEST_STOCK_ROWS, self.share * len(self.texts))
        return Holders.of(self._all.keys, self._all.rows).in_more_than(most).most_frequent()

    @property
    def is_specific(self) -> np.ndarray:
        """Of each answer, whether it is no stock phrase."""
        return ~np.isin(self._all.keys, self.stock.keys)

    def ties(self) -> Ties:
        """The answers that tie: stock phrases only in rows that have no other answer."""
        specific, rows = self.is_specific, self._all.rows
        has_other = np.zeros(len(self.texts), bool)
        has_other[rows[specific]] = True
        return self._all.only(specific | ~has_other[rows])


def every_text(texts: TextLists) -> Ties:
    """All texts of a column as ties."""
    keys = comparison_keys(texts)
    return Ties(texts, np.arange(len(keys)), keys, texts.rows)


def ties_of(rows: pd.DataFrame, share: float) -> dict[str, Ties]:
    """What ties rows of the training table: "question" and "answer" → the ties.

    An answer in more than this share of the rows is a stock phrase.
    """
    return {
        "question": every_text(TextLists.of(rows[QUESTIONS])),
        "answer": Answers(TextLists.of(rows[ANSWERS]), share).ties(),
    }
