"""The components of a submission vector, question by question.

What belongs here: fitting what the components are made with, and computing them for questions that
are split into parts. What does not: their weights (`hansol_assets.scoring.blend`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import mean_directions, split_like, unit
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS, answers_of
from hansol_assets.scoring.baselines import centroid
from hansol_assets.scoring.features import QuestionViews
from hansol_assets.scoring.neighbours import (
    NeighbourSettings,
    choose_temperature,
    neighbour_weights,
)
from hansol_assets.scoring.regression import (
    AnswerVectorRegressor,
    RegressionSettings,
    Strength,
    choose_strength,
)
from hansol_assets.settings_model import SettingsModel

GENERATED = "generated"
RETRIEVED = "retrieved"
REGRESSION = "regression"
QUESTION = "question"
KEYWORDS = "keywords"
CENTROID = "centroid"
_ROWS_FILE = "rows.safetensors"
_IDS_FILE = "rows.json"
COMPONENTS = (GENERATED, RETRIEVED, REGRESSION, QUESTION, KEYWORDS, CENTROID)


class ComponentSettings(SettingsModel):
    """How the components are made."""

    regression: RegressionSettings = Field(
        RegressionSettings(), description="regression from the question to the answer vector"
    )
    answers_as_questions: int = Field(
        1,
        ge=0,
        description="a row's answers, shortest first, that the regression also learns from as if "
        "they were asked: a short answer says in other words what was asked",
    )
    neighbours: NeighbourSettings = Field(
        NeighbourSettings(), description="mixture of the nearest rows' answers"
    )


@dataclass(frozen=True)
class Choices:
    """What was chosen on the calibration questions, once for all later fits.

    Attributes:
        strength: How strongly the regression is held back.
        temperature: How fast a row's weight falls with its distance.
    """

    strength: Strength
    temperature: float

    def save(self, path: Path) -> None:
        """Writes the choices as JSON."""
        content = {"strength": vars(self.strength), "temperature": self.temperature}
        path.write_text(json.dumps(content, indent=1), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads choices."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(Strength(**content["strength"]), content["temperature"])


def choose(
    rows: pd.DataFrame,
    held_out: pd.DataFrame,
    embedder: Embedder,
    settings: ComponentSettings,
) -> Choices:
    """Chooses how the components are made, by fitting on some rows and judging on others.

    Args:
        rows: Training rows.
        held_out: Calibration rows; neither they nor their like were seen by the embedder.
        embedder: Embeds questions and answers.
        settings: What there is to choose from.
    """
    row_vectors = _row_vectors(rows, embedder)
    views, targets = _examples(rows, row_vectors, embedder, settings.answers_as_questions)
    asked, wanted = _examples(held_out, _row_vectors(held_out, embedder), embedder, answers=0)
    strength = choose_strength(views, targets, asked, wanted, settings.regression)
    regressor = AnswerVectorRegressor.fit(views, targets, settings.regression.gamma, strength)
    estimates = regressor.predict(asked)
    temperature = choose_temperature(estimates, wanted, row_vectors, settings.neighbours)
    return Choices(strength, temperature)


class ComponentModel:
    """Computes the components of questions from the rows that they may look at.

    Args:
        regressor: Estimates answer vectors.
        row_ids: Ids of the rows.
        row_vectors: Mean of each row's answer vectors, [rows, dimensions].
        answer_centroid: Direction of the mean of all answers, [dimensions]: the zero of parity.
        embedder: Embeds questions.
        neighbours: How many rows are mixed.
        temperature: How fast a row's weight falls with its distance.
    """

    def __init__(
        self,
        regressor: AnswerVectorRegressor,
        row_ids: Sequence[str],
        row_vectors: np.ndarray,
        answer_centroid: np.ndarray,
        embedder: Embedder,
        neighbours: int,
        temperature: float,
    ) -> None:
        self._regressor = regressor
        self.row_ids = list(row_ids)
        self._row_vectors = row_vectors
        self.answer_centroid = answer_centroid
        self._embedder = embedder
        self._neighbours = neighbours
        self._temperature = temperature
        self.centroid = centroid(row_vectors)

    @classmethod
    def fit(
        cls,
        rows: pd.DataFrame,
        embedder: Embedder,
        choices: Choices,
        settings: ComponentSettings,
    ) -> Self:
        """Fits on rows: `id, questions, answers`, none of them a row that is asked for."""
        row_vectors = _row_vectors(rows, embedder)
        views, targets = _examples(rows, row_vectors, embedder, settings.answers_as_questions)
        gamma = settings.regression.gamma
        regressor = AnswerVectorRegressor.fit(views, targets, gamma, choices.strength)
        return cls(
            regressor,
            rows["id"].tolist(),
            row_vectors,
            centroid(encode(embedder, answers_of(rows))),
            embedder,
            settings.neighbours.count,
            choices.temperature,
        )

    def save(self, folder: Path) -> None:
        """Writes the model as safetensors and JSON; the embedder is not a part of it."""
        from safetensors.numpy import save_file

        self._regressor.save(folder)
        arrays = {"row_vectors": self._row_vectors, "answer_centroid": self.answer_centroid}
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(contiguous, folder / _ROWS_FILE)
        rows = {
            "ids": self.row_ids,
            "neighbours": self._neighbours,
            "temperature": self._temperature,
        }
        content = json.dumps(rows, ensure_ascii=False, indent=1)
        (folder / _IDS_FILE).write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, embedder: Embedder) -> Self:
        """Reads a model.

        Args:
            folder: Where it was saved.
            embedder: The one that it was fitted with.
        """
        from safetensors.numpy import load_file

        arrays = load_file(folder / _ROWS_FILE)
        rows = json.loads((folder / _IDS_FILE).read_text(encoding="utf-8"))
        return cls(
            AnswerVectorRegressor.load(folder),
            rows["ids"],
            arrays["row_vectors"],
            arrays["answer_centroid"],
            embedder,
            rows["neighbours"],
            rows["temperature"],
        )

    def components(
        self, parts: Sequence[Sequence[str]], generated: Sequence[Sequence[np.ndarray]]
    ) -> dict[str, np.ndarray]:
        """Computes every component of every question.

        Each component is computed for each part of a question; the parts' directions are averaged,
        as a joined answer holds one answer after the other.

        Args:
            parts: The parts of each question, at least one.
            generated: Vectors of the answers generated for each part, [answers, dimensions]; empty
                where nothing was generated.

        Returns:
            Name → [questions, dimensions], each of length 1, or 0 where there is nothing.
        """
        texts = [part for own in parts for part in own]
        views = QuestionViews.of(texts, self._embedder)
        estimates = self._regressor.predict(views)
        of_parts = {
            GENERATED: np.stack([self._consensus(vectors) for own in generated for vectors in own]),
            RETRIEVED: self.row_weights(estimates) @ self._row_vectors,
            REGRESSION: estimates,
            QUESTION: views.vectors,
            KEYWORDS: views.keyword_vectors,
            CENTROID: np.tile(self.centroid, (len(texts), 1)),
        }
        return {
            name: unit(mean_directions(split_like(vectors, parts)))
            for name, vectors in of_parts.items()
        }

    def row_weights(self, estimates: np.ndarray) -> np.ndarray:
        """The share of each row in the `retrieved` component, [parts, rows]."""
        return neighbour_weights(
            estimates,
            self._row_vectors,
            self._row_vectors.mean(axis=0),
            self._neighbours,
            self._temperature,
        )

    def _consensus(self, vectors: np.ndarray) -> np.ndarray:
        if not len(vectors):
            return np.zeros(self._row_vectors.shape[1])
        return unit(vectors).mean(axis=0)


def _row_vectors(rows: pd.DataFrame, embedder: Embedder) -> np.ndarray:
    """The mean of each row's answer vectors scaled to length 1, [rows, dimensions]."""
    answers = rows[ANSWERS].tolist()
    vectors = encode(embedder, [answer for own in answers for answer in own])
    return mean_directions(split_like(vectors, answers))


def _examples(
    rows: pd.DataFrame, row_vectors: np.ndarray, embedder: Embedder, answers: int
) -> tuple[QuestionViews, np.ndarray]:
    """The paraphrases of every row, then its shortest answers; and the row's vector for each.

    First come the first paraphrases of all rows, then the second ones of those that have one …
    """
    by_length = [sorted(own, key=len)[:answers] for own in rows[ANSWERS]]
    asked, sources = [], []
    for texts in (rows[QUESTIONS].tolist(), by_length):
        for place in range(max(map(len, texts), default=0)):
            having = [row for row, own in enumerate(texts) if len(own) > place]
            asked += [texts[row][place] for row in having]
            sources += having
    return QuestionViews.of(asked, embedder), row_vectors[sources]
