"""From a question to the vector of its answer: kernel ridge regression in bounded memory.

And the rows with answers near the estimate, averaged: pseudo relevance feedback (Rocchio 1971) in
the space of answers. scikit-learn's `KernelRidge` with the same kernel scores alike (0.6756, ours
0.6754), but its dense distances cost 130 times as much; given our kernel, 8,400 examples cost it
18 times the time and 2.3 GB (ours 0.1 GB).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple, Self

import numpy as np

from hansol_assets.embedding.vectors import highest, unit
from hansol_assets.scoring.question_views import Features, FeatureSpace, QuestionViews

_CHUNK = 2048
_ESTIMATES = 128
"""Estimates compared with all rows at a time: 100,000 rows then take 100 MB."""
# Added to the landmarks' kernel, whose smallest eigenvalues rounding may make negative.
_JITTER = 1e-6


NEIGHBOURS = 10
"""Nearest rows that are mixed at most."""
TEMPERATURES = (0.1, 0.15, 0.2, 0.3)
"""Cosine differences at which a row's weight falls by e; the calibration questions pick one."""
LANDMARKS = 1500
"""Questions at most that every other is compared with."""
ALPHAS = (0.3, 0.5, 0.8)
"""Ridge penalties, of which the calibration questions pick one."""
OWN_SHARES = (0.0, 0.1, 0.2, 0.3)
"""Likewise shares of the question's own vector beside the estimate."""


@dataclass(frozen=True)
class Strength:
    """How strongly the regression is regularised: the ridge penalty.

    And the length of the question's own vector beside the estimate's, which is 1.
    """

    alpha: float
    own_share: float


class Moments(NamedTuple):
    """All that a ridge needs to know of its examples; its size does not grow with them.

    Attributes:
        gram: KᵀK, [landmarks, landmarks].
        aim: Kᵀ(T - mean), [landmarks, dimensions].
        landmarks: The kernel between the landmarks, [landmarks, landmarks].
        mean: Mean target, [dimensions].
    """

    gram: np.ndarray
    aim: np.ndarray
    landmarks: np.ndarray
    mean: np.ndarray

    def solve(self, alpha: float) -> np.ndarray:
        """Solves (KᵀK + α K_LL) C = Kᵀ(T - mean), [landmarks, dimensions]."""
        from scipy.linalg import cho_factor, cho_solve

        system = self.gram + alpha * self.landmarks
        system[np.diag_indices_from(system)] += _JITTER
        return cho_solve(cho_factor(system), self.aim)


@dataclass
class AnswerVectorRegressor:
    """Estimates answer vectors: direction of mean + kernel ridge, with a share of the own vector.

    Kernel ridge regression (Saunders et al. 1998) on a fixed number of landmarks (the Nyström
    method, Williams and Seeger 2001, as subset of regressors), with an inverse multiquadric
    kernel: what is far away still counts a little, which a Gaussian would forget. Coefficients are
    [landmarks, dimensions], the mean target is [dimensions].
    """

    space: FeatureSpace
    landmarks: QuestionViews
    coefficients: np.ndarray
    mean: np.ndarray
    strength: Strength

    @cached_property
    def _features(self) -> Features:
        """Of the landmarks."""
        return self.space.transform(self.landmarks)

    @classmethod
    def _of(
        cls, space: FeatureSpace, landmarks: QuestionViews, moments: Moments, strength: Strength
    ) -> Self:
        # BLAS sums in another order where the layout differs, as it would after loading.
        coefficients = np.ascontiguousarray(moments.solve(strength.alpha))
        return cls(space, landmarks, coefficients, moments.mean, strength)

    @classmethod
    def fit(cls, views: QuestionViews, targets: np.ndarray, strength: Strength) -> Self:
        """Fits the regression to a target vector for each question, [questions, dimensions].

        The most telling questions come first: they are the landmarks.
        """
        space, landmarks = _landmarks(views)
        return cls._of(space, landmarks, _moments(space, landmarks, views, targets), strength)

    @classmethod
    def fit_best(
        cls,
        views: QuestionViews,
        targets: np.ndarray,
        held_out_views: QuestionViews,
        held_out_targets: np.ndarray,
    ) -> Self:
        """Fits the regression with the strength that does best on questions held out.

        Their targets are the mean of their references' directions, [held out, dimensions].
        """
        space, landmarks = _landmarks(views)
        moments = _moments(space, landmarks, views, targets)
        asked = _kernel(space.transform(held_out_views), space.transform(landmarks))
        best, strength = -np.inf, Strength(ALPHAS[0], OWN_SHARES[0])
        for alpha in ALPHAS:
            estimates = unit(moments.mean + asked @ moments.solve(alpha))
            for share in OWN_SHARES:
                mixed = unit(estimates + share * held_out_views.own_vectors)
                score = float(np.einsum("qd,qd->", mixed, held_out_targets))
                if score > best:
                    best, strength = score, Strength(alpha, share)
        return cls._of(space, landmarks, moments, strength)

    def predict(self, views: QuestionViews) -> np.ndarray:
        """Estimates the answer vectors of questions, [questions, dimensions]."""
        asked = self.space.transform(views)
        ridge = np.vstack(
            [_kernel(chunk, self._features) @ self.coefficients for chunk in _chunks(asked)]
            or [np.zeros((0, len(self.mean)))]
        )
        return unit(self.mean + ridge) + self.strength.own_share * views.own_vectors


