"""The texts that tie rows to one another, compared by their keys.

What belongs here: which rows share a text, which answers are stock phrases that tie none, and which
texts tie. What does not: what is done with rows that are tied (`hansol_assets.qa.folds`).
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.qa.table.text_lists import TextLists
from hansol_assets.qa.text_keys import comparison_keys

FEWEST_STOCK_ROWS = 5
"""Rows that may share an answer in a table of any size before it can be a stock phrase."""


class Holders(NamedTuple):
    """How many rows hold each of some keys.

    Attributes:
        keys: Each once, int64.
        places: Where each stands first.
        rows: The number of rows in which it stands.
    """

    keys: np.ndarray
    places: np.ndarray
    rows: np.ndarray

    @classmethod
    def of(cls, keys: np.ndarray, rows: np.ndarray) -> Self:
        """Counts the rows of keys.

        Args:
            keys: A key a text, at least one.
            rows: The row of each text.
        """
        order = np.lexsort((rows, keys))
        ordered = keys[order]
        is_new = np.append(True, ordered[1:] != ordered[:-1])
        is_row = is_new | np.append(True, np.diff(rows[order]) != 0)
        starts = np.flatnonzero(is_new)
        first = np.minimum.reduceat(order, starts)
        return cls(ordered[starts], first, np.add.reduceat(is_row, starts, dtype=np.int64))

    def most_frequent(self) -> Self:
        """Puts those in the most rows first; of several, the one that stands first."""
        order = np.lexsort((self.places, -self.rows))
        return type(self)(*(part[order] for part in self))

    def in_more_than(self, rows: float) -> Self:
        """Leaves out the keys that stand in no more rows."""
        return type(self)(*(part[self.rows > rows] for part in self))


@dataclass(frozen=True, eq=False)
class Ties:
    """Texts of a column by which rows are tied to others.

    Attributes:
        texts: The column.
        places: Which of its texts tie, in their order.
        keys: The key of each.
        rows: The row of each.
    """

    texts: TextLists
    places: np.ndarray
    keys: np.ndarray
    rows: np.ndarray

    def only(self, chosen: np.ndarray) -> "Ties":
        """Some of the ties.

        Args:
            chosen: A mask of the ties, or places among them.
        """
        return Ties(self.texts, self.places[chosen], self.keys[chosen], self.rows[chosen])


@dataclass(frozen=True, eq=False)
class Answers:
    """The answers of a table, and which of them are stock phrases.

    Attributes:
        texts: A list a row.
        share: The share of the rows above which an answer is a stock phrase.
    """

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
    def is_own(self) -> np.ndarray:
        """Of each answer, whether it is no stock phrase."""
        return ~np.isin(self._all.keys, self.stock.keys)

    def ties(self) -> Ties:
        """The answers that tie: stock phrases only in rows that have no other answer."""
        own, rows = self.is_own, self._all.rows
        has_other = np.zeros(len(self.texts), bool)
        has_other[rows[own]] = True
        return self._all.only(own | ~has_other[rows])


def every_text(texts: TextLists) -> Ties:
    """All texts of a column as ties."""
    keys = comparison_keys(texts)
    return Ties(texts, np.arange(len(keys)), keys, texts.rows)


def ties_of(rows: pd.DataFrame, share: float) -> dict[str, Ties]:
    """What ties rows.

    Args:
        rows: The training table.
        share: The share of the rows above which an answer is a stock phrase.

    Returns:
        "question" and "answer" → the ties.
    """
    return {
        "question": every_text(TextLists.of(rows[QUESTIONS])),
        "answer": Answers(TextLists.of(rows[ANSWERS]), share).ties(),
    }
