"""What is asked of a thing: what it is, its advantage, its price, the cause.

What belongs here: telling the aspect of a question from its vectors, learned from questions that
ship with this package (`labelled/aspects.tsv`). What does not: what a row's aspect says of its
answer (`hansol_assets.retrieval.features`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

_SCALE = 20.0
"""Vectors of one encoder all lie near their mean: what is left of them is this much too short."""
_LIKENESS = 0.25
"""How much a vector of likeness counts beside one that finds rows."""


@dataclass(frozen=True)
class Aspects:
    """A multinomial logistic regression from the vectors of a question to its aspect.

    Two encoders tell more than one: they err on other questions.

    Attributes:
        names: The aspects.
        mean: Of the vectors that it learned from, [dimensions].
        weights: [aspects, dimensions].
        biases: [aspects].
    """

    names: tuple[str, ...]
    mean: np.ndarray
    weights: np.ndarray
    biases: np.ndarray

    @classmethod
    def fit(cls, found: np.ndarray, alike: np.ndarray, aspects: Sequence[str]) -> Self:
        """Learns from labelled questions.

        Args:
            found: Vectors that find rows, [questions, dimensions], unit length.
            alike: Vectors of likeness, likewise.
            aspects: The aspect of each.
        """
        from sklearn.linear_model import LogisticRegression

        vectors = _beside(found, alike)
        mean = vectors.mean(axis=0)
        model = LogisticRegression(max_iter=3_000).fit((vectors - mean) * _SCALE, list(aspects))
        return cls(tuple(model.classes_), mean, model.coef_, model.intercept_)

    def probabilities(self, found: np.ndarray, alike: np.ndarray) -> np.ndarray:
        """The probability of each aspect, [questions, aspects]; arguments as for `fit`."""
        from scipy.special import softmax

        logits = (_beside(found, alike) - self.mean) * _SCALE @ self.weights.T + self.biases
        return np.asarray(softmax(logits, axis=1))


def _beside(found: np.ndarray, alike: np.ndarray) -> np.ndarray:
    return np.hstack([found, _LIKENESS * alike])
