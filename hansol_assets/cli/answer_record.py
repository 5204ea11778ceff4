"""An answer for programs: what `hansol ask --json` prints, and what the HTTP API sends."""

from typing import Any

from typing_extensions import TypedDict

from hansol_assets.answering.asking import Answer
from hansol_assets.answering.verdicts import Verdict


class AnswerRecord(TypedDict):
    """An answer as JSON has it; see `Answer` for what each key holds."""

    question: str
    answer: str
    verdict: Verdict
    confidence: float
    needs_review: bool
    quotes: list[dict[str, Any]]
    nearest: list[dict[str, Any]]
    parts: list[str]


def answer_record(answer: Answer) -> AnswerRecord:
    """Returns an answer as plain values."""
    return AnswerRecord(
        question=answer.question,
        answer=answer.answer,
        verdict=answer.verdict,
        confidence=answer.confidence,
        needs_review=answer.needs_review,
        quotes=answer.quotes,
        nearest=answer.nearest,
        parts=answer.parts,
    )
