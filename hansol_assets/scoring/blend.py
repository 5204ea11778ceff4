"""The submission vector: a weighted mean of components, with weights fitted on held-out questions.

What belongs here: the weights. What does not: the components (`hansol_assets.scoring.components`).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field, field_validator

from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.components import (
    CENTROID,
    COMPONENTS,
    GENERATED,
    KEYWORDS,
    QUESTION,
    REGRESSION,
    RETRIEVED,
)
from hansol_assets.settings_model import SettingsModel

WEIGHTS_FILE = "weights.json"


class BlendSettings(SettingsModel):
    """What the weights are held to."""

    prior: dict[str, float] = Field(
        {
            GENERATED: 0.0,
            RETRIEVED: 0.3,
            REGRESSION: 0.7,
            QUESTION: 0.0,
            KEYWORDS: 0.0,
            CENTROID: 0.0,
        },
        description="weight of each component before any question was seen; they add up to 1",
    )
    prior_strength: float = Field(
        0.05,
        ge=0,
        description="mean cosine that a squared distance of 1 from the prior must be worth",
    )

    unknown_weight: float = Field(
        4.0,
        gt=0,
        description="weight of a question that no row answers where the share of the rows found is "
        "fitted; one that a row answers has 1. More costs known questions, less costs unknown ones",
    )

    @field_validator("prior")
    @classmethod
    def _adds_up(cls, prior: dict[str, float]) -> dict[str, float]:
        unknown = sorted(set(prior) - set(COMPONENTS))
        if unknown:
            msg = f"unknown components {unknown}; known are {list(COMPONENTS)}"
            raise ValueError(msg)
        if min(prior.values()) < 0 or abs(sum(prior.values()) - 1) > 1e-6:
            msg = "the prior's weights must not be negative and must add up to 1"
            raise ValueError(msg)
        return prior


@dataclass(frozen=True)
class VectorBlend:
    """Weights of the components; they add up to 1."""

    weights: dict[str, float]

    def apply(self, components: Mapping[str, np.ndarray]) -> np.ndarray:
        """Blends components, [questions, dimensions] each, into vectors of length 1.

        A component without a weight is passed over.

        Raises:
            KeyError: A component with a weight is missing.
        """
        weighted = [weight * components[name] for name, weight in self.weights.items() if weight]
        return unit(np.sum(weighted, axis=0))

    def without(self, name: str) -> Self:
        """The same blend without a component: what that one is worth is what is lost.

        Raises:
            ValueError: No other component has a weight.
        """
        kept = {other: weight for other, weight in self.weights.items() if other != name}
        total = sum(kept.values())
        if not total:
            msg = f"nothing is left of the blend without '{name}'"
            raise ValueError(msg)
        return type(self)({other: weight / total for other, weight in kept.items()})

    def save(self, path: Path) -> None:
        """Writes the weights as JSON."""
        path.write_text(json.dumps(self.weights, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads weights."""
        return cls(json.loads(path.read_text(encoding="utf-8")))


def fit_blend(
    components: Mapping[str, np.ndarray],
    references: Sequence[np.ndarray],
    settings: BlendSettings,
) -> VectorBlend:
    """Fits non-negative weights that maximise the mean cosine to the references.

    The mean cosine of the blend, minus `prior_strength` times the squared distance from the prior,
    is maximised over weights that are not negative and add up to 1 (sequential least squares).

    Args:
        components: Name → [questions, dimensions]; those without a prior are passed over.
        references: One array a question, [references of the question, dimensions].
        settings: The prior.

    Raises:
        ValueError: There are no questions, or a component of the prior is missing.
        RuntimeError: The optimiser did not converge.
    """
    from scipy.optimize import minimize

    names = list(settings.prior)
    missing = sorted(set(names) - set(components))
    if missing or not len(references):
        msg = f"components without vectors: {missing}" if missing else "no questions to fit on"
        raise ValueError(msg)
    stacked = np.stack([components[name] for name in names], axis=1)
    gram = np.einsum("qcd,qed->qce", stacked, stacked)
    aim = np.einsum("qcd,qd->qc", stacked, mean_directions(references))
    prior = np.array([settings.prior[name] for name in names])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        spread = gram @ weights
        length = np.sqrt(np.maximum(spread @ weights, 1e-12))
        score = aim @ weights / length
        slope = aim / length[:, None] - (score / length**2)[:, None] * spread
        distance = weights - prior
        penalty = settings.prior_strength * distance @ distance
        gradient = 2 * settings.prior_strength * distance - slope.mean(axis=0)
        return float(penalty - score.mean()), gradient

    result = minimize(
        loss,
        prior,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * len(names),
        constraints={"type": "eq", "fun": lambda weights: weights.sum() - 1},
        options={"maxiter": 500, "ftol": 1e-10},
    )
    if not result.success:
        msg = f"the blend's weights could not be fitted: {result.message}"
        raise RuntimeError(msg)
    weights = np.clip(result.x, 0, None)
    return VectorBlend(dict(zip(names, (weights / weights.sum()).tolist(), strict=True)))
