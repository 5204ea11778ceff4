"""From questions to the vectors of their answers: every component, from rows fitted once.

What belongs here: fitting and choosing on rows, and the components of question parts. What does
not: the settings (`hansol_assets.scoring.components`), the weights of the components
(`hansol_assets.scoring.blend`), and which rows a question may see (`hansol_assets.answering`).
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import Embedder, encode_means
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.seeded_draws import digest, draw
from hansol_assets.qa.table.columns import ANSWERS, ID, QUESTIONS, shortest
from hansol_assets.scoring.baselines import centroid
from hansol_assets.scoring.components import (
    CENTROID,
    GENERATED,
    KEYWORDS,
    QUESTION,
    REGRESSION,
    RETRIEVED,
    Choices,
    ComponentSettings,
)
from hansol_assets.scoring.features import QuestionViews
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.neighbours import Neighbours, choose_temperature, nearest_rows
from hansol_assets.scoring.regression import AnswerVectorRegressor

_ROWS_FILE = "rows.safetensors"
_IDS_FILE = "rows.json"


class AnswerRegressor:
    """Computes the components of questions from the rows that they may look at.

    Args:
        regression: Estimates answer vectors.
        row_ids: Ids of the rows.
        row_vectors: Mean of each row's answer vectors, [rows, dimensions].
        answer_centroid: Direction of the mean of all answers, [dimensions]: the zero of parity.
        embedder: Embeds questions.
        neighbours: How many rows are mixed.
        choices: What was chosen on the calibration questions.
    """

    def __init__(
        self,
        regression: AnswerVectorRegressor,
        row_ids: Sequence[str],
        row_vectors: np.ndarray,
        answer_centroid: np.ndarray,
        embedder: Embedder,
        neighbours: int,
        choices: Choices,
    ) -> None:
        self._regression = regression
        self.row_ids = list(row_ids)
        self._row_vectors = row_vectors
        self.answer_centroid = answer_centroid
        self._embedder = embedder
        self._neighbours = neighbours
        self.choices = choices
        self.centroid = centroid(row_vectors)

    @property
    def joining(self) -> JoinMap:
        """From the vectors of a question's parts to that of its whole answer."""
        return self.choices.joining

    @classmethod
    def fit(
        cls,
        rows: pd.DataFrame,
        embedder: Embedder,
        choices: Choices,
        settings: ComponentSettings,
    ) -> Self:
        """Fits on rows.

        Args:
            rows: `id, questions, answers`, none of them a row that will be asked for.
            embedder: Embeds questions and answers.
            choices: From `fit_best`, on rows that are not asked for either.
            settings: How the components are made.
        """
        row_vectors, learned = _row_vectors(rows, embedder, settings)
        views, targets = _examples(rows.iloc[learned], row_vectors[learned], embedder, settings)
        regression = AnswerVectorRegressor.fit(
            views, targets, settings.regression, choices.strength
        )
        return cls._of(rows, row_vectors, regression, embedder, choices, settings)

    @classmethod
    def fit_best(
        cls,
        rows: pd.DataFrame,
        held_out: pd.DataFrame,
        embedder: Embedder,
        settings: ComponentSettings,
    ) -> Self:
        """Fits on rows, choosing how the components are made by rows that are held out.

        Args:
            rows: Training rows: `id, questions, answers`.
            held_out: Calibration rows, likewise.
            embedder: Embeds questions and answers.
            settings: What there is to choose from.
        """
        row_vectors, places = _row_vectors(rows, embedder, settings)
        learned, learned_vectors = rows.iloc[places], row_vectors[places]
        views, targets = _examples(learned, learned_vectors, embedder, settings)
        judging = held_out.iloc[_drawn(held_out, settings.most_choosing)]
        nothing_but_questions = settings.model_copy(update={"answers_as_questions": 0})
        answers = encode_means(embedder, judging[ANSWERS].tolist())
        asked, wanted = _examples(judging, answers, embedder, nothing_but_questions)
        regression = AnswerVectorRegressor.fit_best(
            views, targets, asked, wanted, settings.regression
        )
        estimates = regression.predict(asked)
        temperature = choose_temperature(estimates, wanted, row_vectors, settings.neighbours)
        ids, known = learned[ID].tolist(), learned[ANSWERS].tolist()
        joining = JoinMap.fit(ids, known, learned_vectors, embedder, settings.joining)
        choices = Choices(regression.strength, temperature, joining)
        return cls._of(rows, row_vectors, regression, embedder, choices, settings)

    @classmethod
    def _of(
        cls,
        rows: pd.DataFrame,
        row_vectors: np.ndarray,
        regression: AnswerVectorRegressor,
        embedder: Embedder,
        choices: Choices,
        settings: ComponentSettings,
    ) -> Self:
        counts = rows[ANSWERS].map(len).to_numpy()
        return cls(
            regression,
            rows["id"].tolist(),
            row_vectors.astype(np.float32),
            unit(counts @ row_vectors),
            embedder,
            settings.neighbours.count,
            choices,
        )

    def save(self, folder: Path) -> None:
        """Writes the regressor as safetensors and JSON; the embedder is not a part of it."""
        from safetensors.numpy import save_file

        self._regression.save(folder)
        self.choices.save(folder)
        arrays = {"row_vectors": self._row_vectors, "answer_centroid": self.answer_centroid}
        contiguous = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
        save_file(contiguous, folder / _ROWS_FILE)
        rows = {"ids": self.row_ids, "neighbours": self._neighbours}
        content = json.dumps(rows, ensure_ascii=False, indent=1)
        (folder / _IDS_FILE).write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, embedder: Embedder) -> Self:
        """Reads a regressor.

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
            Choices.load(folder),
        )

    def components(
        self, parts: Sequence[str], generated: Sequence[np.ndarray] | None = None
    ) -> dict[str, np.ndarray]:
        """Computes every component of questions that stand by themselves.

        Args:
            parts: The questions, or parts of questions.
            generated: Vectors of the answers generated for each, [answers, dimensions]; empty, or
                None for all of them, where nothing was generated.

        Returns:
            Name → [parts, dimensions], each of length 1, or 0 where there is nothing.
        """
        views = QuestionViews.of(parts, self._embedder)
        estimates = self._regression.predict(views)
        neighbours = self.neighbours_of(estimates)
        found = {
            GENERATED: self._consensus(generated, len(parts)),
            RETRIEVED: neighbours.mix(self._row_vectors, self.choices.temperature),
            REGRESSION: estimates,
            QUESTION: views.vectors,
            KEYWORDS: views.keyword_vectors,
            CENTROID: np.tile(self.centroid, (len(parts), 1)),
        }
        return {name: unit(np.asarray(own, dtype=np.float64)) for name, own in found.items()}

    def rows_mixed(self, probabilities: Sequence[Mapping[str, float]]) -> np.ndarray:
        """The mean answer of rows, weighted, [parts, dimensions], of length 1 or 0.

        Args:
            probabilities: Row id → weight, for each part.
        """
        place = {key: number for number, key in enumerate(self.row_ids)}
        mixed = np.zeros((len(probabilities), self._row_vectors.shape[1]))
        for number, own in enumerate(probabilities):
            if own:
                places = [place[key] for key in own]
                mixed[number] = np.array(list(own.values())) @ self._row_vectors[places]
        return unit(mixed)

    def rows_near(self, vectors: np.ndarray, count: int) -> list[list[tuple[str, float]]]:
        """The rows whose answers are nearest to each vector: id and cosine, nearest first.

        Args:
            vectors: Estimated answers, [parts, dimensions].
            count: Rows a part; all there are where they are fewer.
        """
        found = nearest_rows(vectors, self._row_vectors, count)
        return [
            [(self.row_ids[place], float(near)) for place, near in zip(own, nearness, strict=True)]
            for own, nearness in zip(*found, strict=True)
        ]

    def neighbours_of(self, estimates: np.ndarray) -> Neighbours:
        """The rows that the `retrieved` component of each estimate is mixed of."""
        return nearest_rows(estimates, self._row_vectors, self._neighbours)

    def _consensus(self, generated: Sequence[np.ndarray] | None, count: int) -> np.ndarray:
        means = np.zeros((count, self._row_vectors.shape[1]))
        for place, vectors in enumerate(generated or ()):
            if len(vectors):
                means[place] = unit(vectors).mean(axis=0)
        return means


def _drawn(rows: pd.DataFrame, most: int) -> list[int]:
    """Places of so many rows at most, drawn by their ids."""
    return draw(rows[ID].tolist(), most, "learned")


def _row_vectors(
    rows: pd.DataFrame, embedder: Embedder, settings: ComponentSettings
) -> tuple[np.ndarray, list[int]]:
    """The mean direction of each row's answers, [rows, dimensions], and the rows to learn from.

    Of these every answer counts; of the others the few that the index holds, too.
    """
    learned = _drawn(rows, settings.most_rows)
    is_learned = np.zeros(len(rows), dtype=bool)
    is_learned[learned] = True
    answers = [
        own if counts else shortest(own, settings.row_answers)
        for own, counts in zip(rows[ANSWERS], is_learned, strict=True)
    ]
    return encode_means(embedder, answers), learned


def _examples(
    rows: pd.DataFrame, row_vectors: np.ndarray, embedder: Embedder, settings: ComponentSettings
) -> tuple[QuestionViews, np.ndarray]:
    """What is asked, most telling first, and the row's vector for each.

    First come the first paraphrases of all rows, then the second ones of those that have one, …,
    then the shortest answers of all rows, the second shortest, …; within each by the hash of the
    text, so that the first of them, the landmarks, are a fair draw.
    """
    by_length = [shortest(own, settings.answers_as_questions) for own in rows[ANSWERS]]
    examples = []
    for texts in (rows[QUESTIONS].tolist(), by_length):
        for place in range(max(map(len, texts), default=0)):
            own = [(own[place], row) for row, own in enumerate(texts) if len(own) > place]
            examples += sorted(own, key=lambda example: digest(example[0], example[1]))
    asked, sources = zip(*examples, strict=True)
    return QuestionViews.of(asked, embedder), row_vectors[list(sources)]
