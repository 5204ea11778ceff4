"""What is fitted on the rows that each split may see, and the vectors that follow for questions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd

from hansol_assets.answering.candidates import PART, RETRIEVED, vectors_of
from hansol_assets.answering.parts import of_split, visible_rows
from hansol_assets.answering.searching import embedder_of
from hansol_assets.embedding.cached import open_embedder
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.fitted import load, save
from hansol_assets.lake.handles import Artifact
from hansol_assets.qa.folds import CALIBRATION, VALIDATION
from hansol_assets.qa.table.columns import answers_of
from hansol_assets.scoring.answer_regressor import COMPONENTS, AnswerRegressor, Choices
from hansol_assets.scoring.blend import RowShare, VectorBlend
from hansol_assets.scoring.composing import Composer
from hansol_assets.scoring.consensus import consensus_vector
from hansol_assets.scoring.join_map import JoinMap
from hansol_assets.scoring.measures import centroid

REGRESSOR, COMPOSER = "regressor", "composer"
BLEND, ROW_SHARE = "blend", "row_share"


def fit_for_judging(rows: pd.DataFrame, embedder: Embedder, folder: Path) -> dict[str, int]:
    """Fits and saves regressor and composer of calibration and of validation questions.

    How they are fitted is chosen on calibration rows, with the models of training rows.

    Returns:
        Split → rows that its models were fitted on.
    """
    training = visible_rows(rows, CALIBRATION)
    best = AnswerRegressor.fit_best(training, of_split(rows, CALIBRATION), embedder)
    save(best, folder / CALIBRATION / REGRESSOR)
    save(Composer.fit(training, embedder), folder / CALIBRATION / COMPOSER)
    fitted = fit_split(rows, VALIDATION, embedder, best.choices, folder)
    return {CALIBRATION: len(training), VALIDATION: fitted}


def fit_split(
    rows: pd.DataFrame, split: str, embedder: Embedder, choices: Choices, folder: Path
) -> int:
    """Fits and saves both for the questions of a split; returns the rows that they may see."""
    visible = visible_rows(rows, split)
    save(AnswerRegressor.fit(visible, embedder, choices), folder / split / REGRESSOR)
    save(Composer.fit(visible, embedder), folder / split / COMPOSER)
    return len(visible)


def load_choices(regressor: Artifact) -> Choices:
    """Reads what was chosen for the models of `answer_regressor`."""
    return load(Choices, regressor.open() / VALIDATION / REGRESSOR / "choices")


def load_regressors(regressor: Artifact, answer_embedder: Artifact) -> dict[str, AnswerRegressor]:
    """Loads the regressors of an artifact, by split, with the embedder of their fit.

    Raises:
        MixedVersionsError: They were fitted with another one.
    """
    embedder = embedder_of(regressor, answer_embedder)
    return {
        path.name: load(AnswerRegressor, path / REGRESSOR, embedder=embedder)
        for path in sorted(regressor.open().iterdir())
    }


@dataclass(frozen=True)
class VectorModels:
    """All that the vectors of answers are made with; regressors by the split of the questions."""

    regressors: Mapping[str, AnswerRegressor]
    blend: VectorBlend
    share: RowShare
    embedder: Embedder

    @classmethod
    def open(cls, regressor: Artifact, vector_blend: Artifact, answer_embedder: Artifact) -> Self:
        """Opens what the artifacts hold; see `load_regressors`."""
        return cls(
            load_regressors(regressor, answer_embedder),
            load(VectorBlend, vector_blend.open() / BLEND),
            load(RowShare, vector_blend.open() / ROW_SHARE),
            open_embedder(answer_embedder),
        )


def visible_centroid(embedder: Embedder, rows: pd.DataFrame, split: str) -> np.ndarray:
    """The mean direction of all answers in `qa_folds` that a split's questions may see."""
    return centroid(encode(embedder, answers_of(visible_rows(rows, split))))


