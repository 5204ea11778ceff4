"""Algebra of vectors that everything above shares: directions, their means, and groups of them."""

from collections.abc import Iterable, Sequence, Sized

import numpy as np
import pyarrow as pa


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scales vectors along the last axis to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)


def mean_directions(groups: Iterable[np.ndarray]) -> np.ndarray:
    """The mean of each group's vectors scaled to length 1, [groups, dimensions] float64.

    The mean cosine to the vectors of a group is the dot product with this mean.
    """
    return np.stack([unit(np.asarray(group, dtype=np.float64)).mean(axis=0) for group in groups])


def split_like(vectors: np.ndarray, groups: Sequence[Sized]) -> list[np.ndarray]:
    """Cuts vectors that were stacked over groups into one array a group, in order."""
    ends = np.cumsum([len(group) for group in groups], dtype=np.int64)
    return np.split(vectors, ends)[:-1]


def highest(scores: np.ndarray, count: int) -> np.ndarray:
    """Columns of the highest `scores` [questions, rows], highest first, [questions, count].

    Of equals the first come first; `count` is at most the number of rows.
    """
    if not count:
        return np.zeros((len(scores), 0), dtype=np.int64)
    bounds = -np.partition(-scores, count - 1, axis=1)[:, count - 1]
    columns = np.zeros((len(scores), count), dtype=np.int64)
    for number, (row, bound) in enumerate(zip(scores, bounds, strict=True)):
        above = np.flatnonzero(row >= bound)
        columns[number] = above[np.argsort(-row[above], kind="stable")[:count]]
    return columns


def from_arrow(column: pa.ChunkedArray, width: int) -> np.ndarray:
    """A column of vectors of one width as an array, [rows, width] float32."""
    flat = pa.chunked_array([chunk.flatten() for chunk in column.chunks], pa.float32())
    return flat.to_numpy().reshape(-1, width)
