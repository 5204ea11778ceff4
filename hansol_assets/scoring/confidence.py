"""How good an answer is expected to be, and how well that is known.

What belongs here: from signals of a question to its expected score, calibrated on questions whose
scores are known; the error of that calibration; and what is gained by answering only the confident
questions. What does not: the signals (`hansol_assets.scoring.answer_regressor`,
`hansol_assets.scoring.composing`) and what is done with a doubtful answer.
"""

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.settings_model import SettingsModel

_FOLDS = 5
DECIMALS = 4


class ConfidenceSettings(SettingsModel):
    """When an answer is to be looked at by a person."""

    review_below: float = Field(
        0.6, ge=-1, le=1, description="expected score below which an answer needs review"
    )
    alpha: float = Field(
        10.0, gt=0, description="ridge penalty of the signals' slopes, in questions"
    )


@dataclass(frozen=True)
class Confidence:
    """Expected scores: a ridge on the signals, then a step function that only rises.

    No slope falls, so that few questions cannot teach that near evidence is a bad sign.

    Isotonic regression (Zadrozny and Elkan 2002) is fitted on predictions for questions that the
    ridge did not see, so that its optimism is not calibrated into the scores.

    Attributes:
        signals: Names of the signals, in the order of the arrays.
        means: Mean of each signal.
        scales: Standard deviation of each signal, 1 where it does not vary.
        slopes: Score a standard deviation of each signal.
        intercept: Mean score.
        raw: Where the calibrated function bends, rising.
        calibrated: Its values there, never falling.
    """

    signals: tuple[str, ...]
    means: np.ndarray
    scales: np.ndarray
    slopes: np.ndarray
    intercept: float
    raw: np.ndarray
    calibrated: np.ndarray

    @classmethod
    def fit(
        cls,
        signals: pd.DataFrame,
        scores: np.ndarray,
        settings: ConfidenceSettings,
        either_way: Collection[str] = (),
    ) -> Self:
        """Fits on calibration questions.

        Args:
            signals: One row a question, one column a signal; of each, more is no worse.
            scores: Mean cosine of each answer to its references, [questions].
            settings: How strongly slopes are held back.
            either_way: Signals of which more may be worse.

        Returns:
            What was learned; from a single question that every answer is as good as its own.

        Raises:
            ValueError: There is no question.
        """
        from sklearn.isotonic import IsotonicRegression

        if not len(signals):
            msg = "there is no question to calibrate on"
            raise ValueError(msg)
        values = signals.to_numpy(dtype=np.float64)
        means, scales = values.mean(axis=0), values.std(axis=0)
        scales = np.where(scales == 0, 1, scales)
        standard = (values - means) / scales
        least = np.where(signals.columns.isin(list(either_way)), -np.inf, 0.0)
        unseen = _unseen(standard, scores, settings.alpha, least)
        steps = IsotonicRegression(out_of_bounds="clip").fit(unseen, scores)
        slopes, intercept = _ridge(standard, scores, settings.alpha, least)
        return cls(
            tuple(signals.columns),
            means,
            scales,
            slopes,
            intercept,
            np.asarray(steps.X_thresholds_, dtype=np.float64),
            np.asarray(steps.y_thresholds_, dtype=np.float64),
        )

    def predict(self, signals: pd.DataFrame) -> np.ndarray:
        """The expected score of each question, [questions].

        Args:
            signals: The columns that it was fitted on, in any order.
        """
        values = signals[list(self.signals)].to_numpy(dtype=np.float64)
        raw = (values - self.means) / self.scales @ self.slopes + self.intercept
        return np.interp(raw, self.raw, self.calibrated)

    def contributions(self, signals: pd.DataFrame) -> pd.DataFrame:
        """Returns the score that each signal's distance from its mean is worth, as `signals` is."""
        known = signals[list(self.signals)]
        return (known - self.means) / self.scales * self.slopes

    def save(self, path: Path) -> None:
        """Writes the calibration as JSON."""
        content = {
            name: value.tolist() if isinstance(value, np.ndarray) else value
            for name, value in vars(self).items()
        }
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a calibration."""
        content = json.loads(path.read_text(encoding="utf-8"))
        arrays = ("means", "scales", "slopes", "raw", "calibrated")
        content |= {name: np.array(content[name]) for name in arrays}
        return cls(**(content | {"signals": tuple(content["signals"])}))


def needs_review(expected: np.ndarray, settings: ConfidenceSettings) -> np.ndarray:
    """Which answers a person should look at, [questions] bool."""
    return expected < settings.review_below


def calibration_table(expected: np.ndarray, scores: np.ndarray, bins: int = 10) -> pd.DataFrame:
    """Expected beside true scores, in bins of equally many questions.

    Args:
        expected: [questions].
        scores: [questions].
        bins: Number of bins.

    Returns:
        `questions, expected, score`, one row a bin that is not empty, expectation rising.
    """
    order = np.argsort(expected, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    return pd.DataFrame(
        {
            "questions": [len(part) for part in parts],
            "expected": [float(expected[part].mean()) for part in parts],
            "score": [float(scores[part].mean()) for part in parts],
        }
    )


def expected_calibration_error(expected: np.ndarray, scores: np.ndarray, bins: int = 10) -> float:
    """Mean distance of expected and true scores over bins of equally many questions (ECE).

    Naeini et al. 2015, for scores in place of probabilities; in units of the score.
    """
    table = calibration_table(expected, scores, bins)
    gaps = (table["expected"] - table["score"]).abs()
    return float(np.average(gaps, weights=table["questions"]))


def coverage_curve(expected: np.ndarray, scores: np.ndarray) -> pd.DataFrame:
    """The mean score of the most confident questions, for every number of them.

    Returns:
        `coverage` (share of the questions that are answered, 0 to 1) and `score`.
    """
    order = np.argsort(-expected, kind="stable")
    counts = np.arange(1, len(order) + 1)
    return pd.DataFrame(
        {"coverage": counts / len(order), "score": np.cumsum(scores[order]) / counts}
    )


def coverage_area(expected: np.ndarray, scores: np.ndarray) -> float:
    """The area under the coverage curve: its mean over all coverages.

    What it exceeds the mean score by is what knowing one's doubts is worth (El-Yaniv and Wiener
    2010, with scores in place of risks).
    """
    return float(coverage_curve(expected, scores)["score"].mean())


def confidence_facts(questions: pd.DataFrame) -> dict[str, float]:
    """Sums up how far expected scores can be trusted.

    Args:
        questions: Per-question scores with `confidence` and `text`.

    Returns:
        `calibration_error` (ECE, in units of the score) and `coverage_area`.
    """
    expected, scores = questions["confidence"].to_numpy(), questions["text"].to_numpy()
    return {
        "calibration_error": round(expected_calibration_error(expected, scores), DECIMALS),
        "coverage_area": round(coverage_area(expected, scores), DECIMALS),
    }


def _unseen(
    standard: np.ndarray, scores: np.ndarray, alpha: float, least: np.ndarray
) -> np.ndarray:
    """Predictions for questions that the ridge did not see; for a single one its own score."""
    if len(scores) == 1:
        return scores
    predicted = np.zeros(len(scores))
    folds = np.arange(len(scores)) % min(_FOLDS, len(scores))
    for fold in np.unique(folds):
        rest = folds != fold
        slopes, intercept = _ridge(standard[rest], scores[rest], alpha, least)
        predicted[~rest] = standard[~rest] @ slopes + intercept
    return predicted


def _ridge(
    standard: np.ndarray, scores: np.ndarray, alpha: float, least: np.ndarray
) -> tuple[np.ndarray, float]:
    """Ridge regression whose slopes are at least `least`, as bounded least squares."""
    from scipy.optimize import lsq_linear

    intercept, means = float(scores.mean()), standard.mean(axis=0)
    system = np.vstack([standard - means, np.sqrt(alpha) * np.eye(standard.shape[1])])
    aim = np.concatenate([scores - intercept, np.zeros(standard.shape[1])])
    slopes = lsq_linear(system, aim, bounds=(least, np.inf)).x
    return slopes, intercept - float(means @ slopes)
