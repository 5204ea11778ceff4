"""The aspect a question asks for (what a thing is, its advantage, price, cause), from its vectors.

It is learned from questions that ship with this package (`labelled/aspects.tsv`).
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
    def fit(cls, retrieval: np.ndarray, likeness: np.ndarray, aspects: Sequence[str]) -> Self:
        """Learns from the aspect of each question and its vectors by both encoders.

        Vectors are [questions, dimensions], of unit length.
        """
        from sklearn.linear_model import LogisticRegression

        vectors = _beside(retrieval, likeness)
        mean = vectors.mean(axis=0)
        model = LogisticRegression(max_iter=3_000).fit((vectors - mean) * _SCALE, list(aspects))
        return cls(tuple(model.classes_), mean, model.coef_, model.intercept_)

    def probabilities(self, retrieval: np.ndarray, likeness: np.ndarray) -> np.ndarray:
        """The probability of each aspect, [questions, aspects]; arguments as for `fit`."""
        from scipy.special import softmax

        logits = (_beside(retrieval, likeness) - self.mean) * _SCALE @ self.weights.T + self.biases
        return np.asarray(softmax(logits, axis=1))


def _beside(retrieval: np.ndarray, likeness: np.ndarray) -> np.ndarray:
    return np.hstack([retrieval, _LIKENESS * likeness])
