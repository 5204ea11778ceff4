"""Scores question by question: cosine to the references, chrF, the baselines, and their weights.

A score is the mean cosine of a vector to the references of its question. Beside it stand what one
does with nothing (constant, centroid), with the nearest answer, and how well people do.
"""

import hashlib
from collections.abc import Sequence

import numpy as np
import pandas as pd

from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.qa.pairing import SINGLE

CONSTANT = "constant"
CENTROID = "centroid"
NEAREST = "nearest"
HUMAN = "human"
CEILING = "ceiling"
BASELINES = (CONSTANT, CENTROID, NEAREST, HUMAN, CEILING)

ASKED = "asked"
"""The column that says of which kind a judged question is."""
KNOWN, UNKNOWN = "known", "unknown"
"""Whether the row that answers is in the table while the question is asked."""
WEIGHT = "weight"
"""The column with a judged question's share of the mix; all of a table sum to 1."""
PUBLIC_SHARE = 0.4
"""Share of the questions on the public leaderboard, as the competition had it."""
EVEN_SHARE = 0.5
"""The share of known questions where there are no questions to be answered."""
_TINY = 1e-9


def reference_cosines(vectors: np.ndarray, references: Sequence[np.ndarray]) -> np.ndarray:
    """Mean cosine of each vector to the references of its own question, [questions], -1 to 1.

    Vectors are [questions, dimensions], a zero vector scores 0; references are one array a
    question, [references of the question, dimensions].

    Raises:
        ValueError: The numbers of vectors and of questions differ, or a question has no reference.
    """
    if len(vectors) != len(references):
        msg = f"{len(vectors)} vectors for {len(references)} questions"
        raise ValueError(msg)
    if not all(map(len, references)):
        msg = "every question needs at least one reference"
        raise ValueError(msg)
    means = mean_directions(references)
    return np.einsum("qd,qd->q", unit(np.asarray(vectors, dtype=np.float64)), means)


def public_mask(ids: Sequence[str]) -> np.ndarray:
    """Draws the questions of the public leaderboard: those with the smallest salted hashes.

    Returns:
        [questions] bool, whatever the order of the ids; `PUBLIC_SHARE` are true, at least one.
    """
    count = max(1, round(PUBLIC_SHARE * len(ids)))
    digests = [hashlib.sha256(f"public\x1f{key}".encode()).digest() for key in ids]
    public = np.zeros(len(ids), dtype=bool)
    public[sorted(range(len(ids)), key=digests.__getitem__)[:count]] = True
    return public


def chrf_scores(texts: Sequence[str], references: Sequence[Sequence[str]]) -> list[float]:
    """Sentence chrF (Popović 2015) of each text against the best of its references, 0 to 100."""
    from sacrebleu.metrics.chrf import CHRF

    chrf = CHRF()
    return [
        float(chrf.sentence_score(text, list(others)).score)
        for text, others in zip(texts, references, strict=True)
    ]


def centroid(vectors: np.ndarray) -> np.ndarray:
    """The direction of the mean of vectors scaled to length 1, [dimensions]."""
    return unit(unit(np.asarray(vectors, dtype=np.float64)).mean(axis=0))


def human_scores(references: Sequence[np.ndarray]) -> np.ndarray:
    """Leave-one-out score of the references: each against the others of its question, averaged.

    With m unit references r and their sum s, the mean cosine over pairs is (s·s - m) / (m (m - 1)).

    Returns:
        [questions]; NaN for a question with a single reference.
    """
    return np.array([_mean_pairwise_cosine(vectors) for vectors in references])


def _mean_pairwise_cosine(references: np.ndarray) -> float:
    directions = unit(np.asarray(references, dtype=np.float64))
    count = len(directions)
    if count < 2:
        return float("nan")
    # A zero reference has no cosine with itself to take off.
    total = directions.sum(axis=0)
    with_itself = np.einsum("rd,rd->", directions, directions)
    return float((total @ total - with_itself) / (count * (count - 1)))


def ceiling_scores(references: Sequence[np.ndarray]) -> np.ndarray:
    """Score of the best vector there is for each question: the mean of its references."""
    return reference_cosines(mean_directions(references), references)


def baseline_scores(
    references: Sequence[np.ndarray], centroid_vector: np.ndarray, nearest_vectors: np.ndarray
) -> pd.DataFrame:
    """Scores every baseline (a column each) on every question, so that differences can be paired.

    `constant` is a vector of ones, the centroid is of the training answers, the nearest vectors are
    of the nearest row's first answer.
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


def weigh(questions: pd.DataFrame, known_share: float, joined_share: float) -> pd.DataFrame:
    """Weighs judged questions so that their weighted mean is that of the mix that is asked.

    Unknown ones are joined in the mix's share already. Shares are those of the mix that the table
    knows, and that joins several questions, 0 to 1.

    Returns:
        The same rows with `weight`. Where one kind was not judged, the other has all the weight.
    """
    # Within a kind that is never asked, the weights of its forms are those of the others.
    known_share = np.clip(known_share, _TINY, 1 - _TINY)
    is_known, is_joined = questions[ASKED] == KNOWN, questions["kind"] != SINGLE
    shares = np.where(is_known, known_share, 1 - known_share)
    shares = shares * np.where(is_known, np.where(is_joined, joined_share, 1 - joined_share), 1)
    cells = is_known * (1 + is_joined)
    weights = shares / cells.groupby(cells).transform("size")
    return questions.assign(**{WEIGHT: weights / weights.sum()})


def weighted_mean(questions: pd.DataFrame, score: str) -> float:
    """The mean of a column of scores, by `weight` where the questions are of a mix.

    Questions without a score are left out; NaN where no question with a weight has one.
    """
    scored = questions[questions[score].notna()]
    weights = scored[WEIGHT] if WEIGHT in scored else pd.Series(1.0, index=scored.index)
    return float((scored[score] * weights).sum() / weights.sum()) if weights.sum() else np.nan
