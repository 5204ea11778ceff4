"""Algebra of vectors that everything above shares: directions, their means, and groups of them.

What belongs here: operations on arrays alone. What does not: where vectors come from
(`hansol_assets.embedding.embedder`) and what they score (`hansol_assets.scoring.cosine`).
"""

from collections.abc import Iterable, Sequence, Sized

import numpy as np


def unit(vectors: np.ndarray) -> np.ndarray:
    """Scales vectors along the last axis to length 1; a zero vector stays zero."""
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(norms == 0, 1, norms)


def mean_directions(references: Iterable[np.ndarray]) -> np.ndarray:
    """The mean of each question's references scaled to length 1, [questions, dimensions].

    The mean cosine to the references is the dot product with this mean; so its direction is the
    vector with the highest score.
    """
    return np.stack([unit(np.asarray(own, dtype=np.float64)).mean(axis=0) for own in references])


def split_like(vectors: np.ndarray, groups: Sequence[Sized]) -> list[np.ndarray]:
    """Cuts vectors that were stacked over groups into one array a group, in order."""
    ends = np.cumsum([len(group) for group in groups], dtype=np.int64)
    return np.split(vectors, ends)[:-1]
