"""Held-out rows asked in both ways: while the table knows them, and while it does not.

What belongs here: questions whose row is visible but for the paraphrase that asks (*known*), and
the same with the row taken out (*unknown*), with what their vectors are made of. What does not: how
they are scored (`hansol_assets.answering.known`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import Embedder, encode_means
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.retrieval.examples import Asked, own_questions
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.evaluate import embed_references
from hansol_assets.scoring.row_share import UNFITTED, RowShare

MIXED_ROWS = 6
"""Rows whose references are mixed by their probabilities; those beyond have next to none."""


@dataclass(frozen=True)
class HeldOutRows:
    """Questions of one kind, each of a row of its own.

    Attributes:
        row_ids: The row of each question.
        questions: The questions, in other words than the row shows.
        hits: The rows found for each, most probable first.
        confidence: That the first of them answers, [questions].
        rows: The mean of the found rows' references, by their probabilities, [questions,
            dimensions], of length 1.
        estimates: The blend of the components, likewise; its regression knows no such row.
    """

    row_ids: list[str]
    questions: list[str]
    hits: list[list[Hit]]
    confidence: np.ndarray
    rows: np.ndarray
    estimates: np.ndarray


def ask_held_out(
    rows: pd.DataFrame, held_out: Sequence[str], visible: Sequence[str], searcher: RowSearcher
) -> tuple[dict[str, Asked], dict[str, Asked]]:
    """Asks for rows by their last paraphrase.

    Args:
        rows: The rows of `qa_folds`.
        held_out: Ids of the rows to ask for; those with one question are passed over.
        visible: Splits of the rows that are searched, theirs among them.
        searcher: Finds rows.

    Returns:
        Row id → its question as a known one, and as an unknown one.
    """
    asked_rows = rows[rows[ID].isin(set(held_out))]

    def search(texts: Sequence[str]) -> list[list[Hit]]:
        return searcher.index.pools(texts, searcher.depth, visible)

    known, unknown = own_questions(asked_rows, search)
    by_id = {next(iter(own.answering)): own for own in known}
    without = dict(zip(asked_rows[ID], unknown, strict=True))
    return by_id, {key: without[key] for key in by_id}


def look_up(
    asked: Mapping[str, Asked],
    rows: pd.DataFrame,
    searcher: RowSearcher,
    regressor: AnswerRegressor,
    blend: VectorBlend,
    embedder: Embedder,
) -> HeldOutRows:
    """Ranks the rows found for questions, and makes what their vectors are mixed of.

    Args:
        asked: Row id → its question, with the rows found.
        rows: The rows of `qa_folds`.
        searcher: Ranks rows.
        regressor: Fitted without the held-out rows.
        blend: The weights of its components.
        embedder: Embeds references.
    """
    questions = [own.question for own in asked.values()]
    estimates = blend.apply(regressor.components(questions)) if questions else np.zeros((0, 0))
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    hits = searcher.ranker.ranked(questions, [own.hits for own in asked.values()])
    confidence = np.array([searcher.confidence(own) for own in hits])
    mixed = [{hit.id: hit.probability for hit in own[:MIXED_ROWS]} for own in hits]
    named = list(dict.fromkeys(key for own in mixed for key in own))
    means = encode_means(embedder, [list(answers[key]) for key in named]) if named else None
    place = {key: number for number, key in enumerate(named)}
    found = np.zeros_like(estimates)
    for number, own in enumerate(mixed):
        if own and means is not None:
            weights = np.array(list(own.values()))
            found[number] = weights @ means[[place[key] for key in own]]
    return HeldOutRows(list(asked), questions, hits, confidence, unit(found), estimates)


def fit_row_share(
    known: HeldOutRows,
    unknown: HeldOutRows,
    rows: pd.DataFrame,
    embedder: Embedder,
    unknown_weight: float,
) -> RowShare:
    """Fits how much of a vector is of the rows.

    Args:
        known: Questions whose row is visible.
        unknown: Questions whose row is not.
        rows: The rows of `qa_folds`, for their references.
        embedder: Embeds references.
        unknown_weight: Of an unknown question; a known one has 1.
    """
    kinds = (known, unknown)
    answers = dict(zip(rows[ID], rows[ANSWERS], strict=True))
    texts = [list(answers[key]) for own in kinds for key in own.row_ids]
    if not texts:
        return UNFITTED
    return RowShare.fit(
        np.concatenate([own.rows for own in kinds]),
        np.concatenate([own.estimates for own in kinds]),
        np.concatenate([own.confidence for own in kinds]),
        embed_references(texts, embedder),
        np.repeat([1.0, unknown_weight], [len(own.row_ids) for own in kinds]),
    )
