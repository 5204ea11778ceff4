"""The components of every part and every question, from the rows that each split may look at.

What belongs here: which rows the components of which questions are fitted on. What does not: how a
component is made (`hansol_assets.scoring.components`) and weighed (`hansol_assets.scoring.blend`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hansol_assets.answering.parts import VISIBLE_SPLITS
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.candidates import RETRIEVED, vectors_of
from hansol_assets.scoring.components import COMPONENTS, Choices, ComponentModel, ComponentSettings


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
    candidates: pd.DataFrame,
    split_of: Mapping[str, str],
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    embedder: Embedder,
    choices: Choices,
    settings: ComponentSettings,
) -> PartComponents:
    """Computes the components of every part that has candidates.

    Args:
        candidates: Columns of `collect_candidates`.
        split_of: Question id → split; it decides which rows the components are fitted on.
        rows: The training table.
        folds: `id, split` of the rows.
        embedder: Embeds questions and answers.
        choices: What was chosen on the calibration rows.
        settings: How components are made.
    """
    index = candidates[["question_id", "part", "part_question"]].drop_duplicates(ignore_index=True)
    own = candidates[candidates["origin"] != RETRIEVED]
    generated = dict(iter(own.groupby(["question_id", "part"])["vector"]))
    splits = index["question_id"].map(split_of)
    width = vectors_of(candidates, 0).shape[1]
    vectors = {name: np.zeros((len(index), width)) for name in COMPONENTS}
    for split in splits.unique():
        model = ComponentModel.fit(visible_rows(rows, folds, split), embedder, choices, settings)
        places = np.flatnonzero(splits == split)
        asked = index.iloc[places]
        answers = [
            [_stacked(generated.get((key, part)), width)]
            for key, part in zip(asked["question_id"], asked["part"], strict=True)
        ]
        texts = [[text] for text in asked["part_question"]]
        for name, found in model.components(texts, answers).items():
            vectors[name][places] = found
    return PartComponents(index, vectors)


def visible_rows(rows: pd.DataFrame, folds: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the rows that may help to answer the questions of a split."""
    visible = folds.loc[folds["split"].isin(VISIBLE_SPLITS[split]), "id"]
    return rows[rows["id"].isin(visible)].reset_index(drop=True)


def _stacked(vectors: pd.Series | None, width: int) -> np.ndarray:
    return np.zeros((0, width)) if vectors is None else vectors_of(vectors.to_frame(), width)
