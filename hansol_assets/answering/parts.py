"""The parts of questions, with the rows found for each and the prompt that asks it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hansol_assets.answering.training_tables import context_rows
from hansol_assets.lake.fingerprint import canonical_json, text_hash
from hansol_assets.modeling.generation import GenerationRequest
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.qa.pairing import SINGLE
from hansol_assets.qa.prompts import PromptSettings, build_messages
from hansol_assets.retrieval.ranking import RankedPart, RowSearcher, find_parts
from hansol_assets.retrieval.search import Hit

TOP_K = 20
"""Rows that are found for a part of a question."""
TEST = "test"
"""The split of the questions that have no row."""

ALL_SPLITS = (TRAINING, CALIBRATION, VALIDATION)

VISIBLE_SPLITS = {
    CALIBRATION: (TRAINING,),
    VALIDATION: (TRAINING, CALIBRATION),
    TEST: ALL_SPLITS,
}
"""Split of a question → splits of the rows that may help to answer it."""


def to_submit(questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the rows of `raw_questions` as `id, question, split`."""
    return questions[["id", "question"]].assign(split=TEST)


def of_split(questions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the questions of one split."""
    return questions[questions["split"] == split].reset_index(drop=True)


def asked_alone(questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the questions that join no others."""
    return questions[questions["kind"] == SINGLE].reset_index(drop=True)


def visible_rows(rows: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the rows of `qa_folds` that may help to answer the questions of a split."""
    return rows[rows["split"].isin(VISIBLE_SPLITS[split])].reset_index(drop=True)


@dataclass(frozen=True)
class Part:
    """A question that stands by itself, alone or as one of two that were asked together.

    Attributes:
        number: Position within the question, from 0.
        hits: The rows found for it, most probable first.
        confidence: The probability that the first of them answers it.
        request: The prompt that asks it.
    """

    question_id: str
    number: int
    text: str
    hits: tuple[Hit, ...]
    confidence: float
    request: GenerationRequest


def plan_parts(
    questions: pd.DataFrame, searcher: RowSearcher, prompt: PromptSettings
) -> list[Part]:
    """Splits questions (`id, question, split`), finds `TOP_K` rows a part, and builds its prompt.

    The split decides which rows are searched.
    """
    ranked: dict[tuple[str, str], list[RankedPart]] = {}
    for split in questions["split"].unique():
        texts = questions.loc[questions["split"] == split, "question"].tolist()
        parts = find_parts(texts, searcher, TOP_K, VISIBLE_SPLITS[split])
        ranked |= {(split, text): some for text, some in zip(texts, parts, strict=True)}
    return [
        Part(
            question_id,
            number,
            part.question,
            tuple(part.hits),
            part.confidence,
            generation_request(
                build_messages(part.question, context_rows(part.hits, part.question), prompt)
            ),
        )
        for question_id, text, split in zip(
            questions["id"], questions["question"], questions["split"], strict=True
        )
        for number, part in enumerate(ranked[split, text])
    ]


def generation_request(messages: Sequence[dict[str, str]]) -> GenerationRequest:
    """Names a prompt by its content, so that the same prompt is answered once."""
    return GenerationRequest(text_hash(canonical_json(list(messages))), messages)
