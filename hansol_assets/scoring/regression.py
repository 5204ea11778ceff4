"""Regression from a question to the vector of its answer.

What belongs here: kernel ridge regression in bounded memory, how its strength is chosen, and how it
is kept. What does not: the features (`hansol_assets.scoring.features`) and what the estimate is
mixed with (`hansol_assets.scoring.blend`).
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
from pydantic import Field

from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.features import (
    CHARACTERS,
    KEYWORDS,
    MORPHEMES,
    SENTENCE,
    Features,
    FeatureSpace,
    QuestionViews,
)
from hansol_assets.settings_model import SettingsModel

_ARRAYS_FILE = "regression.safetensors"
_TEXTS_FILE = "regression.json"
_SPACE_FILE = "terms.json"
_CHUNK = 2048
# Added to the landmarks' kernel, whose smallest eigenvalues rounding may make negative.
_JITTER = 1e-6


class ViewWeights(SettingsModel):
    """How much each view of a question counts when two are compared."""

    sentence: float = Field(3.0, ge=0, description="embedding of the whole question")
    keywords: float = Field(1.0, ge=0, description="embedding of its nouns alone")
    morphemes: float = Field(1.0, ge=0, description="tf-idf of its content morphemes")
    characters: float = Field(0.5, ge=0, description="tf-idf of its character n-grams")

    @property
    def by_view(self) -> dict[str, float]:
        """View → weight."""
        values = (self.sentence, self.keywords, self.morphemes, self.characters)
        return dict(zip((SENTENCE, KEYWORDS, MORPHEMES, CHARACTERS), values, strict=True))


class RegressionSettings(SettingsModel):
    """How the regression is fitted; of several values, the calibration questions pick one."""

    views: ViewWeights = Field(ViewWeights(), description="weights of the views of a question")
    landmarks: int = Field(
        1500, ge=1, description="questions at most that every other is compared with"
    )
    alphas: tuple[float, ...] = Field(
        (0.3, 0.5, 0.8), min_length=1, description="ridge penalties to choose from"
    )
    own_shares: tuple[float, ...] = Field(
        (0.0, 0.1, 0.2, 0.3),
        min_length=1,
        description="shares of the question's own vector beside the estimate to choose from",
    )


@dataclass(frozen=True)
class Strength:
    """How strongly the regression is held back.

    Attributes:
        alpha: Ridge penalty.
        own_share: Length of the question's own vector beside the estimate's, which is 1.
    """

    alpha: float
    own_share: float


class Moments(NamedTuple):
    """All that a ridge needs to know of its examples; its size does not grow with them.

    Attributes:
        gram: KᵀK, [landmarks, landmarks].
        aim: Kᵀ(T - mean), [landmarks, dimensions].
        own: The landmarks' own kernel, [landmarks, landmarks].
        mean: Mean target, [dimensions].
    """

    gram: np.ndarray
    aim: np.ndarray
    own: np.ndarray
    mean: np.ndarray

    def solve(self, alpha: float) -> np.ndarray:
        """Solves (KᵀK + α K_LL) C = Kᵀ(T - mean), [landmarks, dimensions]."""
        from scipy.linalg import cho_factor, cho_solve

        system = self.gram + alpha * self.own
        system[np.diag_indices_from(system)] += _JITTER
        return cho_solve(cho_factor(system), self.aim)


class AnswerVectorRegressor:
    """Estimates answer vectors: direction of mean + kernel ridge, with a share of the own vector.

    Kernel ridge regression (Saunders et al. 1998) on a fixed number of landmarks (the Nyström
    method, Williams and Seeger 2001, as subset of regressors), with an inverse multiquadric
    kernel: what is far away still counts a little, which a Gaussian would forget.

    Args:
        space: Makes features of questions.
        landmarks: The questions that others are compared with.
        coefficients: [landmarks, dimensions].
        mean: Mean target, [dimensions].
        strength: How strongly it is held back.
    """

    def __init__(
        self,
        space: FeatureSpace,
        landmarks: QuestionViews,
        coefficients: np.ndarray,
        mean: np.ndarray,
        strength: Strength,
    ) -> None:
        self._space = space
        self._landmarks = landmarks
        # BLAS sums in another order where the layout differs, as it would after loading.
        self._coefficients = np.ascontiguousarray(coefficients)
        self._mean = mean
        self.strength = strength
        self._known = space.transform(landmarks)

    @classmethod
    def fit(
        cls,
        views: QuestionViews,
        targets: np.ndarray,
        settings: RegressionSettings,
        strength: Strength,
    ) -> Self:
        """Fits the regression.

        Args:
            views: Questions whose answers are known, the most telling first: the first of them are
                the landmarks.
            targets: The vector to estimate for each, [questions, dimensions].
            settings: Views and landmarks.
            strength: How strongly it is held back, from `fit_best`.
        """
        space, landmarks = _landmarks(views, settings)
        gathered = _moments(space, landmarks, views, targets)
        return cls(space, landmarks, gathered.solve(strength.alpha), gathered.mean, strength)

    @classmethod
    def fit_best(
        cls,
        views: QuestionViews,
        targets: np.ndarray,
        held_out_views: QuestionViews,
        held_out_targets: np.ndarray,
        settings: RegressionSettings,
    ) -> Self:
        """Fits the regression as strongly as does best on questions held out.

        Args:
            views: Questions to fit on, the most telling first.
            targets: Their vectors, [questions, dimensions].
            held_out_views: Questions to judge by.
            held_out_targets: Mean of the references' directions of each, [held out, dimensions].
            settings: Landmarks, and the strengths to choose from.
        """
        space, landmarks = _landmarks(views, settings)
        gathered = _moments(space, landmarks, views, targets)
        asked = _kernel(space.transform(held_out_views), space.transform(landmarks))
        best, strength = -np.inf, Strength(settings.alphas[0], settings.own_shares[0])
        for alpha in settings.alphas:
            estimates = unit(gathered.mean + asked @ gathered.solve(alpha))
            for share in settings.own_shares:
                mixed = unit(estimates + share * held_out_views.own_vectors)
                score = float(np.einsum("qd,qd->", mixed, held_out_targets))
                if score > best:
                    best, strength = score, Strength(alpha, share)
        return cls(space, landmarks, gathered.solve(strength.alpha), gathered.mean, strength)

    def predict(self, views: QuestionViews) -> np.ndarray:
        """Estimates the answer vectors of questions, [questions, dimensions]."""
        asked = self._space.transform(views)
        ridge = np.vstack(
            [_kernel(chunk, self._known) @ self._coefficients for chunk in _chunks(asked)]
            or [np.zeros((0, len(self._mean)))]
        )
        return unit(self._mean + ridge) + self.strength.own_share * views.own_vectors

    def signals(self, views: QuestionViews) -> dict[str, np.ndarray]:
        """What tells how far estimates can be trusted.

        Returns:
            `certainty`: how far the ridge leaves the mean, which it does where it knows much.
            `question_nearness`: similarity to the nearest landmark, 0 to 1. Each [questions].
        """
        certainty, nearness = [np.zeros(0)], [np.zeros(0)]
        for chunk in _chunks(self._space.transform(views)):
            kernel = _kernel(chunk, self._known)
            certainty.append(np.linalg.norm(kernel @ self._coefficients, axis=1))
            nearness.append(kernel.max(axis=1))
        return {
            "certainty": np.concatenate(certainty),
            "question_nearness": np.concatenate(nearness),
        }

    def save(self, directory: Path) -> None:
        """Writes the regression as safetensors and JSON."""
        from safetensors.numpy import save_file

        directory.mkdir(parents=True, exist_ok=True)
        arrays = {
            "coefficients": self._coefficients,
            "mean": self._mean,
            "vectors": self._landmarks.vectors,
            "keyword_vectors": self._landmarks.keyword_vectors,
        }
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()},
            directory / _ARRAYS_FILE,
        )
        texts = {
            "strength": vars(self.strength),
            "landmarks": self._landmarks.texts,
            "morphemes": self._landmarks.morphemes,
        }
        content = json.dumps(texts, ensure_ascii=False, indent=1)
        (directory / _TEXTS_FILE).write_text(content, encoding="utf-8")
        self._space.save(directory / _SPACE_FILE)

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Reads a regression."""
        from safetensors.numpy import load_file

        arrays = load_file(directory / _ARRAYS_FILE)
        texts = json.loads((directory / _TEXTS_FILE).read_text(encoding="utf-8"))
        landmarks = QuestionViews(
            texts["landmarks"], texts["morphemes"], arrays["vectors"], arrays["keyword_vectors"]
        )
        strength = Strength(**texts["strength"])
        space = FeatureSpace.load(directory / _SPACE_FILE)
        return cls(space, landmarks, arrays["coefficients"], arrays["mean"], strength)


