"""The submission vector: the blend of the components, and the share of the rows that answer.

A question that the table knows is best answered by the mean of that row's references, one that it
does not know by the blend; the neighbour of an unknown question is often the other side of the same
thing, so that no fixed share serves both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode_means
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.qa.connectives import AND, join_all
from hansol_assets.scoring.answer_regressor import (
    CENTROID,
    GENERATED,
    KEYWORDS,
    QUESTION,
    REGRESSION,
    RETRIEVED,
)
from hansol_assets.settings_model import SettingsModel

_ROW_SHARE_PRIOR = (-1.0, 1.0)
_RIDGE = 1e-3
_TINY = 1e-4
_LEAST_SHARE = 0.05
"""Below it joined references are not worth their embedding."""


PRIOR = {
    GENERATED: 0.0,
    RETRIEVED: 0.3,
    REGRESSION: 0.7,
    QUESTION: 0.0,
    KEYWORDS: 0.0,
    CENTROID: 0.0,
}
"""Weight of each component before any question was seen."""
PRIOR_STRENGTH = 0.05
"""Mean cosine that a squared distance of 1 from the prior must be worth."""


class BlendSettings(SettingsModel):
    """What the share of the rows is fitted to."""

    unknown_weight: float = Field(
        4.0,
        gt=0,
        description="weight of a question that no row answers where the share of the rows found is "
        "fitted; one that a row answers has 1. More costs known questions, less costs unknown ones",
    )


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


def fit_blend(
    components: Mapping[str, np.ndarray],
    references: Sequence[np.ndarray],
    prior_weights: Mapping[str, float] = PRIOR,
    prior_strength: float = PRIOR_STRENGTH,
) -> VectorBlend:
    """Fits non-negative weights that maximise the mean cosine to the references.

    The mean cosine of the blend, minus `prior_strength` times the squared distance from the prior,
    is maximised over weights that are not negative and add up to 1 (sequential least squares).
    Components are [questions, dimensions]; those without a prior are passed over. References are
    [references of the question, dimensions] for each question.

    Raises:
        ValueError: There are no questions, or a component of the prior is missing.
        RuntimeError: The optimiser did not converge.
    """
    from scipy.optimize import minimize

    names = list(prior_weights)
    missing = sorted(set(names) - set(components))
    if missing or not len(references):
        msg = f"components without vectors: {missing}" if missing else "no questions to fit on"
        raise ValueError(msg)
    stacked = np.stack([components[name] for name in names], axis=1)
    gram = np.einsum("qcd,qed->qce", stacked, stacked)
    aim = np.einsum("qcd,qd->qc", stacked, mean_directions(references))
    prior = np.array(list(prior_weights.values()))

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        spread = gram @ weights
        length = np.sqrt(np.maximum(spread @ weights, 1e-12))
        score = aim @ weights / length
        slope = aim / length[:, None] - (score / length**2)[:, None] * spread
        distance = weights - prior
        penalty = prior_strength * distance @ distance
        gradient = 2 * prior_strength * distance - slope.mean(axis=0)
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


@dataclass(frozen=True)
class RowShare:
    """A logistic function of the log odds that the first row answers.

    Attributes:
        intercept: Log odds of the share where the row answers with probability 0.5.
        slope: How the share follows the probability; never negative.
    """

    intercept: float
    slope: float

    def of(self, confidence: np.ndarray) -> np.ndarray:
        """The share of the rows, [parts], 0 to 1."""
        from scipy.special import expit, logit

        odds = logit(np.clip(confidence, _TINY, 1 - _TINY))
        return np.asarray(expit(self.intercept + self.slope * odds))

    def mix(self, rows: np.ndarray, estimates: np.ndarray, confidence: np.ndarray) -> np.ndarray:
        """Mixes the vectors of rows with estimates, [parts, dimensions] of length 1.

        Where no row was found, its vector is 0. `confidence`, [parts], is the probability that the
        first row answers.
        """
        share = np.where(np.any(rows != 0, axis=1), self.of(confidence), 0.0)[:, None]
        return unit(share * rows + (1 - share) * estimates)

    def mix_joined(
        self,
        wholes: np.ndarray,
        answers: Sequence[Sequence[Sequence[str]]],
        confidence: Sequence[np.ndarray],
        embedder: Embedder,
    ) -> np.ndarray:
        """Mixes the joined references of rows into the vectors of answers to joined questions.

        `JoinMap` says what joining does on average; where all parts are known, their joined
        references say it of these rows. Their share is the product of the parts' shares.

        `answers` has, of each question and part, the references of the row found first;
        `confidence` the probability that it answers. Vectors, [questions, dimensions], have length
        1; those of questions of one part are returned as they are.
        """
        shares = np.array(
            [self.of(parts).prod() if len(parts) > 1 else 0.0 for parts in confidence]
        )
        joined = [
            question
            for question, parts in enumerate(answers)
            if shares[question] > _LEAST_SHARE and all(map(len, parts))
        ]
        if not joined:
            return wholes
        texts = [
            [join_all(references, AND) for references in zip(*answers[question], strict=False)]
            for question in joined
        ]
        share, mixed = shares[joined][:, None], wholes.copy()
        rows = unit(encode_means(embedder, texts))
        mixed[joined] = unit(share * rows + (1 - share) * wholes[joined])
        return mixed

    @classmethod
    def fit(
        cls,
        rows: np.ndarray,
        estimates: np.ndarray,
        confidence: np.ndarray,
        references: Sequence[np.ndarray],
        weights: np.ndarray,
    ) -> Self:
        """Fits both parameters to maximise the weighted mean cosine to the references.

        `rows`, `estimates` and `confidence` are those of `mix`; `references` is one array a
        question, [references of the question, dimensions]; `weights` is [questions].
        """
        from scipy.optimize import minimize

        aims, prior = mean_directions(references), np.array(_ROW_SHARE_PRIOR)

        def loss(parameters: np.ndarray) -> float:
            made = cls(*parameters).mix(rows, estimates, confidence)
            score = np.average(np.einsum("qd,qd->q", made, aims), weights=weights)
            return float(_RIDGE * np.sum((parameters - prior) ** 2) - score)

        bounds = [(None, None), (0, None)]
        fitted = minimize(loss, prior, method="Nelder-Mead", bounds=bounds).x
        return cls(*map(float, fitted))


UNFITTED = RowShare(*_ROW_SHARE_PRIOR)
"""Where no row can be asked for: every one has a single question."""
