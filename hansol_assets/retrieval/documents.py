"""By what a row is found: the text and the vector that stand for it in the index.

What belongs here: everything that a question and a row must have in common to be compared. What
does not: how the two are stored (`hansol_assets.retrieval.index`) and compared
(`hansol_assets.retrieval.search`).
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import mean_directions, split_like, unit
from hansol_assets.qa.morphemes import for_search, nouns
from hansol_assets.qa.table.columns import QUESTIONS, shortest
from hansol_assets.settings_model import SettingsModel


class DocumentSettings(SettingsModel):
    """What stands for a row in the dense search."""

    dense_text: Literal["nouns", "question"] = Field(
        "nouns",
        description="what is embedded of a question: its nouns (for an embedder of n-grams, to "
        "which every 'what is' looks alike), or all of it (for a sentence model)",
    )
    answer_weight: float = Field(
        0.5, ge=0, description="weight of a row's answers in its vector; its questions have 1"
    )
    answers: int = Field(
        2, ge=1, description="answers of a row that are embedded for its vector, the shortest first"
    )


def query_vectors(
    questions: Sequence[str], embedder: Embedder, settings: DocumentSettings
) -> np.ndarray:
    """What is searched for in the dense search, [questions, dimensions], unit length or zero."""
    return unit(encode(embedder, _dense_texts(questions, settings)))


def _dense_texts(questions: Sequence[str], settings: DocumentSettings) -> list[str]:
    if settings.dense_text == "nouns":
        return nouns(questions)
    return list(map(for_search, questions))


def document_vectors(
    documents: Sequence[str],
    answers: Sequence[Sequence[str]],
    embedder: Embedder,
    settings: DocumentSettings,
) -> np.ndarray:
    """What stands for rows in the dense search: their questions, and a share of their answers.

    Args:
        documents: The rows' questions, from `document_texts`.
        answers: The reference answers of each row, at least one.
        embedder: Embeds questions and answers.
        settings: What is embedded, and the share of the answers.

    Returns:
        [rows, dimensions], unit length.
    """
    told = [shortest(own, settings.answers) for own in answers]
    # In one call: each may start processes.
    texts = [*_dense_texts(documents, settings), *(text for own in told for text in own)]
    vectors = encode(embedder, texts)
    questions, flat = unit(vectors[: len(documents)]), vectors[len(documents) :]
    means = mean_directions(split_like(flat, told))
    return unit(questions + settings.answer_weight * unit(means))


def document_texts(rows: pd.DataFrame) -> list[str]:
    """The rows' questions as one text each; a paraphrase that is the same text counts once.

    Answers stay out of the full-text search: neighbouring rows share most of their words.
    """
    return [for_search(" ".join(dict.fromkeys(texts))) for texts in rows[QUESTIONS]]