def _landmarks(
    views: QuestionViews, settings: RegressionSettings
) -> tuple[FeatureSpace, QuestionViews]:
    first = slice(settings.landmarks)
    space = FeatureSpace.fit(views.texts[first], views.morphemes[first], settings.views.by_view)
    landmarks = QuestionViews(
        views.texts[first],
        views.morphemes[first],
        views.vectors[first],
        views.keyword_vectors[first],
    )
    return space, landmarks


def _moments(
    space: FeatureSpace, landmarks: QuestionViews, views: QuestionViews, targets: np.ndarray
) -> Moments:
    """Adds up the examples chunk by chunk."""
    examples = space.transform(views)
    # The landmarks are the first of them.
    known = examples[: len(landmarks)]
    mean = targets.mean(axis=0)
    gram = np.zeros((len(known), len(known)))
    aim = np.zeros((len(known), targets.shape[1]))
    for start in range(0, len(examples), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        kernel = _kernel(examples[chunk], known)
        gram += kernel.T @ kernel
        aim += kernel.T @ (targets[chunk] - mean)
    return Moments(gram, aim, _kernel(known, known), mean)


def _kernel(left: Features, right: Features) -> np.ndarray:
    """Inverse multiquadric, 1 / √(1 + squared distance)."""
    return 1 / np.sqrt(1 + left.squared_distances(right))


def _chunks(features: Features) -> Iterable[Features]:
    return (features[start : start + _CHUNK] for start in range(0, len(features), _CHUNK))
