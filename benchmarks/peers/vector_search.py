"""The nearest rows of many: by LanceDB as it comes, and by numpy.

What belongs here: both as their documentation has them; LanceDB's search of a table without an
index is exact, and a batch of queries is one call. What does not: this project's search.
"""

from typing import Any

import numpy as np


class LanceDefaults:
    """A LanceDB table, searched with every default.

    Args:
        table: The table.
    """

    def __init__(self, table: Any) -> None:
        self._table = table

    def index(self) -> None:
        """Builds an index over whole vectors, which a larger table needs."""
        from lancedb.index import IvfFlat

        self._table.create_index("vector", config=IvfFlat(distance_type="cosine"))

    def search(self, queries: np.ndarray, count: int) -> list[list[str]]:
        """Returns the ids of the nearest rows of each query."""
        query = self._table.search(list(queries), vector_column_name="vector")
        found = query.select(["id"]).limit(count).to_list()
        ids: list[list[str]] = [[] for _ in queries]
        for hit in found:
            ids[hit["query_index"]].append(hit["id"])
        return ids


class BruteForce:
    """All vectors in memory, compared by one product.

    Args:
        ids: Of the rows.
        vectors: Of length 1.
    """

    def __init__(self, ids: list[str], vectors: np.ndarray) -> None:
        self._ids = ids
        self._vectors = vectors

    def search(self, queries: np.ndarray, count: int) -> list[list[str]]:
        """Returns the ids of the nearest rows of each query."""
        scores = queries @ self._vectors.T
        best = np.argpartition(-scores, count, axis=1)[:, :count]
        order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
        return [[self._ids[i] for i in row] for row in np.take_along_axis(best, order, axis=1)]
