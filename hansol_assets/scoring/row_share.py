"""How much of a submission vector is the rows that answer, and how much the estimate.

What belongs here: the share as a function of the probability that a row answers. What does not:
that probability (`hansol_assets.retrieval.answerability`) and the estimate
(`hansol_assets.scoring.blend`).

A question that the table knows is best answered by the mean of that row's references, one that it
does not know by the regression; the neighbour of an unknown question is often the other side of the
same thing, so that no fixed share serves both.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from hansol_assets.embedding.vectors import mean_directions, unit

ROW_SHARE_FILE = "row_share.json"
_PRIOR = (-1.0, 1.0)
_RIDGE = 1e-3
_TINY = 1e-4


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
        """Mixes the vectors of rows with estimates.

        Args:
            rows: Of length 1, or 0 where no row was found, [parts, dimensions].
            estimates: Of length 1, [parts, dimensions].
            confidence: The probability that the first row answers, [parts].

        Returns:
            [parts, dimensions], of length 1.
        """
        share = np.where(np.any(rows != 0, axis=1), self.of(confidence), 0.0)[:, None]
        return unit(share * rows + (1 - share) * estimates)

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

        Args:
            rows: [questions, dimensions].
            estimates: [questions, dimensions].
            confidence: [questions].
            references: One array a question, [references of the question, dimensions].
            weights: [questions].
        """
        from scipy.optimize import minimize

        aims, prior = mean_directions(references), np.array(_PRIOR)

        def loss(parameters: np.ndarray) -> float:
            made = cls(*parameters).mix(rows, estimates, confidence)
            score = np.average(np.einsum("qd,qd->q", made, aims), weights=weights)
            return float(_RIDGE * np.sum((parameters - prior) ** 2) - score)

        bounds = [(None, None), (0, None)]
        found = minimize(loss, prior, method="Nelder-Mead", bounds=bounds).x
        return cls(*map(float, found))

    def save(self, path: Path) -> None:
        """Writes the parameters as JSON."""
        path.write_text(json.dumps(asdict(self), indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads parameters."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


UNFITTED = RowShare(*_PRIOR)
"""Where no row can be asked for: every one has a single question."""