@dataclass(frozen=True)
class PartComponents:
    """Components part by part.

    Attributes:
        index: `question_id, part, part_question` of each part, in order.
        vectors: Component → [parts, dimensions].
        joining: From the vectors of parts to that of the whole answer.
        rows: The mean of the found rows' references, by their probabilities, [parts, dimensions],
            of length 1, or 0 where none was found.
        confidence: The probability that the first of these rows answers, [parts].
        first_rows: The id of the first of them, of each part; "" where none was found.
    """

    index: pd.DataFrame
    vectors: Mapping[str, np.ndarray]
    joining: JoinMap
    rows: np.ndarray
    confidence: np.ndarray
    first_rows: list[str]

    def submitted(
        self, question_ids: list[str], models: VectorModels, answers: Mapping[str, Sequence[str]]
    ) -> np.ndarray:
        """The vectors that are submitted, [questions, dimensions]: of rows, or estimated.

        `answers` maps row ids to references, of `first_rows` at least.
        """
        estimates = models.blend.apply(self.vectors)
        vectors = models.share.mix(self.rows, estimates, self.confidence)
        parts_of = self._parts_of(question_ids)
        return models.share.mix_joined(
            self.whole(question_ids, vectors),
            [[answers.get(self.first_rows[part], ()) for part in parts] for parts in parts_of],
            [self.confidence[parts] for parts in parts_of],
            models.embedder,
        )

    def of_questions(self, question_ids: list[str]) -> dict[str, np.ndarray]:
        """Returns component → [questions, dimensions]."""
        return {name: self.whole(question_ids, vectors) for name, vectors in self.vectors.items()}

    def whole(self, question_ids: list[str], vectors: np.ndarray) -> np.ndarray:
        """Joins vectors of parts, [parts, dimensions], to those of questions, in their order."""
        return self.joining.apply([vectors[parts] for parts in self._parts_of(question_ids)])

    def _parts_of(self, question_ids: list[str]) -> list[np.ndarray]:
        groups = self.index.groupby("question_id").indices
        return [groups[key] for key in question_ids]


def part_components(
    candidates: pd.DataFrame, split_of: Mapping[str, str], models: Mapping[str, AnswerRegressor]
) -> PartComponents:
    """Computes the components of every part that has candidates.

    The split of a question decides which model estimates: the one that was fitted on the rows that
    the split may see.
    """
    index = candidates[[*PART, "part_question", "confidence"]].drop_duplicates(
        PART, ignore_index=True
    )
    keys = list(index[PART].itertuples(index=False, name=None))
    splits = index["question_id"].map(split_of)
    every = vectors_of(candidates, 0)
    width = every.shape[1]
    is_made = (candidates["origin"] != RETRIEVED).to_numpy()
    made_vectors = every[is_made]
    generated = {
        key: made_vectors[rows] for key, rows in candidates[is_made].groupby(PART).indices.items()
    }
    nothing = np.zeros((0, width))
    vectors = {name: np.zeros((len(index), width)) for name in COMPONENTS}
    rows = np.zeros((len(index), width))
    probabilities = _probabilities(candidates)
    for split in splits.unique():
        parts = np.flatnonzero(splits == split)
        answers = [generated.get(keys[part], nothing) for part in parts]
        asked = index["part_question"].iloc[parts].tolist()
        for name, estimates in models[split].components(asked, answers).items():
            vectors[name][parts] = estimates
        rows[parts] = models[split].rows_mixed(
            [probabilities.get(keys[part], {}) for part in parts]
        )
    # All models of an artifact share what was chosen once.
    joining = next(iter(models.values())).joining
    confidence = index["confidence"].to_numpy(float)
    first = [
        max(weights, key=weights.__getitem__) if (weights := probabilities.get(key)) else ""
        for key in keys
    ]
    return PartComponents(index, vectors, joining, rows, confidence, first)


def _probabilities(candidates: pd.DataFrame) -> dict[tuple[str, int], dict[str, float]]:
    """Question and part → the rows found for it, each with the probability that it answers."""
    retrieved = candidates[candidates["origin"] == RETRIEVED]
    rows = retrieved.drop_duplicates([*PART, "source_id"])
    return {
        key: dict(zip(group["source_id"], group["probability"].astype(float), strict=True))
        for key, group in rows.groupby(PART)
    }


def split_of(questions: pd.DataFrame) -> dict[str, str]:
    """Returns question id → split."""
    return dict(zip(questions["id"], questions["split"], strict=True))


def strategy_vectors(
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    components: PartComponents,
    models: VectorModels,
    rows: Mapping[str, Sequence[str]],
) -> dict[str, np.ndarray]:
    """Computes what each strategy submits, from answers, candidates and components of questions.

    `rows` maps ids to references, of the rows found first at least.

    Returns:
        Strategy → [questions, dimensions], in the order of the answers. `text` keeps the
        embedder's norms; the others have length 1.
    """
    ids = answers["id"].tolist()
    text = np.stack(answers["vector"].tolist())
    return {
        "text": text,
        "consensus": components.whole(ids, _consensus(components, candidates, text.shape[1])),
        "blend": components.submitted(ids, models, rows),
    }


def _consensus(components: PartComponents, candidates: pd.DataFrame, width: int) -> np.ndarray:
    """The mean direction of all candidates of each part, [parts, width]."""
    means = {
        key: consensus_vector(vectors_of(group, width)) for key, group in candidates.groupby(PART)
    }
    parts = components.index[PART].itertuples(index=False, name=None)
    return np.stack([means[part] for part in parts])
