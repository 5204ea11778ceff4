"""Cosine scores of vectors against reference answers.

What belongs here: the score itself and who is in the public part. What does not: what the score is
compared with (`hansol_assets.scoring.baselines`) and how sure it is
(`hansol_assets.scoring.bootstrap`).
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from hansol_assets.embedding.vectors import mean_directions, unit


def reference_cosines(vectors: np.ndarray, references: Sequence[np.ndarray]) -> np.ndarray:
    """Mean cosine of each vector to the references of its own question.

    Args:
        vectors: [questions, dimensions].
        references: One array a question, [references of the question, dimensions].

    Returns:
        [questions], each -1 to 1. A zero vector scores 0.

    Raises:
        ValueError: The numbers of vectors and of questions differ, or a question has no reference.
    """
    if len(vectors) != len(references):
        msg = f"{len(vectors)} vectors for {len(references)} questions"
        raise ValueError(msg)
    if not all(len(own) for own in references):
        msg = "every question needs at least one reference"
        raise ValueError(msg)
    means = mean_directions(references)
    return np.einsum("qd,qd->q", unit(np.asarray(vectors, dtype=np.float64)), means)


def public_mask(ids: Sequence[str], share: float, salt: str) -> np.ndarray:
    """Draws the questions of the public leaderboard: those with the smallest salted hashes.

    Args:
        ids: Ids of the questions; their order does not matter.
        share: Share of the questions that is public, 0 to 1.
        salt: Another salt draws other questions.

    Returns:
        [questions] bool; `round(share · n)` are true, at least one where `share` is above 0.
    """
    count = round(share * len(ids))
    if share > 0:
        count = max(1, count)
    digests = [hashlib.sha256(f"{salt}\x1f{key}".encode()).digest() for key in ids]
    public = np.zeros(len(ids), dtype=bool)
    public[sorted(range(len(ids)), key=digests.__getitem__)[:count]] = True
    return public
