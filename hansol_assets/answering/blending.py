"""The components of every part and every question, from the rows that each split may look at.

What belongs here: which rows the components of which questions are fitted on. What does not: how a
component is made (`hansol_assets.scoring.components`) and weighed (`hansol_assets.scoring.blend`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hansol_assets.answering.parts import VISIBLE_SPLITS
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.candidates import RETRIEVED, vectors_of
from hansol_assets.scoring.components import COMPONENTS, ComponentModel


@dataclass(frozen=True)
class PartComponents:
    """Components part by part.

    Attributes:
        index: `question_id, part, part_question` of each part, in order.
        vectors: Component → [parts, dimensions].
    """

    index: pd.DataFrame
    vectors: Mapping[str, np.ndarray]

    def of_questions(self, question_ids: list[str]) -> dict[str, np.ndarray]:
        """Returns component → [questions, dimensions]: the mean direction of a question's parts."""
        places = self.index.groupby("question_id").indices
        return {
            name: unit(mean_directions([vectors[places[key]] for key in question_ids]))
            for name, vectors in self.vectors.items()
        }


def part_components(
    candidates: pd.DataFrame, split_of: Mapping[str, str], models: Mapping[str, ComponentModel]
) -> PartComponents:
    """Computes the components of every part that has candidates.

    Args:
        candidates: Columns of `collect_candidates`.
        split_of: Question id → split; it decides which model estimates.
        models: Split → the model that was fitted on the rows that the split may see.
    """
    index = candidates[["question_id", "part", "part_question"]].drop_duplicates(ignore_index=True)
    own = candidates[candidates["origin"] != RETRIEVED]
    generated = dict(iter(own.groupby(["question_id", "part"])["vector"]))
    splits = index["question_id"].map(split_of)
    width = vectors_of(candidates, 0).shape[1]
    vectors = {name: np.zeros((len(index), width)) for name in COMPONENTS}
    for split in splits.unique():
        places = np.flatnonzero(splits == split)
        asked = index.iloc[places]
        answers = [
            [_stacked(generated.get((key, part)), width)]
            for key, part in zip(asked["question_id"], asked["part"], strict=True)
        ]
        texts = [[text] for text in asked["part_question"]]
        for name, found in models[split].components(texts, answers).items():
            vectors[name][places] = found
    return PartComponents(index, vectors)


def visible_rows(rows: pd.DataFrame, folds: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the rows that may help to answer the questions of a split."""
    visible = folds.loc[folds["split"].isin(VISIBLE_SPLITS[split]), "id"]
    return rows[rows["id"].isin(visible)].reset_index(drop=True)


def of_split(questions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the questions of one split."""
    return questions[questions["split"] == split].reset_index(drop=True)


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


def _stacked(vectors: pd.Series | None, width: int) -> np.ndarray:
    return np.zeros((0, width)) if vectors is None else vectors_of(vectors.to_frame(), width)
