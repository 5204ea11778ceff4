"""The rows of an index, held in memory, and the exact dense search over them.

What belongs here: comparing queries with every row. What does not: the search of a table that is
too large for that, and the fusion with full text (`hansol_assets.retrieval.search`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np
import pyarrow as pa

from hansol_assets.embedding.vectors import from_arrow, highest
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.retrieval.index import ROW_KEY, VECTOR

if TYPE_CHECKING:
    from lancedb.table import Table

_CHUNK = 128
"""Queries compared at a time: 100,000 rows then take 50 MB."""
_DECIMALS = 6
"""Of a cosine: its last bits depend on the queries beside it, and must not decide an order."""


class Found(NamedTuple):
    """A row that a search found.

    Attributes:
        row_key: Hash of its content.
        id: The row's id in the training table.
    """

    row_key: str
    id: str


class RowTexts(NamedTuple):
    """What a row was asked, and its reference answers."""

    questions: tuple[str, ...]
    answers: tuple[str, ...]


def texts_of(rows: pa.Table) -> dict[str, RowTexts]:
    """Returns row key → texts, of rows with their key, questions and answers."""
    columns = (rows[name].to_pylist() for name in (ROW_KEY, QUESTIONS, ANSWERS))
    return {
        key: RowTexts(tuple(questions), tuple(answers))
        for key, questions, answers in zip(*columns, strict=True)
    }


class RowsInMemory:
    """Rows with their vectors, in the order of their ids, so that equals are found in that order.

    Args:
        rows: Their keys and texts.
        found: Their names, in the same order.
        splits: The split of each row, [rows].
        vectors: Of length 1, [rows, dimensions].
    """

    def __init__(
        self, rows: pa.Table, found: Sequence[Found], splits: np.ndarray, vectors: np.ndarray
    ) -> None:
        self._rows = rows
        self._found = found
        self._splits = splits
        self._vectors = vectors
        self._place_of = {one.row_key: place for place, one in enumerate(found)}

    @classmethod
    def load(cls, table: "Table") -> Self:
        """Reads a version of the index.

        Args:
            table: Checked out at the version.
        """
        columns = [ROW_KEY, "id", "split", QUESTIONS, ANSWERS, VECTOR]
        held = table.search().select(columns).limit(None).to_arrow()
        held = held.combine_chunks().sort_by("id")
        width = held.schema.field(VECTOR).type.list_size
        found = list(map(Found, held[ROW_KEY].to_pylist(), held["id"].to_pylist()))
        splits = np.array(held["split"].to_pylist(), dtype=object)
        texts = held.select([ROW_KEY, QUESTIONS, ANSWERS])
        return cls(texts, found, splits, from_arrow(held[VECTOR], width))

    def texts(self, keys: Sequence[str]) -> dict[str, RowTexts]:
        """Returns row key → texts of some rows."""
        return texts_of(
            self._rows.take(pa.array([self._place_of[key] for key in keys], pa.int64()))
        )

    def search(self, queries: np.ndarray, splits: Sequence[str], count: int) -> list[list[Found]]:
        """Finds the rows with the highest cosine.

        Args:
            queries: Of length 1, [queries, dimensions].
            splits: Only rows of these are searched.
            count: Rows a query, at most.

        Returns:
            The rows of each query, nearest first.
        """
        visible = np.flatnonzero(np.isin(self._splits, list(splits)))
        count = min(count, len(visible))
        if not count:
            return [[] for _ in queries]
        vectors = self._vectors if len(visible) == len(self._vectors) else self._vectors[visible]
        found: list[list[Found]] = []
        for start in range(0, len(queries), _CHUNK):
            asked = queries[start : start + _CHUNK].astype(np.float32)
            places = visible[highest((asked @ vectors.T).round(_DECIMALS), count)]
            found += [[self._found[place] for place in own] for own in places]
        return found
