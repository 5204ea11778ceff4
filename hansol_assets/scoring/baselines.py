"""What every score stands beside: how well one does with nothing, and how well people do.

What belongs here: the baselines' scores, question by question, so that differences can be paired.
What does not: the figures made of them (`hansol_assets.scoring.bootstrap`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.cosine import reference_cosines

CONSTANT = "constant"
CENTROID = "centroid"
NEAREST = "nearest"
HUMAN = "human"
CEILING = "ceiling"


def centroid(vectors: np.ndarray) -> np.ndarray:
    """The direction of the mean of vectors scaled to length 1, [dimensions]."""
    return unit(unit(np.asarray(vectors, dtype=np.float64)).mean(axis=0))


def human_scores(references: Sequence[np.ndarray]) -> np.ndarray:
    """Leave-one-out score of the references: each against the others of its question, averaged.

    With m unit references r and their sum s, the mean cosine over pairs is (s·s - m) / (m (m - 1)).

    Returns:
        [questions]; NaN for a question with a single reference.
    """
    return np.array([_mean_pairwise_cosine(own) for own in references])


def ceiling_scores(references: Sequence[np.ndarray]) -> np.ndarray:
    """Score of the best vector there is for each question: the mean of its references."""
    return reference_cosines(mean_directions(references), references)


def baseline_scores(
    references: Sequence[np.ndarray], centroid_vector: np.ndarray, nearest_vectors: np.ndarray
) -> pd.DataFrame:
    """Scores every baseline on every question.

    Args:
        references: One array a question, [references of the question, dimensions].
        centroid_vector: [dimensions], of the training answers.
        nearest_vectors: [questions, dimensions], of the nearest row's first answer.

    Returns:
        Columns `constant` (a vector of ones: no information), `centroid`, `nearest`, `human`,
        `ceiling`; one row a question.
    """
    size = (len(references), len(centroid_vector))
    return pd.DataFrame(
        {
            CONSTANT: reference_cosines(np.ones(size), references),
            CENTROID: reference_cosines(np.broadcast_to(centroid_vector, size), references),
            NEAREST: reference_cosines(nearest_vectors, references),
            HUMAN: human_scores(references),
            CEILING: ceiling_scores(references),
        }
    )


def _mean_pairwise_cosine(references: np.ndarray) -> float:
    directions = unit(np.asarray(references, dtype=np.float64))
    count = len(directions)
    if count < 2:
        return float("nan")
    # A zero reference has no cosine with itself to take off.
    total = directions.sum(axis=0)
    with_itself = np.einsum("rd,rd->", directions, directions)
    return float((total @ total - with_itself) / (count * (count - 1)))
