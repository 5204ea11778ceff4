"""Regression from a question to the vector of its answer.

What belongs here: kernel ridge regression on questions whose answers are known, how its strength is
chosen, and how it is kept. What does not: the features (`hansol_assets.scoring.features`) and what
the estimate is mixed with (`hansol_assets.scoring.blend`).
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field

from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.features import QuestionFeatures, QuestionViews
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

_ARRAYS_FILE = "regression.safetensors"
_TEXTS_FILE = "regression.json"


class RegressionSettings(SettingsModel):
    """How the regression is fitted; of several values, the calibration questions pick one."""

    gamma: float = Field(
        0.5, gt=0, description="RBF kernel coefficient, per unit of squared feature distance"
    )
    alphas: tuple[float, ...] = Field(
        (1.0, 2.0, 4.0), min_length=1, description="ridge penalties to choose from"
    )
    own_shares: tuple[float, ...] = Field(
        (0.0, 0.1, 0.2, 0.3),
        min_length=1,
        description="shares of the question's own vector in the estimate to choose from",
    )


@dataclass(frozen=True)
class Strength:
    """How strongly the regression is held back.

    Attributes:
        alpha: Ridge penalty.
        own_share: Share of the question's own vector that the ridge starts from.
    """

    alpha: float
    own_share: float


class AnswerVectorRegressor:
    """Estimates answer vectors: mean + share · own vector + kernel ridge on what that leaves.

    The ridge (Saunders et al. 1998) learns residuals, so a question unlike all others falls back to
    the mean answer and its own words.

    Args:
        views: Questions whose answers are known.
        coefficients: Dual coefficients, [questions, dimensions].
        mean: Mean target, [dimensions].
        gamma: RBF kernel coefficient.
        strength: How strongly it is held back.
    """

    def __init__(
        self,
        views: QuestionViews,
        coefficients: np.ndarray,
        mean: np.ndarray,
        gamma: float,
        strength: Strength,
    ) -> None:
        self._views = views
        self._coefficients = coefficients
        self._mean = mean
        self._gamma = gamma
        self.strength = strength
        self._features = QuestionFeatures(views)
        self._known = self._features.transform(views)

    @classmethod
    def fit(
        cls, views: QuestionViews, targets: np.ndarray, gamma: float, strength: Strength
    ) -> Self:
        """Fits the regression.

        Args:
            views: Questions whose answers are known.
            targets: The vector to estimate for each, [questions, dimensions].
            gamma: RBF kernel coefficient.
            strength: How strongly it is held back, from `choose_strength`.
        """
        mean = targets.mean(axis=0)
        features = QuestionFeatures(views).transform(views)
        residuals = targets - mean - strength.own_share * views.own_vectors
        coefficients = _ridge(_kernel(features, features, gamma), residuals, strength.alpha)
        return cls(views, coefficients, mean, gamma, strength)

    def predict(self, views: QuestionViews) -> np.ndarray:
        """Estimates the answer vectors of questions, [questions, dimensions]."""
        kernel = _kernel(self._features.transform(views), self._known, self._gamma)
        own = self.strength.own_share * views.own_vectors
        return self._mean + own + kernel @ self._coefficients

    def save(self, directory: Path) -> None:
        """Writes the regression as safetensors and JSON."""
        from safetensors.numpy import save_file

        directory.mkdir(parents=True, exist_ok=True)
        arrays = {
            "coefficients": self._coefficients,
            "mean": self._mean,
            "vectors": self._views.vectors,
            "keyword_vectors": self._views.keyword_vectors,
        }
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()},
            directory / _ARRAYS_FILE,
        )
        texts = {
            "gamma": self._gamma,
            "strength": vars(self.strength),
            "questions": self._views.texts,
            "morphemes": self._views.morphemes,
        }
        content = json.dumps(texts, ensure_ascii=False, indent=1)
        (directory / _TEXTS_FILE).write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, directory: Path) -> Self:
        """Reads a regression; the terms of its features are counted again from its questions."""
        from safetensors.numpy import load_file

        arrays = load_file(directory / _ARRAYS_FILE)
        texts = json.loads((directory / _TEXTS_FILE).read_text(encoding="utf-8"))
        views = QuestionViews(
            texts["questions"], texts["morphemes"], arrays["vectors"], arrays["keyword_vectors"]
        )
        strength = Strength(**texts["strength"])
        return cls(views, arrays["coefficients"], arrays["mean"], texts["gamma"], strength)


def choose_strength(
    views: QuestionViews,
    targets: np.ndarray,
    held_out_views: QuestionViews,
    held_out_targets: np.ndarray,
    settings: RegressionSettings,
) -> Strength:
    """Chooses the strength that does best on questions held out.

    They must be held out of the embedder too: it knows the rare words of the answers that it was
    fitted on, so among those a question's own words look more telling than they are.

    Args:
        views: Questions to fit on.
        targets: Their vectors, [questions, dimensions].
        held_out_views: Questions to judge by.
        held_out_targets: Mean of the references' directions of each, [held out, dimensions].
        settings: Kernel, and the strengths to choose from.
    """
    features = QuestionFeatures(views)
    known = features.transform(views)
    kernel = _kernel(known, known, settings.gamma)
    asked = _kernel(features.transform(held_out_views), known, settings.gamma)
    mean = targets.mean(axis=0)
    # The ridge is linear in its targets: one solution serves every share.
    both = np.hstack([targets - mean, views.own_vectors])
    best, strength = -np.inf, Strength(settings.alphas[0], settings.own_shares[0])
    for alpha in settings.alphas:
        from_targets, from_own = np.hsplit(asked @ _ridge(kernel, both, alpha), 2)
        for share in settings.own_shares:
            own = share * (held_out_views.own_vectors - from_own)
            score = np.einsum("qd,qd->", unit(mean + from_targets + own), held_out_targets)
            if score > best:
                best, strength = score, Strength(alpha, share)
    return strength


def _kernel(left: "csr_matrix", right: "csr_matrix", gamma: float) -> np.ndarray:
    from sklearn.metrics.pairwise import rbf_kernel

    return rbf_kernel(left, right, gamma=gamma)


def _ridge(kernel: np.ndarray, targets: np.ndarray, alpha: float) -> np.ndarray:
    from sklearn.kernel_ridge import KernelRidge

    return KernelRidge(alpha=alpha, kernel="precomputed").fit(kernel, targets).dual_coef_
