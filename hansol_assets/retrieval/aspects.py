"""What is asked of a thing: what it is, its advantage, its price, the cause.

What belongs here: telling the aspect of a question from its vector, learned from questions that
ship with this package (`labelled/aspects.tsv`). What does not: what a row's aspect says of its
answer (`hansol_assets.retrieval.features`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

_SCALE = 20.0
"""Vectors of one encoder all lie near their mean: what is left of them is this much too short."""


@dataclass(frozen=True)
class Aspects:
    """A multinomial logistic regression from the vector of a question to its aspect.

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
    def fit(cls, vectors: np.ndarray, aspects: Sequence[str]) -> Self:
        """Learns from labelled questions.

        Args:
            vectors: [questions, dimensions], unit length.
            aspects: The aspect of each.
        """
        from sklearn.linear_model import LogisticRegression

        mean = vectors.mean(axis=0)
        model = LogisticRegression(max_iter=3_000).fit((vectors - mean) * _SCALE, list(aspects))
        return cls(tuple(model.classes_), mean, model.coef_, model.intercept_)

    def probabilities(self, vectors: np.ndarray) -> np.ndarray:
        """The probability of each aspect, [questions, aspects]."""
        from scipy.special import softmax

        logits = (vectors - self.mean) * _SCALE @ self.weights.T + self.biases
        return np.asarray(softmax(logits, axis=1))
