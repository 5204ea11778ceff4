"""From questions to the vectors of their answers: every component, from rows fitted once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import Embedder, encode_means
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.seeded_draws import digest, draw
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS, shortest
from hansol_assets.scoring.join_map import JoinMap
from hansol_assets.scoring.measures import centroid
from hansol_assets.scoring.question_views import QuestionViews
from hansol_assets.scoring.regression import (
    NEIGHBOURS,
    AnswerVectorRegressor,
    Neighbours,
    Strength,
    choose_temperature,
    nearest_rows,
)

GENERATED = "generated"
RETRIEVED = "retrieved"
REGRESSION = "regression"
QUESTION = "question"
KEYWORDS = "keywords"
CENTROID = "centroid"
COMPONENTS = (GENERATED, RETRIEVED, REGRESSION, QUESTION, KEYWORDS, CENTROID)

_ANSWERS_AS_QUESTIONS = 5
"""A row's answers, shortest first, that the regression also learns from as if they were asked: an
answer says in other words what was asked."""
_MOST_CHOOSING = 250
"""Calibration rows at most that strengths are chosen on."""


MOST_ROWS = 1_200
"""Rows at most that the regression learns from, drawn by hash: fitting takes no longer with more.
All rows are known as neighbours and can be quoted."""
ROW_ANSWERS = 2
"""Answers, shortest first, that stand for a row which the regression does not learn from."""


@dataclass(frozen=True)
class Choices:
    """What was chosen on the calibration questions, once for all later fits.

    `temperature` says how fast a row's weight falls with its distance; `joining` is learned from
    the training rows.
    """

    strength: Strength
    temperature: float
    joining: JoinMap


@dataclass
class AnswerRegressor:
    """Computes the components of questions from the rows that they may look at.

    `row_vectors` are the means of each row's answer vectors, [rows, dimensions]; `answer_centroid`
    is the direction of the mean of all answers, [dimensions]: the zero of parity.
    """

    regression: AnswerVectorRegressor
    row_ids: list[str]
    row_vectors: np.ndarray
    answer_centroid: np.ndarray
    embedder: Embedder
    choices: Choices

    @cached_property
    def centroid(self) -> np.ndarray:
        """The direction of the mean row, [dimensions]."""
        return centroid(self.row_vectors)

    @property
    def joining(self) -> JoinMap:
        """From the vectors of a question's parts to that of its whole answer."""
        return self.choices.joining

    @classmethod
    def fit(cls, rows: pd.DataFrame, embedder: Embedder, choices: Choices) -> Self:
        """Fits on rows (`id, questions, answers`), none of them a row that will be asked for."""
        row_vectors, learned = _row_vectors(rows, embedder)
        views, targets = _examples(rows.iloc[learned], row_vectors[learned], embedder)
        regression = AnswerVectorRegressor.fit(views, targets, choices.strength)
        return cls._of(rows, row_vectors, regression, embedder, choices)

    @classmethod
    def fit_best(cls, rows: pd.DataFrame, held_out: pd.DataFrame, embedder: Embedder) -> Self:
        """Fits on training rows as does best on calibration rows, `id, questions, answers` each."""
        row_vectors, learned = _row_vectors(rows, embedder)
        learned_rows, learned_vectors = rows.iloc[learned], row_vectors[learned]
        views, targets = _examples(learned_rows, learned_vectors, embedder)
        judging = held_out.iloc[_drawn(held_out, _MOST_CHOOSING)]
        answers = encode_means(embedder, judging[ANSWERS].tolist())
        asked, asked_targets = _examples(judging, answers, embedder, most_answers=0)
        regression = AnswerVectorRegressor.fit_best(views, targets, asked, asked_targets)
        temperature = choose_temperature(regression.predict(asked), asked_targets, row_vectors)
        ids, texts = learned_rows[ID].tolist(), learned_rows[ANSWERS].tolist()
        joining = JoinMap.fit(ids, texts, embedder)
        choices = Choices(regression.strength, temperature, joining)
        return cls._of(rows, row_vectors, regression, embedder, choices)

    @classmethod
    def _of(
        cls,
        rows: pd.DataFrame,
        row_vectors: np.ndarray,
        regression: AnswerVectorRegressor,
        embedder: Embedder,
        choices: Choices,
    ) -> Self:
        counts = rows[ANSWERS].map(len).to_numpy()
        return cls(
            regression,
            rows["id"].tolist(),
            row_vectors.astype(np.float32),
            unit(counts @ row_vectors),
            embedder,
            choices,
        )

    def components(
        self, parts: Sequence[str], generated: Sequence[np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Computes every component of questions, or parts of questions, that stand by themselves.

        `generated` has the vectors of the answers generated for each, [answers, dimensions], or
        none.

        Returns:
            Name → [parts, dimensions], each of length 1, or 0 where there is nothing.
        """
        views = QuestionViews.of(parts, self.embedder)
        estimates = self.regression.predict(views)
        neighbours = self.neighbours_of(estimates)
        components = {
            GENERATED: self._consensus(generated, len(parts)),
            RETRIEVED: neighbours.mix(self.row_vectors, self.choices.temperature),
            REGRESSION: estimates,
            QUESTION: views.vectors,
            KEYWORDS: views.keyword_vectors,
            CENTROID: np.tile(self.centroid, (len(parts), 1)),
        }
        return {
            name: unit(np.asarray(vectors, dtype=np.float64))
            for name, vectors in components.items()
        }

    def rows_mixed(self, probabilities: Sequence[Mapping[str, float]]) -> np.ndarray:
        """The mean answer of the rows of each part by weight (row id → weight).

        Returns:
            [parts, dimensions], of length 1 or 0.
        """
        row_of = {key: row for row, key in enumerate(self.row_ids)}
        mixed = np.zeros((len(probabilities), self.row_vectors.shape[1]))
        for part, weights in enumerate(probabilities):
            if weights:
                rows = [row_of[key] for key in weights]
                mixed[part] = np.array(list(weights.values())) @ self.row_vectors[rows]
        return unit(mixed)

    def rows_near(self, vectors: np.ndarray, count: int) -> list[list[tuple[str, float]]]:
        """The rows whose answers are nearest to each vector: id and cosine, nearest first."""
        neighbours = nearest_rows(vectors, self.row_vectors, count)
        return [
            [(self.row_ids[row], float(cosine)) for row, cosine in zip(*nearest, strict=True)]
            for nearest in zip(*neighbours, strict=True)
        ]

    def neighbours_of(self, estimates: np.ndarray) -> Neighbours:
        """The rows that the `retrieved` component of each estimate is mixed of."""
        return nearest_rows(estimates, self.row_vectors, NEIGHBOURS)

    def _consensus(self, generated: Sequence[np.ndarray] | None, count: int) -> np.ndarray:
        means = np.zeros((count, self.row_vectors.shape[1]))
        for part, vectors in enumerate(generated or ()):
            if len(vectors):
                means[part] = unit(vectors).mean(axis=0)
        return means


def _drawn(rows: pd.DataFrame, most: int) -> list[int]:
    """Positions of so many rows at most, drawn by their ids."""
    return draw(rows[ID].tolist(), most, "learned")


def _row_vectors(rows: pd.DataFrame, embedder: Embedder) -> tuple[np.ndarray, list[int]]:
    """The mean direction of each row's answers, [rows, dimensions], and the rows to learn from.

    Of these every answer counts; of the others the few that the index holds, too.
    """
    learned = _drawn(rows, MOST_ROWS)
    is_learned = np.zeros(len(rows), dtype=bool)
    is_learned[learned] = True
    answers = [
        texts if counts else shortest(texts, ROW_ANSWERS)
        for texts, counts in zip(rows[ANSWERS], is_learned, strict=True)
    ]
    return encode_means(embedder, answers), learned


def _examples(
    rows: pd.DataFrame,
    row_vectors: np.ndarray,
    embedder: Embedder,
    most_answers: int = _ANSWERS_AS_QUESTIONS,
) -> tuple[QuestionViews, np.ndarray]:
    """What is asked, most telling first, and the row's vector for each.

    First come the first paraphrases of all rows, then the second ones of those that have one, …,
    then the shortest answers of all rows, the second shortest, …; within each by the hash of the
    text, so that the first of them, the landmarks, are a fair draw.
    """
    by_length = [shortest(texts, most_answers) for texts in rows[ANSWERS]]
    examples = []
    for texts_of in (rows[QUESTIONS].tolist(), by_length):
        for turn in range(max(map(len, texts_of), default=0)):
            turns = [(texts[turn], row) for row, texts in enumerate(texts_of) if len(texts) > turn]
            examples += sorted(turns, key=lambda example: digest(example[0], example[1]))
    asked, sources = zip(*examples, strict=True)
    return QuestionViews.of(asked, embedder), row_vectors[list(sources)]
