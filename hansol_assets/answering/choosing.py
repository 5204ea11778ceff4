"""The choice of the answers: what a person reads, and a text composed toward the vector."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd

from hansol_assets.answering.answer_table import (
    QUOTES,
    REVIEW,
    answer_facts,
    answer_table,
    quotes_of,
    review_of,
)
from hansol_assets.answering.blending import COMPOSER, VectorModels, part_components, split_of
from hansol_assets.answering.candidates import COMPOSED, PART, vectors_of
from hansol_assets.answering.parts import visible_rows
from hansol_assets.answering.verdicts import (
    PartAnswer,
    QuotableRows,
    RankedRows,
    VerdictSettings,
    answer_parts,
    answer_record,
)
from hansol_assets.embedding.fitted import load
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS, answers_of
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.composing import Composer, Merits, QuotableRow
from hansol_assets.scoring.consensus import LengthRange, choose_text

PART_COLUMNS = [*PART, "part_question", "confidence", "prompt"]
QUOTED_COLUMNS = ["part", "source_id", "source_answer", "text", QUOTES]
VOTE_DECIMALS = 6
NEAREST_ROWS = 40
"""Rows that a text may be put together of, a part; few of them are quoted."""


@dataclass(frozen=True)
class Chooser:
    """Everything by which the answers to the questions of one split are chosen, loaded once.

    `rows` are those that the split may see: they are quoted, and their reference answers are the
    measure of length.
    """

    split: str
    models: VectorModels
    composer: Composer
    rows: pd.DataFrame
    settings: VerdictSettings

    @classmethod
    def open(
        cls,
        split: str,
        regressor: Artifact,
        vector_blend: Artifact,
        answer_embedder: Artifact,
        rows: pd.DataFrame,
        settings: VerdictSettings,
    ) -> Self:
        """Loads what the questions of a split are answered with, and the rows they may see."""
        models = VectorModels.open(regressor, vector_blend, answer_embedder)
        folder = regressor.open() / split / COMPOSER
        composer = load(Composer, folder, embedder=models.embedder)
        return cls(split, models, composer, visible_rows(rows, split), settings)

    def choose(self, questions: pd.DataFrame, candidates: Table) -> TableReport:
        """Chooses answers to questions (`id, question, split`) among stored candidates.

        Candidates of other questions are not read.
        """
        table = candidates.rows_of("question_id", questions["id"].tolist())
        components = part_components(table, split_of(questions), self.models.regressors)
        targets = self.models.blend.apply(components.vectors)
        every = self._with_composed(table, targets)
        references = answers_of(self.rows)
        lengths = LengthRange.of(references)
        voted = vote(every, components.index, targets, lengths)
        read, adapter = self._read(questions, table), str(candidates.facts["adapter"])
        answers = answer_table(questions, voted, read, self.models.embedder, adapter)
        facts = answer_facts(answers, voted, references)
        return TableReport(frame=answers, facts=facts, tables={REVIEW: review_of(answers)})

    def _read(self, questions: pd.DataFrame, candidates: pd.DataFrame) -> dict[str, dict[str, Any]]:
        """What a person reads of each question, by its id."""
        keys, asked = [], []
        for (key, _), part in candidates.groupby(PART, sort=True):
            rows = part.dropna(subset=["source_id"]).drop_duplicates("source_id")
            ranked = rows.sort_values(["probability", "source_id"], ascending=[False, True])
            pairs = list(zip(ranked["source_id"], ranked["probability"], strict=True))
            keys.append(key)
            first = part.iloc[0]
            asked.append(RankedRows(first["part_question"], first["confidence"], pairs))
        rows, settings = self._quotable, self.settings
        parts: dict[str, list[PartAnswer]] = defaultdict(list)
        for key, answer in zip(keys, answer_parts(asked, rows, settings), strict=True):
            parts[key].append(answer)
        return {
            key: answer_record(question, parts[key], rows, settings)
            for key, question in zip(questions["id"], questions["question"], strict=True)
        }

    @cached_property
    def _quotable(self) -> QuotableRows:
        return QuotableRows(self.rows, self.models.embedder)

    @cached_property
    def _row_of(self) -> dict[str, QuotableRow]:
        columns = (self.rows["id"], self.rows[QUESTIONS], self.rows[ANSWERS])
        return {row[0]: QuotableRow(*row) for row in zip(*columns, strict=True)}

    def _with_composed(self, candidates: pd.DataFrame, targets: np.ndarray) -> pd.DataFrame:
        """Adds a composed candidate to each part, and what every one is worth."""
        parts = candidates.drop_duplicates(PART)[PART_COLUMNS]
        regressor = self.models.regressors[self.split]
        composed = composed_candidates(parts, targets, regressor, self.composer, self._row_of)
        every = pd.concat([candidates, composed], ignore_index=True)
        labels = every["source_id"].map(self._quotable.label, na_action="ignore")
        merits = vars(candidate_merits(every, self.composer, self._row_of))
        return every.assign(source_row=labels, **merits)


def composed_candidates(
    parts: pd.DataFrame,
    targets: np.ndarray,
    regressor: AnswerRegressor,
    composer: Composer,
    row_of: Mapping[str, QuotableRow],
) -> pd.DataFrame:
    """Puts a candidate together for every part (`PART_COLUMNS`) and its estimated vector.

    Returns:
        The columns of a candidate that a composed one has, and `quotes`: for each sentence its
        `source_id`, `source_answer` (from 1), `place` (from 0) and `text`.
    """
    near = regressor.rows_near(targets, NEAREST_ROWS)
    composed = composer.compose(
        parts["part_question"].tolist(),
        targets,
        [[row_of[key] for key, _ in rows] for rows in near],
        [[cosine for _, cosine in rows] for rows in near],
    )
    return parts.assign(
        origin=COMPOSED,
        rank=1,
        text=[one.text for one in composed],
        vector=[one.vector.astype(np.float32) for one in composed],
        quotes=[[quote._asdict() for quote in one.quotes] for one in composed],
    )


def candidate_merits(
    candidates: pd.DataFrame, composer: Composer, row_of: Mapping[str, QuotableRow]
) -> Merits:
    """Looks whether candidates (`part_question, QUOTED_COLUMNS`) speak of what was asked."""
    rows_of = [
        [row_of[quote["source_id"]] for quote in quotes_of(candidate)]
        for candidate in candidates[QUOTED_COLUMNS].to_dict("records")
    ]
    asked, texts = candidates["part_question"].tolist(), [[text] for text in candidates["text"]]
    return composer.merits(asked, texts, rows_of)


def vote(
    candidates: pd.DataFrame, parts: pd.DataFrame, targets: np.ndarray, lengths: LengthRange
) -> pd.DataFrame:
    """Gives every candidate its expected similarity, and marks the chosen one of each part.

    `targets` are the submission vectors of the parts, [parts, dimensions].

    Returns:
        The candidates with `similarity` (cosine to the target), `vote`, `score` (the vote with its
        worth, less penalties) and `chosen`.
    """
    target_of = dict(zip(parts[PART].itertuples(index=False, name=None), targets, strict=True))
    texts, worth = candidates["text"].to_numpy(object), candidates["worth"].to_numpy()
    vectors = vectors_of(candidates, targets.shape[1])
    similarity, votes, scores = np.zeros((3, len(candidates)))
    chosen = np.zeros(len(candidates), dtype=bool)
    for key, rows in candidates.groupby(PART).indices.items():
        choice = choose_text(
            texts[rows].tolist(), vectors[rows], target_of[key], worth[rows], lengths
        )
        similarity[rows] = choice.similarities
        votes[rows] = choice.votes.round(VOTE_DECIMALS)
        scores[rows] = choice.scores.round(VOTE_DECIMALS)
        chosen[rows[choice.index]] = True
    return candidates.assign(similarity=similarity, vote=votes, score=scores, chosen=chosen)
