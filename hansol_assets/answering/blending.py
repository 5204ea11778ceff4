"""The components of every part and every question, from the rows that each split may look at.

What belongs here: which rows the components of which questions are fitted on. What does not: how a
component is made (`hansol_assets.scoring.answer_regressor`) and weighed
(`hansol_assets.scoring.blend`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hansol_assets.answering.parts import VISIBLE_SPLITS
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.handles import Artifact
from hansol_assets.qa.pairing import SINGLE
from hansol_assets.qa.table.columns import answers_of
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.baselines import centroid
from hansol_assets.scoring.blend import WEIGHTS_FILE, VectorBlend
from hansol_assets.scoring.candidates import RETRIEVED, vectors_of
from hansol_assets.scoring.components import COMPONENTS
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.row_share import ROW_SHARE_FILE, RowShare


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
        self,
        question_ids: list[str],
        blend: VectorBlend,
        share: RowShare,
        answers: Mapping[str, Sequence[str]],
        embedder: Embedder,
    ) -> np.ndarray:
        """The vectors that are submitted, [questions, dimensions]: of rows, or estimated.

        Args:
            question_ids: The questions, in the wanted order.
            blend: The weights of the components in the estimate.
            share: How much is of the rows.
            answers: Row id → its references, of `first_rows` at least.
            embedder: Embeds joined references, in the space of the components.
        """
        parts = share.mix(self.rows, blend.apply(self.vectors), self.confidence)
        groups = self.index.groupby("question_id").indices
        places = [groups[key] for key in question_ids]
        return share.mix_joined(
            self.whole(question_ids, parts),
            [[answers.get(self.first_rows[place], ()) for place in own] for own in places],
            [self.confidence[own] for own in places],
            embedder,
        )

    def of_questions(self, question_ids: list[str]) -> dict[str, np.ndarray]:
        """Returns component → [questions, dimensions]."""
        return {name: self.whole(question_ids, own) for name, own in self.vectors.items()}

    def whole(self, question_ids: list[str], vectors: np.ndarray) -> np.ndarray:
        """Returns the vectors of whole answers, [questions, dimensions].

        Args:
            question_ids: The questions, in the wanted order.
            vectors: One vector a part, [parts, dimensions], such as a blend of the components.
        """
        places = self.index.groupby("question_id").indices
        return self.joining.apply([vectors[places[key]] for key in question_ids])


def part_components(
    candidates: pd.DataFrame, split_of: Mapping[str, str], models: Mapping[str, AnswerRegressor]
) -> PartComponents:
    """Computes the components of every part that has candidates.

    Args:
        candidates: Columns of `collect_candidates`.
        split_of: Question id → split; it decides which model estimates.
        models: Split → the model that was fitted on the rows that the split may see.
    """
    index = candidates[["question_id", "part", "part_question", "confidence"]].drop_duplicates(
        ["question_id", "part"], ignore_index=True
    )
    splits = index["question_id"].map(split_of)
    every = vectors_of(candidates, 0)
    width = every.shape[1]
    is_made = (candidates["origin"] != RETRIEVED).to_numpy()
    made_vectors = every[is_made]
    generated = {
        key: made_vectors[places]
        for key, places in candidates[is_made].groupby(["question_id", "part"]).indices.items()
    }
    nothing = np.zeros((0, width))
    vectors = {name: np.zeros((len(index), width)) for name in COMPONENTS}
    rows = np.zeros((len(index), width))
    probabilities = _probabilities(candidates)
    for split in splits.unique():
        places = np.flatnonzero(splits == split)
        asked = index.iloc[places]
        answers = [
            generated.get((key, part), nothing)
            for key, part in zip(asked["question_id"], asked["part"], strict=True)
        ]
        for name, own in models[split].components(asked["part_question"].tolist(), answers).items():
            vectors[name][places] = own
        keys = zip(asked["question_id"], asked["part"], strict=True)
        rows[places] = models[split].rows_mixed([probabilities.get(key, {}) for key in keys])
    # All models of an artifact share what was chosen once.
    joining = next(iter(models.values())).joining
    confidence = index["confidence"].to_numpy(float)
    keys = zip(index["question_id"], index["part"], strict=True)
    first = [
        max(found, key=found.__getitem__) if (found := probabilities.get(key)) else ""
        for key in keys
    ]
    return PartComponents(index, vectors, joining, rows, confidence, first)


def _probabilities(candidates: pd.DataFrame) -> dict[tuple[str, int], dict[str, float]]:
    """Question and part → the rows found for it, each with the probability that it answers."""
    found = candidates[candidates["origin"] == RETRIEVED]
    rows = found.drop_duplicates(["question_id", "part", "source_id"])
    return {
        key: dict(zip(own["source_id"], own["probability"].astype(float), strict=True))
        for key, own in rows.groupby(["question_id", "part"])
    }


def load_row_share(vector_blend: Artifact) -> RowShare:
    """Reads the share of rows, from an artifact of the asset of that name."""
    return RowShare.load(vector_blend.open() / ROW_SHARE_FILE)


def load_blend(vector_blend: Artifact) -> VectorBlend:
    """Reads the weights, from an artifact of the asset of that name."""
    return VectorBlend.load(vector_blend.open() / WEIGHTS_FILE)


def visible_rows(rows: pd.DataFrame, folds: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the rows that may help to answer the questions of a split."""
    visible = folds.loc[folds["split"].isin(VISIBLE_SPLITS[split]), "id"]
    return rows[rows["id"].isin(visible)].reset_index(drop=True)


def known_centroid(embedder: Embedder, rows: pd.DataFrame, split: str) -> np.ndarray:
    """The direction of the mean of all answers that a split's questions may know, [dimensions].

    Args:
        embedder: In whose space.
        rows: The rows of `qa_folds`.
        split: Of the questions.
    """
    return centroid(encode(embedder, answers_of(visible_rows(rows, rows, split))))


def of_split(questions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the questions of one split."""
    return questions[questions["split"] == split].reset_index(drop=True)


def asked_alone(questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the questions that join no others."""
    return questions[questions["kind"] == SINGLE].reset_index(drop=True)


def of_questions(candidates: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the candidates of some questions."""
    chosen = candidates["question_id"].isin(questions["id"])
    return candidates[chosen].reset_index(drop=True)


def split_of(questions: pd.DataFrame) -> dict[str, str]:
    """Returns question id → split."""
    return dict(zip(questions["id"], questions["split"], strict=True))


def split_of_all(questions: pd.DataFrame, split: str) -> dict[str, str]:
    """Returns question id → split where all are of one."""
    return dict.fromkeys(questions["id"], split)
