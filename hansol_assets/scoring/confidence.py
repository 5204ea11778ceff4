"""How far probabilities can be trusted.

What belongs here: calibration, and what is gained by answering only where one is sure. What does
not: where probabilities come from (`hansol_assets.retrieval.answerability`).
"""

import numpy as np
import pandas as pd

BINS = 10


def calibration_table(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Probabilities beside the share that was right, in bins of equal width.

    Args:
        confidence: Probabilities, [questions].
        right: Whether each answer was right, [questions].
        bins: Number of bins between 0 and 1.

    Returns:
        `questions, confidence, right`, one row a bin that is not empty, probability rising.
    """
    places = np.minimum((confidence * bins).astype(int), bins - 1)
    table = pd.DataFrame({"bin": places, "confidence": confidence, "right": right})
    grouped = table.groupby("bin")
    means = grouped[["confidence", "right"]].mean()
    return means.assign(questions=grouped.size()).reset_index(drop=True)[
        ["questions", "confidence", "right"]
    ]


def expected_calibration_error(
    confidence: np.ndarray, right: np.ndarray, bins: int = BINS
) -> float:
    """Mean distance of probability and share right over bins (Naeini et al. 2015)."""
    table = calibration_table(confidence, right, bins)
    gaps = (table["confidence"] - table["right"]).abs()
    return float(np.average(gaps, weights=table["questions"]))


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """The share of wrong answers among the surest ones, for every number of them.

    El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification".

    Returns:
        `coverage` (share of the questions that are answered, 0 to 1) and `risk` (share of those
        answered wrongly), coverage rising.
    """
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    wrong = np.cumsum(~right[order].astype(bool))
    return pd.DataFrame({"coverage": counts / max(len(order), 1), "risk": wrong / counts})


def coverage_at(precision: float, confidence: np.ndarray, right: np.ndarray) -> float:
    """The largest share of the questions that can be answered with a precision."""
    curve = risk_coverage(confidence, right)
    enough = curve[curve["risk"] <= 1 - precision + 1e-9]
    return float(enough["coverage"].max()) if len(enough) else 0.0
