"""The rows of an index, held in memory, and the exact dense search over them.

What belongs here: comparing queries with every row. What does not: the search of a table that is
too large for that, and the fusion with full text (`hansol_assets.retrieval.search`).
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pyarrow as pa

from hansol_assets.embedding.vectors import from_arrow, highest
from hansol_assets.retrieval.index import VECTOR

if TYPE_CHECKING:
    from lancedb.table import Table

_CHUNK = 128
"""Queries compared at a time: 100,000 rows then take 50 MB."""
_DECIMALS = 6
"""Of a cosine: its last bits depend on the queries beside it, and must not decide an order."""


class RowsInMemory:
    """Rows with their vectors, in the order of their ids, so that equals are found in that order.

    Args:
        rows: What is told of a row that is found.
        splits: The split of each row, [rows].
        vectors: Of length 1, [rows, dimensions].
    """

    def __init__(self, rows: pa.Table, splits: np.ndarray, vectors: np.ndarray) -> None:
        self._rows = rows
        self._splits = splits
        self._vectors = vectors

    @classmethod
    def load(cls, table: "Table", columns: Sequence[str]) -> Self:
        """Reads a version of the index.

        Args:
            table: Checked out at the version.
            columns: What is told of a row that is found, its id among them.
        """
        held = table.search().select([*columns, "split", VECTOR]).limit(None).to_arrow()
        held = held.combine_chunks().sort_by("id")
        width = held.schema.field(VECTOR).type.list_size
        vectors = from_arrow(held[VECTOR], width)
        splits = np.array(held["split"].to_pylist(), dtype=object)
        return cls(held.select(list(columns)), splits, vectors)

    def search(
        self, queries: np.ndarray, splits: Sequence[str], count: int
    ) -> list[list[dict[str, Any]]]:
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
        found: list[list[dict[str, Any]]] = []
        for start in range(0, len(queries), _CHUNK):
            asked = queries[start : start + _CHUNK].astype(np.float32)
            places = visible[highest((asked @ vectors.T).round(_DECIMALS), count)]
            told = self._rows.take(pa.array(places.ravel())).to_pylist()
            found += [told[row * count : (row + 1) * count] for row in range(len(asked))]
        return found
