"""The vector of an answer that is made of several, from the vectors of its parts.

What belongs here: what joining does to vectors, learned from answers joined on purpose. What does
not: how texts are joined (`hansol_assets.qa.connectives`).

The mean of the parts' directions is near, but not at, the vector of the joined text: an encoder
also notes that a text is long and speaks of two things. On real rows that costs a tenth of parity.
"""

from collections.abc import Sequence
from functools import cached_property
from itertools import cycle, islice
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode_means
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.qa.connectives import ALSO, AND, join_answers
from hansol_assets.qa.seeded_draws import spread_pairs
from hansol_assets.settings_model import SettingsModel


class JoiningSettings(SettingsModel):
    """How it is learned what joining does."""

    pairs: int = Field(
        200, ge=0, description="pairs of rows whose answers are joined to learn from; 0: the mean"
    )
    alpha: float = Field(1.0, gt=0, description="ridge penalty of what differs from the mean")
    seed: int = Field(20240311, ge=0, description="seed of the draw of pairs")


class JoinMap:
    """An affine map from the mean direction of parts to the direction of the whole.

    Args:
        before: Mean of the parts' mean directions, [dimensions].
        after: Mean of the joined vectors, [dimensions].
        correction: What is added to a deviation from `before`, [dimensions, dimensions].
    """

    def __init__(self, before: np.ndarray, after: np.ndarray, correction: np.ndarray) -> None:
        self._before = before
        self._after = after
        self._correction = np.ascontiguousarray(correction)

    @classmethod
    def identity(cls, dimensions: int) -> Self:
        """The map that leaves the mean direction as it is."""
        nothing = np.zeros(dimensions)
        return cls(nothing, nothing, np.zeros((dimensions, dimensions)))

    @classmethod
    def fit(
        cls,
        ids: Sequence[str],
        answers: Sequence[Sequence[str]],
        row_vectors: np.ndarray,
        embedder: Embedder,
        settings: JoiningSettings,
    ) -> Self:
        """Joins the answers of pairs of rows, and fits a ridge to what the mean misses.

        The i-th answers of two rows are joined, and the mean of the joined directions is what the
        mean of the two rows' directions must become.

        Args:
            ids: Ids of the rows; the draw depends on them, not on their order.
            answers: The reference answers of each row, at least one.
            row_vectors: Mean of each row's answer vectors, [rows, dimensions].
            embedder: Embeds joined answers.
            settings: How many pairs, and how strongly held back.
        """
        place_of = {key: place for place, key in enumerate(ids)}
        pairs = list(islice(spread_pairs(sorted(ids), str, settings.seed, "joins"), settings.pairs))
        if not pairs:
            return cls.identity(row_vectors.shape[1])
        places = np.array([[place_of[first], place_of[second]] for first, second in pairs])
        wholes = [
            [join_answers(*both, connective) for both in zip(answers[i], answers[j], strict=False)]
            for (i, j), connective in zip(places, cycle((AND, ALSO)), strict=False)
        ]
        joined = encode_means(embedder, wholes)
        parts = unit(row_vectors)[places].mean(axis=1)
        return cls.between(parts, joined, settings.alpha)

    @classmethod
    def between(cls, parts: np.ndarray, wholes: np.ndarray, alpha: float) -> Self:
        """Fits a ridge to what the mean of parts misses of the whole.

        Args:
            parts: Mean directions of the parts, [examples, dimensions].
            wholes: Vectors of the wholes, [examples, dimensions].
            alpha: Ridge penalty.
        """
        before, after = parts.mean(axis=0), wholes.mean(axis=0)
        deviations = parts - before
        system = deviations.T @ deviations + alpha * np.eye(parts.shape[1])
        missed = deviations.T @ (wholes - after - deviations)
        return cls(before, after, np.linalg.solve(system, missed))

    def linear(self, vectors: np.ndarray) -> np.ndarray:
        """The linear part of the map; sums may be mapped part by part, [vectors, dimensions]."""
        return vectors + vectors @ self._correction

    @cached_property
    def offset(self) -> np.ndarray:
        """What is added to the linear part of a mean direction, [dimensions]."""
        return self._after - self.linear(self._before)

    def apply(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Estimates the vectors of whole answers.

        Args:
            parts: For each question the vectors of its parts, [parts, dimensions]; a single part
                is the whole.

        Returns:
            [questions, dimensions], each of length 1, or 0 where all parts are.
        """
        means = mean_directions(parts)
        joined = self.offset + self.linear(means)
        several = np.array([len(own) > 1 and bool(own.any()) for own in parts], dtype=bool)
        return unit(np.where(several[:, None], joined, means))

    def save(self, path: Path) -> None:
        """Writes the map as safetensors."""
        from safetensors.numpy import save_file

        arrays = {"before": self._before, "after": self._after, "correction": self._correction}
        save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads a map."""
        from safetensors.numpy import load_file

        return cls(**load_file(path))
