"""By what a row is found: the text and the vector that stand for it in the index.

What belongs here: what a question and a row must have in common to be compared. What does not: how
the two are stored (`hansol_assets.retrieval.index`) and compared
(`hansol_assets.retrieval.search`).
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.retriever import Retriever
from hansol_assets.qa.morphemes import for_search
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS, shortest
from hansol_assets.settings_model import SettingsModel


class DocumentSettings(SettingsModel):
    """What stands for a row in the dense search."""

    answer_characters: int = Field(
        300,
        ge=0,
        description="of a row's shortest answer, behind its first question, in the passage that "
        "is embedded for it; 0 embeds the question alone, in a third of the time",
    )


def passage(questions: Sequence[str], answers: Sequence[str], settings: DocumentSettings) -> str:
    """The passage that stands for a row: its first question, and how its answer begins.

    A question finds such a passage more often than the question or the answer alone.
    """
    (answer,) = shortest(answers, 1)
    return for_search(f"{questions[0]} {answer[: settings.answer_characters]}").strip()


def document_vectors(
    rows: pd.DataFrame, retriever: Retriever, settings: DocumentSettings
) -> np.ndarray:
    """What stands for rows in the dense search, [rows, dimensions], unit length.

    Args:
        rows: `questions, answers`.
        retriever: Embeds passages.
        settings: How much of an answer counts.
    """
    texts = zip(rows[QUESTIONS], rows[ANSWERS], strict=True)
    return retriever.passages([passage(asked, said, settings) for asked, said in texts])


def document_texts(rows: pd.DataFrame) -> list[str]:
    """The rows' questions as one text each; a paraphrase that is the same text counts once.

    Answers stay out of the full-text search: neighbouring rows share most of their words.
    """
    return [for_search(" ".join(dict.fromkeys(texts))) for texts in rows[QUESTIONS]]
