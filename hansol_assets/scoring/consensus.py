"""The choice of the answer text: the candidate that is expected to be most like the references."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.sentences import is_finished

_UNFINISHED_PENALTY = 0.2
"""Cosine that an answer without a finished last sentence loses."""
_LENGTH_PENALTY = 0.1
"""Cosine that an answer loses for each factor of e by which its length is outside the range."""
_LENGTH_QUANTILES = (0.05, 0.95)
"""Of the references' lengths, between which nothing is lost."""


_TARGET_WEIGHT = 0.9
"""Weight of the submission vector in the choice; the candidates' vote has the rest."""


class LengthRange(NamedTuple):
    """Lengths that answers usually have, in characters."""

    low: float
    high: float

    @classmethod
    def of(cls, texts: Sequence[str]) -> Self:
        """The range of reference answers.

        Raises:
            ValueError: There are no texts.
        """
        if not texts:
            msg = "no reference answers to take lengths from"
            raise ValueError(msg)
        low, high = np.quantile([len(text) for text in texts], _LENGTH_QUANTILES)
        return cls(float(low), float(high))


@dataclass(frozen=True)
class Choice:
    """The chosen candidate and why.

    Attributes:
        similarities: Cosine of each candidate to the target.
        votes: Expected similarity of each candidate.
        scores: The same with what the candidate is worth beside it, less penalties.
    """

    index: int
    similarities: np.ndarray
    votes: np.ndarray
    scores: np.ndarray


def consensus_vector(vectors: np.ndarray) -> np.ndarray:
    """The mean of candidates' directions, [candidates, dimensions], of length 1 or 0.

    For N unit vectors with mean pairwise cosine ρ and mean cosine c to a reference, the mean's
    cosine to it is c / √((1 + (N - 1) ρ) / N): averaging pays as long as candidates differ.
    """
    return unit(unit(vectors).mean(axis=0))


def choose_text(
    texts: Sequence[str],
    vectors: np.ndarray,
    target: np.ndarray,
    worth: np.ndarray,
    lengths: LengthRange,
) -> Choice:
    """Chooses by minimum Bayes risk (Kumar and Byrne 2004) with cosine as the utility.

    A candidate's expected similarity is its cosine to the submission vector (`target`), which
    stands for all that is known about the references, mixed with its mean cosine to the other
    candidates. `worth` is what each is worth beside that, [candidates], such as for speaking of
    what was asked.

    Raises:
        ValueError: There are no candidates.
    """
    if not texts:
        msg = "no candidates to choose from"
        raise ValueError(msg)
    directions = unit(np.asarray(vectors, dtype=np.float64))
    similarities = directions @ unit(target)
    votes = _TARGET_WEIGHT * similarities
    votes += (1 - _TARGET_WEIGHT) * _mean_cosine_to_others(directions)
    penalties = np.array([_penalty(text, lengths) for text in texts])
    scores = votes + worth - penalties
    return Choice(int(scores.argmax()), similarities, votes, scores)


def _mean_cosine_to_others(directions: np.ndarray) -> np.ndarray:
    others = max(1, len(directions) - 1)
    cosines = directions @ directions.T
    return (cosines.sum(axis=1) - np.diagonal(cosines)) / others


def _penalty(text: str, lengths: LengthRange) -> float:
    length = max(1, len(text))
    outside = max(0.0, np.log(lengths.low / length), np.log(length / lengths.high))
    unfinished = 0.0 if is_finished(text) else _UNFINISHED_PENALTY
    return float(_LENGTH_PENALTY * outside + unfinished)
