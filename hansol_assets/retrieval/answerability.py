"""Does this row answer this question? Probabilities over the rows found, and none of them.

The model is a conditional logit (McFadden 1974) with an option more than there are rows: that none
answers. So rows compete, and twins share what they are sure of. Confidence in an answer is Platt's
scaling (1999) of the log odds that any row answers, and of the share of it that the first row has.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from hansol_assets.retrieval.features import FEATURES

_LEAST_SLOPES = {"not_opposite": 2.0}
"""An advantage never answers for a drawback, however alike all else is, and few labelled questions
show it. Every other feature has at least 0: none of them speaks against a row."""
_RIDGE = 3.0
_PRIOR_QUESTIONS = 10.0
"""How many questions the calibration's prior (leave the probability as it is) is worth."""
_TINY = 1e-6


@dataclass(frozen=True)
class Examples:
    """Questions with the rows found for them, and which of these answer.

    Attributes:
        features: Of every pair, [pairs, `FEATURES`].
        question: The number of each pair's question, from 0, rising, [pairs].
        answers: Whether the row answers, [pairs].
        weights: Of each question, [questions].
        group: What each question belongs to, such as its table, [questions].
    """

    features: np.ndarray
    question: np.ndarray
    answers: np.ndarray
    weights: np.ndarray
    group: np.ndarray

    @classmethod
    def together(cls, parts: Sequence["Examples"]) -> Self:
        """Puts examples one behind another; groups stay apart."""
        counts = np.cumsum([0, *(len(part.weights) for part in parts)])
        return cls(
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.question + n for part, n in zip(parts, counts, strict=False)]),
            np.concatenate([part.answers for part in parts]),
            np.concatenate([part.weights for part in parts]),
            np.concatenate([part.group for part in parts]),
        )

    def of(self, chosen: np.ndarray) -> "Examples":
        """Returns some of the questions, [questions] of bool."""
        pairs = chosen[self.question]
        numbers = np.cumsum(chosen) - 1
        return Examples(
            self.features[pairs],
            numbers[self.question[pairs]],
            self.answers[pairs],
            self.weights[chosen],
            self.group[chosen],
        )


