"""What a person is told: the answer of the row that answers, what is related, or that none does.

What belongs here: the text that follows from the probabilities of the rows found. What does not:
those probabilities (`hansol_assets.retrieval.answerability`) and the vector that is submitted,
whatever the text says (`hansol_assets.answering.choosing`).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.joining import NONE, join_answers
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import ANSWERS, CATEGORY, ID, QUESTIONS
from hansol_assets.settings_model import SettingsModel

Verdict = Literal["answered", "related", "unanswered"]
ANSWERED: Verdict = "answered"
RELATED: Verdict = "related"
UNANSWERED: Verdict = "unanswered"

_RELATED_ROWS = 2
_NEAREST_ROWS = 3
_DECIMALS = 4
_HANGUL = re.compile(r"[가-힣ㄱ-ㆎ]")


class VerdictSettings(SettingsModel):
    """Which verdict follows from the probability that the first row answers."""

    answered_from: float = Field(
        0.45, ge=0, le=1, description="confidence from which the first row's answer is given"
    )
    related_from: float = Field(
        0.3,
        ge=0,
        le=1,
        description="confidence from which the nearest rows are quoted as related, below it they "
        "are only named",
    )
    review_below: float = Field(
        0.5, ge=0, le=1, description="confidence below which a person should look at the answer"
    )


class _Words(NamedTuple):
    related: str
    unanswered: str
    unanswered_part: str
    nearest: str
    quoted: str


_WORDS = {
    True: _Words(
        "표에 이 질문은 없습니다. 가까운 질문의 답은 이렇습니다.",
        "이 질문의 답은 표에 없습니다.",
        "“{question}”의 답은 표에 없습니다.",
        "가장 가까운 질문: {questions}.",
        "“{question}” — {answer}",
    ),
    False: _Words(
        "The table has no such question. The nearest ones are answered so:",
        "The table does not hold an answer to this question.",
        "The table does not hold an answer to “{question}”.",
        "The nearest questions: {questions}.",
        "“{question}” — {answer}",
    ),
}


@dataclass(frozen=True)
class PartAnswer:
    """The answer to a question that stands by itself.

    Attributes:
        question: The part's own question.
        verdict: Whether a row answers it.
        confidence: The probability that the first row answers, 0 to 1.
        text: What a person reads.
        quotes: `source_id, source_question, source_answer` (which of the row's answers, from 1) and
            `text`, of each row that it quotes.
        nearest: `source_id, source_question, probability` of the rows found first.
    """

    question: str
    verdict: Verdict
    confidence: float
    text: str
    quotes: list[dict[str, Any]]
    nearest: list[dict[str, Any]]


class Sources:
    """The rows that may be quoted, and which of their answers says best what all of them say.

    Args:
        rows: `id, questions, category, answers`.
        embedder: Compares the answers of a row.
    """

    def __init__(self, rows: pd.DataFrame, embedder: Embedder) -> None:
        columns = (rows[ID], rows[QUESTIONS], rows[CATEGORY], rows[ANSWERS])
        self._rows = {
            key: (list(asked), category, list(answers))
            for key, asked, category, answers in zip(*columns, strict=True)
        }
        self._embedder = embedder

    @property
    def references(self) -> dict[str, list[str]]:
        """Row id → its answers."""
        return {key: answers for key, (_, _, answers) in self._rows.items()}

    def question(self, row_id: str) -> str:
        """The first question of a row."""
        return str(self._rows[row_id][0][0])

    def category(self, row_id: str) -> str:
        """The category of a row."""
        return str(self._rows[row_id][1])

    def answer(self, row_id: str) -> tuple[int, str]:
        """The answer of a row nearest to the mean of all of them, and its number, from 1."""
        answers = self._rows[row_id][2]
        vectors = unit(encode(self._embedder, answers))
        place = int(np.argmax((vectors @ vectors.mean(axis=0)).round(_DECIMALS)))
        return place + 1, str(answers[place])


def answer_part(
    question: str,
    confidence: float,
    found: Sequence[tuple[str, float]],
    sources: Sources,
    settings: VerdictSettings,
) -> PartAnswer:
    """Answers a question that stands by itself.

    Args:
        question: The question.
        confidence: The probability that the first row answers.
        found: Id and probability of the rows found, most probable first.
        sources: The rows.
        settings: Which verdict follows.
    """
    verdict = _verdict(confidence, settings) if found else UNANSWERED
    counts = {ANSWERED: 1, RELATED: _RELATED_ROWS, UNANSWERED: 0}
    quotes = [_quote(row_id, sources) for row_id, _ in found[: counts[verdict]]]
    nearest = [
        {
            "source_id": row_id,
            "source_question": sources.question(row_id),
            "probability": round(float(probability), _DECIMALS),
        }
        for row_id, probability in found[:_NEAREST_ROWS]
    ]
    text = _text(
        question, verdict, quotes, [sources.question(key) for key, _ in found[:_NEAREST_ROWS]]
    )
    return PartAnswer(question, verdict, round(float(confidence), _DECIMALS), text, quotes, nearest)


def _verdict(confidence: float, settings: VerdictSettings) -> Verdict:
    if confidence >= settings.answered_from:
        return ANSWERED
    return RELATED if confidence >= settings.related_from else UNANSWERED


def _quote(row_id: str, sources: Sources) -> dict[str, Any]:
    number, text = sources.answer(row_id)
    return {
        "source_id": row_id,
        "source_question": sources.question(row_id),
        "source_answer": number,
        "text": text,
    }


def _text(
    question: str, verdict: Verdict, quotes: Sequence[Mapping[str, Any]], nearest: Sequence[str]
) -> str:
    if verdict == ANSWERED:
        return str(quotes[0]["text"])
    words = _words(question)
    if verdict == RELATED:
        lines = [
            words.quoted.format(question=quote["source_question"], answer=quote["text"])
            for quote in quotes
        ]
        return "\n".join([words.related, *lines])
    named = ", ".join(f"“{text}”" for text in nearest)
    if not named:
        return words.unanswered
    return f"{words.unanswered} {words.nearest.format(questions=named)}"


def _words(question: str) -> _Words:
    return _WORDS[bool(_HANGUL.search(question))]


def whole_verdict(parts: Sequence[PartAnswer]) -> Verdict:
    """The verdict on a question of several parts: `related` where some are answered, not all."""
    verdicts = {part.verdict for part in parts}
    return next(iter(verdicts)) if len(verdicts) == 1 else RELATED


def whole_text(question: str, parts: Sequence[PartAnswer]) -> str:
    """The answers of the parts, as the question joins them.

    Answered parts are joined like a person's answers; of the others it is said which they are.
    """
    if len(parts) == 1:
        return parts[0].text
    if all(part.verdict == ANSWERED for part in parts):
        joins = (*take_apart([question])[0].joins, *[NONE] * len(parts))
        answer = parts[0].text
        for part, kind in zip(parts[1:], joins, strict=False):
            answer = join_answers(answer, part.text, kind)
        return answer
    return "\n".join(part.text if part.verdict == ANSWERED else _named(part) for part in parts)


def _named(part: PartAnswer) -> str:
    """What is said of a part without an answer, with the part's question before it."""
    words = _words(part.question)
    if part.verdict == RELATED:
        return f"“{part.question}”: {part.text}"
    said = words.unanswered_part.format(question=part.question)
    return part.text.replace(words.unanswered, said)


def answer_record(question: str, parts: Sequence[PartAnswer]) -> dict[str, Any]:
    """A whole answer as one record.

    Returns:
        `answer, verdict, confidence` (the least of the parts), `quotes` and `nearest` (those of all
        parts, each with its `part`, from 0), `part_verdicts` (one a part).
    """
    return {
        "answer": whole_text(question, parts),
        "verdict": whole_verdict(parts),
        "confidence": min(part.confidence for part in parts),
        "quotes": [{"part": n, **quote} for n, part in enumerate(parts) for quote in part.quotes],
        "nearest": [{"part": n, **row} for n, part in enumerate(parts) for row in part.nearest],
        "part_verdicts": [part.verdict for part in parts],
    }