def _landmarks(views: QuestionViews) -> tuple[FeatureSpace, QuestionViews]:
    landmarks = views.first(LANDMARKS)
    return FeatureSpace.fit(landmarks.texts, landmarks.morphemes), landmarks


def _moments(
    space: FeatureSpace, landmarks: QuestionViews, views: QuestionViews, targets: np.ndarray
) -> Moments:
    """Adds up the examples chunk by chunk."""
    examples = space.transform(views)
    # The landmarks are the first of them.
    first = examples[: len(landmarks)]
    mean = targets.mean(axis=0)
    gram = np.zeros((len(first), len(first)))
    aim = np.zeros((len(first), targets.shape[1]))
    for start in range(0, len(examples), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        kernel = _kernel(examples[chunk], first)
        gram += kernel.T @ kernel
        aim += kernel.T @ (targets[chunk] - mean)
    return Moments(gram, aim, _kernel(first, first), mean)


def _kernel(left: Features, right: Features) -> np.ndarray:
    """Inverse multiquadric, 1 / √(1 + squared distance)."""
    return 1 / np.sqrt(1 + left.squared_distances(right))


def _chunks(features: Features) -> Iterable[Features]:
    return (features[start : start + _CHUNK] for start in range(0, len(features), _CHUNK))


class Neighbours(NamedTuple):
    """The nearest rows of each estimate, nearest first, with cosines, [questions, neighbours]."""

    rows: np.ndarray
    cosines: np.ndarray

    def weights(self, temperature: float) -> np.ndarray:
        """Each row's share, [questions, neighbours], adding up to 1 for each question.

        `temperature` is the cosine difference at which the weight falls by e.
        """
        weights = np.exp((self.cosines - self.cosines[:, :1]) / temperature)
        return weights / weights.sum(axis=1, keepdims=True)

    def mix(self, row_vectors: np.ndarray, temperature: float) -> np.ndarray:
        """The mean of the rows' vectors by weight, [questions, dimensions]."""
        return np.einsum("qn,qnd->qd", self.weights(temperature), row_vectors[self.rows])


def nearest_rows(estimates: np.ndarray, row_vectors: np.ndarray, count: int) -> Neighbours:
    """Finds the `count` rows whose answers are nearest to each estimate, [questions, dimensions].

    Nearness is the cosine of what is left when the centroid is taken off: what all answers have in
    common says nothing about which rows are near. Of equally near rows the first come first.
    """
    centroid = row_vectors.mean(axis=0)
    # Estimates are compared as directions, or a cautious (short) one would be mostly centroid.
    length = np.linalg.norm(row_vectors, axis=1).mean()
    asked = unit(length * unit(estimates) - centroid)
    centred = unit(row_vectors - centroid)
    count = min(count, len(centred))
    rows = np.zeros((len(asked), count), dtype=np.int64)
    cosines = np.zeros((len(asked), count))
    for start in range(0, len(asked), _ESTIMATES):
        chunk = slice(start, start + _ESTIMATES)
        near = asked[chunk] @ centred.T
        rows[chunk] = highest(near, count)
        cosines[chunk] = np.take_along_axis(near, rows[chunk], axis=1)
    return Neighbours(rows, cosines)


def choose_temperature(
    estimates: np.ndarray, targets: np.ndarray, row_vectors: np.ndarray
) -> float:
    """Chooses the temperature whose mixtures do best on questions held out.

    `targets` are the mean of the references' directions of each question, [held out, dimensions].
    """
    neighbours = nearest_rows(estimates, row_vectors, NEIGHBOURS)

    def score(temperature: float) -> float:
        mixed = unit(neighbours.mix(row_vectors, temperature))
        return float(np.einsum("qd,qd->", mixed, targets))

    return max(TEMPERATURES, key=score)