@dataclass(frozen=True)
class Answerability:
    """Which of the rows found answers a question, if any.

    Attributes:
        means: Of each feature.
        slopes: Log odds a unit of each feature.
        none: Log odds of no row.
        calibration: Intercept, and slopes of the log odds that any row answers and of the
            logarithm of the first row's share.
    """

    means: np.ndarray
    slopes: np.ndarray
    none: float
    calibration: np.ndarray

    @classmethod
    def fit(cls, examples: Examples, calibrating: Examples) -> Self:
        """Fits the model, and calibrates it on predictions for questions that it did not see.

        Args:
            examples: What the model learns from; each group in turn is kept back, and calibrates.
            calibrating: More questions to calibrate on, which the model never learns from.
        """
        whole = cls._fitted(examples)
        signals, right, weights = [whole._signals(calibrating)], [], [calibrating.weights]
        right.append(_first_is_right(whole, calibrating))
        for group in np.unique(examples.group):
            held_out = examples.group == group
            if held_out.all():
                continue
            unseen, model = examples.of(held_out), cls._fitted(examples.of(~held_out))
            signals.append(model._signals(unseen))
            right.append(_first_is_right(model, unseen))
            weights.append(unseen.weights)
        calibration = _platt(
            np.concatenate(signals), np.concatenate(right), np.concatenate(weights)
        )
        return cls(whole.means, whole.slopes, whole.none, calibration)

    @classmethod
    def _fitted(cls, examples: Examples) -> Self:
        from scipy.optimize import minimize

        means, scales = examples.features.mean(axis=0), examples.features.std(axis=0)
        scales = np.where(scales < _TINY, 1, scales)
        standard = (examples.features - means) / scales
        least = [_LEAST_SLOPES.get(name, 0.0) for name in FEATURES] * scales
        fitted = minimize(
            _loss,
            np.zeros(len(FEATURES) + 1),
            args=(standard, examples),
            jac=True,
            method="L-BFGS-B",
            bounds=[*((slope, None) for slope in least), (None, None)],
        ).x
        return cls(means, fitted[:-1] / scales, float(fitted[-1]), np.array([0.0, 1.0, 0.0]))

    def probabilities(self, pools: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The probability that each row answers, given that at most one of its pool does.

        Args:
            pools: Features of each question's rows, [rows, `FEATURES`] each.

        Returns:
            [rows] each; what they lack to 1 is the probability that none of them answers.
        """
        probabilities = []
        for features in pools:
            logits = np.append((features - self.means) @ self.slopes, self.none)
            odds = np.exp(logits - logits.max())
            probabilities.append(odds[:-1] / odds.sum())
        return probabilities

    def confidence(self, probabilities: Sequence[float]) -> float:
        """The probability that the first row answers, calibrated; 0 where no row was found.

        Args:
            probabilities: Of the rows found, the first one's first.
        """
        if not len(probabilities):
            return 0.0
        signals = _signal(np.asarray(probabilities, dtype=np.float64))
        return float(_sigmoid(np.array([1.0, *signals]) @ self.calibration))

    def _signals(self, examples: Examples) -> np.ndarray:
        pools = np.split(
            examples.features, np.searchsorted(examples.question, range(1, len(examples.weights)))
        )
        pools = pools if len(examples.weights) else []
        signals = [_signal(-np.sort(-rows)) for rows in self.probabilities(pools)]
        return np.array(signals).reshape(-1, 2)


def _signal(probabilities: np.ndarray) -> tuple[float, float]:
    """Log odds that any row answers, and the logarithm of the first row's share of that."""
    any_row = float(np.clip(probabilities.sum(), _TINY, 1 - _TINY))
    share = float(np.clip(probabilities[0] / any_row, _TINY, 1)) if len(probabilities) else 1.0
    return float(np.log(any_row / (1 - any_row))), float(np.log(share))


def _first_is_right(model: Answerability, examples: Examples) -> np.ndarray:
    right = np.zeros(len(examples.weights), dtype=bool)
    scores = (examples.features - model.means) @ model.slopes
    for number in range(len(right)):
        pairs = np.flatnonzero(examples.question == number)
        right[number] = len(pairs) > 0 and examples.answers[pairs[np.argmax(scores[pairs])]]
    return right


def _loss(
    parameters: np.ndarray, standard: np.ndarray, examples: Examples
) -> tuple[float, np.ndarray]:
    """Negative log likelihood with a ridge, and its gradient."""
    slopes, none = parameters[:-1], parameters[-1]
    question, weights, count = examples.question, examples.weights, len(examples.weights)
    logits = standard @ slopes
    highest = np.full(count, none)
    np.maximum.at(highest, question, logits)
    odds, odds_none = np.exp(logits - highest[question]), np.exp(none - highest)
    total = np.bincount(question, odds, count) + odds_none
    is_known = np.bincount(question, examples.answers, count) > 0
    meant = np.where(is_known, np.bincount(question, odds * examples.answers, count), odds_none)
    shares = np.where(
        is_known[question], odds * examples.answers / np.maximum(meant[question], 1e-300), 0
    )
    slope = standard.T @ ((odds / total[question] - shares) * weights[question])
    slope_none = float((weights * (odds_none / total - ~is_known)).sum())
    loss = float(-(weights * np.log(meant / total)).sum() + _RIDGE / 2 * slopes @ slopes)
    return loss, np.append(slope + _RIDGE * slopes, slope_none)


def _platt(signals: np.ndarray, right: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Intercept and slopes, drawn toward those that leave the probability as it is."""
    from scipy.optimize import minimize

    design = np.column_stack([np.ones(len(signals)), signals])
    prior = np.array([0.0, 1.0, 0.0])

    def loss(parameters: np.ndarray) -> tuple[float, np.ndarray]:
        logits, distance = design @ parameters, parameters - prior
        fit = weights * (np.logaddexp(0, logits) - right * logits)
        gradient = design.T @ (weights * (_sigmoid(logits) - right))
        penalty = _PRIOR_QUESTIONS / 2 * distance @ distance
        return float(fit.sum() + penalty), gradient + _PRIOR_QUESTIONS * distance

    bounds = [(None, None), (0, None), (0, None)]
    return np.asarray(minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=bounds).x)


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    from scipy.special import expit

    return np.asarray(expit(logits))
