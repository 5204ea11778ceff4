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

from hansol_assets.embedding.embedder import Embedder, encode_means
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.qa.connectives import AND, join_all

ROW_SHARE_FILE = "row_share.json"
_PRIOR = (-1.0, 1.0)
_RIDGE = 1e-3
_TINY = 1e-4
_LEAST_SHARE = 0.05
"""Below it joined references are not worth their embedding."""


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

    def mix_joined(
        self,
        wholes: np.ndarray,
        answers: Sequence[Sequence[Sequence[str]]],
        confidence: Sequence[np.ndarray],
        embedder: Embedder,
    ) -> np.ndarray:
        """Mixes the joined references of rows into the vectors of answers to joined questions.

        The map of joining knows what joining does on average; where all parts are known, their
        joined references say it of these rows. Their share is the product of the parts' shares.

        Args:
            wholes: Of length 1, [questions, dimensions].
            answers: Of each question, for each of its parts, the references of the row found first.
            confidence: The probability that it answers, of each part, one array a question.
            embedder: Embeds joined references.

        Returns:
            [questions, dimensions], of length 1; questions of one part as they are.
        """
        shares = np.array([self.of(own).prod() if len(own) > 1 else 0.0 for own in confidence])
        places = [
            place
            for place, own in enumerate(answers)
            if shares[place] > _LEAST_SHARE and all(map(len, own))
        ]
        if not places:
            return wholes
        texts = [
            [join_all(own, AND) for own in zip(*answers[place], strict=False)] for place in places
        ]
        share, mixed = shares[places][:, None], wholes.copy()
        rows = unit(encode_means(embedder, texts))
        mixed[places] = unit(share * rows + (1 - share) * wholes[places])
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
