"""How sure a score is: bootstrap intervals, paired comparison, and parity."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

RESAMPLES = 10_000
LEVEL = 0.95
"""Share of the resamples' means that lies in an interval."""
_SEED = 0


class Interval(NamedTuple):
    """A percentile interval."""

    low: float
    high: float


class PairedResult(NamedTuple):
    """How much better one set of scores is than another on the same questions.

    Attributes:
        difference: Mean of the first minus mean of the second, with its interval.
        p_better: Share of the resamples in which the first is better.
    """

    difference: float
    low: float
    high: float
    p_better: float


def bootstrap_interval(
    scores: np.ndarray, groups: Sequence[str] | None = None, weights: np.ndarray | None = None
) -> Interval:
    """Percentile bootstrap interval of the (weighted) mean of scores, [questions] (Efron 1979).

    With `groups`, which say what questions have in common (their source row), groups are drawn
    whole, since questions from one row rise and fall together.

    Raises:
        ValueError: There are no scores.
    """
    return _interval(_resampled_means(scores, groups, weights))


def paired_bootstrap(
    first: np.ndarray,
    second: np.ndarray,
    groups: Sequence[str] | None = None,
    weights: np.ndarray | None = None,
) -> PairedResult:
    """Paired bootstrap of the difference of scores of the same questions, in the same order.

    Both scores of a question are drawn together; see `bootstrap_interval`.

    Raises:
        ValueError: The scores are none, or not of the same questions.
    """
    if np.shape(first) != np.shape(second):
        msg = f"paired scores must be of the same questions: {len(first)} and {len(second)}"
        raise ValueError(msg)
    differences = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
    means = _resampled_means(differences, groups, weights)
    low, high = _interval(means)
    return PairedResult(
        float(np.average(differences, weights=weights)), low, high, float((means > 0).mean())
    )


def parity(score: float, centroid: float, human: float) -> float:
    """Where a score stands between knowing nothing (0) and one human reference (1).

    NaN where people do no better than the centroid: then nothing can be measured.
    """
    span = human - centroid
    return (score - centroid) / span if span > 0 else float("nan")


def _resampled_means(
    scores: np.ndarray, groups: Sequence[str] | None, weights: np.ndarray | None
) -> np.ndarray:
    values = np.asarray(scores, dtype=np.float64)
    if not values.size:
        msg = "no scores to resample"
        raise ValueError(msg)
    _, group = np.unique(np.arange(len(values)) if groups is None else groups, return_inverse=True)
    shares = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=np.float64)
    draws = _draws(int(group.max()) + 1)
    sizes = draws @ np.bincount(group, weights=shares)
    # A draw may miss every group that has a weight.
    return (draws @ np.bincount(group, weights=values * shares))[sizes > 0] / sizes[sizes > 0]


@lru_cache(maxsize=2)
def _draws(groups: int) -> np.ndarray:
    """How often each group is drawn in each resample, [resamples, groups]; many scores share it."""
    generator = np.random.default_rng(_SEED)
    drawn = generator.multinomial(groups, np.full(groups, 1 / groups), RESAMPLES)
    return drawn.astype(np.float64)


def _interval(means: np.ndarray) -> Interval:
    low, high = np.quantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(low), float(high))
