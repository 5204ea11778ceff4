"""The vector of an answer that is made of several, from the vectors of its parts.

What joining does to vectors is learned from answers that are joined on purpose. The mean of the
parts' directions is near, but not at, the vector of the joined text: an encoder also notes that a
text is long and speaks of two things. On real rows that costs a tenth of parity.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import cycle, islice
from typing import Self

import numpy as np

from hansol_assets.embedding.embedder import Embedder, encode, encode_means, width_of
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.qa.connectives import ALSO, AND, join_answers
from hansol_assets.qa.seeded_draws import choose, spread_pairs

_ALPHA = 1.0
"""Ridge penalty of what differs from the mean."""


PAIRS, PAIRS_A_ROW = 300, 4
"""Pairs of rows of which an answer each is joined to learn from, at most, and of a small table: on
real rows they say as much as 200 pairs of which all five are."""
_SEED = 20240311


@dataclass
class JoinMap:
    """An affine map from the mean direction of parts to the direction of the whole.

    `correction`, [dimensions, dimensions], is added to a deviation from the mean of the parts'
    means; `after` is the mean of the joined vectors.
    """

    before: np.ndarray
    after: np.ndarray
    correction: np.ndarray

    @classmethod
    def identity(cls, dimensions: int) -> Self:
        """The map that leaves the mean direction as it is."""
        nothing = np.zeros(dimensions)
        return cls(nothing, nothing, np.zeros((dimensions, dimensions)))

    @classmethod
    def fit(cls, ids: Sequence[str], answers: Sequence[Sequence[str]], embedder: Embedder) -> Self:
        """Joins answers of pairs of rows, and fits a ridge to what the mean of the two misses.

        The draw depends on the ids, not on their order.
        """
        answers_of = dict(zip(ids, answers, strict=True))
        most = min(PAIRS, PAIRS_A_ROW * len(ids))
        pairs = list(islice(spread_pairs(sorted(ids), str, _SEED, "joins"), most))
        if not pairs:
            return cls.identity(width_of(embedder))
        parts = [
            [choose(answers_of[key], _SEED, "joined answer", *pair, key) for key in pair]
            for pair in pairs
        ]
        wholes = [
            join_answers(first, second, connective)
            for (first, second), connective in zip(parts, cycle((AND, ALSO)), strict=False)
        ]
        return cls.between(encode_means(embedder, parts), unit(encode(embedder, wholes)), _ALPHA)

    @classmethod
    def between(cls, parts: np.ndarray, wholes: np.ndarray, alpha: float) -> Self:
        """Fits a ridge to what the mean of parts misses of the whole, [examples, dimensions]."""
        before, after = parts.mean(axis=0), wholes.mean(axis=0)
        deviations = parts - before
        system = deviations.T @ deviations + alpha * np.eye(parts.shape[1])
        missed = deviations.T @ (wholes - after - deviations)
        return cls(before, after, np.ascontiguousarray(np.linalg.solve(system, missed)))

    def linear(self, vectors: np.ndarray) -> np.ndarray:
        """The linear part of the map; sums may be mapped part by part, [vectors, dimensions]."""
        return vectors + vectors @ self.correction

    @cached_property
    def offset(self) -> np.ndarray:
        """What is added to the linear part of a mean direction, [dimensions]."""
        return self.after - self.linear(self.before)

    def apply(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Estimates the vectors of whole answers from those of the parts of each question.

        A single part is the whole.

        Returns:
            [questions, dimensions], each of length 1, or 0 where all parts are.
        """
        means = mean_directions(parts)
        joined = self.offset + self.linear(means)
        several = np.array(
            [len(vectors) > 1 and bool(vectors.any()) for vectors in parts], dtype=bool
        )
        return unit(np.where(several[:, None], joined, means))
