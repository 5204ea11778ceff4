"""The rows that an index is made of, some at a time.

What belongs here: handing rows with their folds to the index without holding all of them. What does
not: what the index makes of them (`hansol_assets.retrieval.index`).
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

import pandas as pd

from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS

INDEXED_COLUMNS = ("id", "category", "fold", "split", QUESTIONS, ANSWERS)
CHUNK = 20_000
"""Rows that are worked on at a time: their texts and vectors take about 150 MB."""


class IndexedRows(Protocol):
    """Rows with the columns `INDEXED_COLUMNS`, in one order."""

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time; as often as it is asked."""

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids, in their order."""


class FrameRows:
    """Rows that are in memory already.

    Args:
        rows: Training table: `id, questions, category, answers`.
        folds: `id, fold, split` of the rows.
    """

    def __init__(self, rows: pd.DataFrame, folds: pd.DataFrame) -> None:
        joined = rows.merge(folds[["id", "fold", "split"]], on="id", validate="one_to_one")
        if len(joined) != len(rows):
            msg = f"{len(rows) - len(joined)} rows have no fold"
            raise ValueError(msg)
        self._rows = joined[list(INDEXED_COLUMNS)]

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time."""
        for start in range(0, len(self._rows), CHUNK):
            yield self._rows.iloc[start : start + CHUNK]

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids, in their order."""
        return self._rows[self._rows["id"].isin(ids)]
