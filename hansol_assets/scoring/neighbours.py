"""The rows whose answers look like the estimated one, averaged.

What belongs here: pseudo relevance feedback (Rocchio 1971) in the space of answers: a first
estimate of the answer is the query, and the rows with answers near it are mixed by nearness. What
does not: finding rows by their questions (`hansol_assets.retrieval.search`).
"""

import numpy as np
from pydantic import Field

from hansol_assets.embedding.vectors import unit
from hansol_assets.settings_model import SettingsModel


class NeighbourSettings(SettingsModel):
    """How rows are mixed."""

    count: int = Field(30, ge=1, description="nearest rows that are mixed at most")
    temperatures: tuple[float, ...] = Field(
        (0.05, 0.1, 0.15, 0.2, 0.3),
        min_length=1,
        description="cosine differences at which a row's weight falls by e, to choose from",
    )


def neighbour_weights(
    estimates: np.ndarray,
    row_vectors: np.ndarray,
    centroid: np.ndarray,
    count: int,
    temperature: float,
) -> np.ndarray:
    """Weighs rows by how near their answers are to each estimate.

    Nearness is the cosine of what is left when the centroid is taken off: what all answers have in
    common says nothing about which rows are near.

    Args:
        estimates: [questions, dimensions].
        row_vectors: Mean of each row's answer vectors, [rows, dimensions].
        centroid: Mean of the row vectors, [dimensions].
        count: Nearest rows with a weight above 0.
        temperature: Cosine difference at which the weight falls by e.

    Returns:
        [questions, rows], each row of it adding up to 1.
    """
    # Estimates are compared as directions, or a cautious (short) one would be mostly centroid.
    length = np.linalg.norm(row_vectors, axis=1).mean()
    cosines = unit(length * unit(estimates) - centroid) @ unit(row_vectors - centroid).T
    if count < cosines.shape[1]:
        floor = -np.partition(-cosines, count - 1, axis=1)[:, count - 1 : count]
        cosines = np.where(cosines >= floor, cosines, -np.inf)
    weights = np.exp((cosines - cosines.max(axis=1, keepdims=True)) / temperature)
    return weights / weights.sum(axis=1, keepdims=True)


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
    centroid = row_vectors.mean(axis=0)

    def score(temperature: float) -> float:
        weights = neighbour_weights(estimates, row_vectors, centroid, settings.count, temperature)
        return float(np.einsum("qd,qd->", unit(weights @ row_vectors), targets))

    return max(settings.temperatures, key=score)
