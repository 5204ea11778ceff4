"""The rows whose answers look like the estimated one, averaged.

What belongs here: pseudo relevance feedback (Rocchio 1971) in the space of answers: a first
estimate of the answer is the query, and the rows with answers near it are mixed by nearness. What
does not: finding rows by their questions (`hansol_assets.retrieval.search`).
"""

from typing import NamedTuple

import numpy as np
from pydantic import Field

from hansol_assets.embedding.vectors import highest, unit
from hansol_assets.settings_model import SettingsModel

# Estimates compared at a time: 100,000 rows then take 100 MB.
_CHUNK = 128


class NeighbourSettings(SettingsModel):
    """How rows are mixed."""

    count: int = Field(10, ge=1, description="nearest rows that are mixed at most")
    temperatures: tuple[float, ...] = Field(
        (0.1, 0.15, 0.2, 0.3),
        min_length=1,
        description="cosine differences at which a row's weight falls by e, to choose from",
    )


class Neighbours(NamedTuple):
    """The nearest rows of each estimate, nearest first.

    Attributes:
        places: Their places among the rows, [questions, neighbours].
        cosines: Their nearness, [questions, neighbours].
    """

    places: np.ndarray
    cosines: np.ndarray

    def weights(self, temperature: float) -> np.ndarray:
        """Each row's share, [questions, neighbours], each row of it adding up to 1.

        Args:
            temperature: Cosine difference at which the weight falls by e.
        """
        weights = np.exp((self.cosines - self.cosines[:, :1]) / temperature)
        return weights / weights.sum(axis=1, keepdims=True)

    def mix(self, row_vectors: np.ndarray, temperature: float) -> np.ndarray:
        """The mean of the rows' vectors by weight, [questions, dimensions]."""
        return np.einsum("qn,qnd->qd", self.weights(temperature), row_vectors[self.places])


def nearest_rows(estimates: np.ndarray, row_vectors: np.ndarray, count: int) -> Neighbours:
    """Finds the rows whose answers are nearest to each estimate.

    Nearness is the cosine of what is left when the centroid is taken off: what all answers have in
    common says nothing about which rows are near. Of equally near rows the first come first.

    Args:
        estimates: [questions, dimensions].
        row_vectors: Mean of each row's answer vectors, [rows, dimensions].
        count: Rows a question; all there are where they are fewer.
    """
    centroid = row_vectors.mean(axis=0)
    # Estimates are compared as directions, or a cautious (short) one would be mostly centroid.
    length = np.linalg.norm(row_vectors, axis=1).mean()
    asked = unit(length * unit(estimates) - centroid)
    known = unit(row_vectors - centroid)
    count = min(count, len(known))
    places = np.zeros((len(asked), count), dtype=np.int64)
    cosines = np.zeros((len(asked), count))
    for start in range(0, len(asked), _CHUNK):
        own = slice(start, start + _CHUNK)
        near = asked[own] @ known.T
        places[own] = highest(near, count)
        cosines[own] = np.take_along_axis(near, places[own], axis=1)
    return Neighbours(places, cosines)


def choose_temperature(
    estimates: np.ndarray,
    targets: np.ndarray,
    row_vectors: np.ndarray,
    settings: NeighbourSettings,
) -> float:
    """Chooses the temperature whose mixtures do best on questions held out.

    Args:
        estimates: [held out, dimensions].
        targets: Mean of the references' directions of each question, [held out, dimensions].
        row_vectors: Mean of each row's answer vectors, [rows, dimensions].
        settings: Temperatures to choose from.
    """
    neighbours = nearest_rows(estimates, row_vectors, settings.count)

    def score(temperature: float) -> float:
        mixed = unit(neighbours.mix(row_vectors, temperature))
        return float(np.einsum("qd,qd->", mixed, targets))

    return max(settings.temperatures, key=score)
