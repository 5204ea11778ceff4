"""The parts of questions, with the rows found for each and the prompt that asks it.

What belongs here: splitting, searching and prompting, for questions of every split. What does not:
what answers the prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hansol_assets.answering.examples import context_rows
from hansol_assets.answering.generations import generation_request
from hansol_assets.modeling.generation import GenerationRequest
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.qa.prompts import PromptSettings, build_messages
from hansol_assets.retrieval.decomposing import FoundPart, find_parts
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.ranking import RowSearcher

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


@dataclass(frozen=True)
class Part:
    """A question that stands by itself, alone or as one of two that were asked together.

    Attributes:
        question_id: The whole question's id.
        place: Place within the question, from 0.
        text: The part's own question.
        hits: The rows found for it, most probable first.
        confidence: The probability that the first of them answers it.
        request: The prompt that asks it.
    """

    question_id: str
    place: int
    text: str
    hits: tuple[Hit, ...]
    confidence: float
    request: GenerationRequest


def plan_parts(
    questions: pd.DataFrame,
    splits: Sequence[str],
    searcher: RowSearcher,
    prompt: PromptSettings,
    top_k: int,
) -> list[Part]:
    """Splits questions, finds rows for each part, and builds its prompt.

    Args:
        questions: `id, question`.
        splits: The split of each question; it decides which rows are searched.
        searcher: Finds and ranks rows.
        prompt: The form of a prompt.
        top_k: Rows found for a part.

    Returns:
        The parts of all questions, in order.
    """
    found: dict[tuple[str, str], list[FoundPart]] = {}
    for split in dict.fromkeys(splits):
        texts = [
            text for text, own in zip(questions["question"], splits, strict=True) if own == split
        ]
        parts = find_parts(texts, searcher, top_k, VISIBLE_SPLITS[split])
        found.update({(split, text): own for text, own in zip(texts, parts, strict=True)})
    return [
        Part(
            question_id,
            place,
            part.question,
            tuple(part.hits),
            part.confidence,
            generation_request(
                build_messages(part.question, context_rows(part.hits, part.question), prompt)
            ),
        )
        for question_id, text, split in zip(
            questions["id"], questions["question"], splits, strict=True
        )
        for place, part in enumerate(found[split, text])
    ]
