"""What a person is told: the answer of the row that answers, what is related, or that none does.

What belongs here: the text that follows from the probabilities of the rows found. What does not:
those probabilities (`hansol_assets.retrieval.answerability`) and the vector that is submitted,
whatever the text says (`hansol_assets.answering.choosing`).
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import split_like, unit
from hansol_assets.qa.connectives import NONE, join_answers
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import ANSWERS, CATEGORY, ID, QUESTIONS, ROW_NUMBER, shown_id
from hansol_assets.retrieval.hits import Hit
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
        quotes: `source_id, source_row` (as a person is told of it), `source_question,
            source_answer` (which of the row's answers, from 1) and `text`, of each row that it
            quotes.
        nearest: `source_id, source_row, source_question, probability` of the rows found first.
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
        rows: `id, questions, category, answers, row_number`.
        embedder: Compares the answers of a row.
    """

    def __init__(self, rows: pd.DataFrame, embedder: Embedder) -> None:
        columns = (rows[ID], rows[QUESTIONS], rows[CATEGORY], rows[ANSWERS], rows[ROW_NUMBER])
        self._rows = {
            key: (list(asked), category, list(answers), number)
            for key, asked, category, answers, number in zip(*columns, strict=True)
        }
        self._embedder = embedder

    @property
    def references(self) -> dict[str, list[str]]:
        """Row id → its answers."""
        return {key: answers for key, (_, _, answers, _) in self._rows.items()}

    def question(self, row_id: str) -> str:
        """The first question of a row."""
        return str(self._rows[row_id][0][0])

    def category(self, row_id: str) -> str:
        """The category of a row."""
        return str(self._rows[row_id][1])

    def told_by(self, row_id: str) -> str:
        """How a person is told of a row."""
        return shown_id(row_id, self._rows[row_id][3])

    def answers(self, row_ids: Iterable[str]) -> dict[str, tuple[int, str]]:
        """Row id → the answer nearest to the mean of all of the row's, with its number, from 1."""
        different = list(dict.fromkeys(row_ids))
        texts = [self._rows[key][2] for key in different]
        vectors = unit(encode(self._embedder, [text for own in texts for text in own]))
        return {
            key: _central(own, found)
            for key, own, found in zip(different, texts, split_like(vectors, texts), strict=True)
        }


def _central(answers: Sequence[str], vectors: np.ndarray) -> tuple[int, str]:
    place = int(np.argmax((vectors @ vectors.mean(axis=0)).round(_DECIMALS)))
    return place + 1, str(answers[place])


class Found(NamedTuple):
    """A question that stands by itself, with the rows found for it.

    Attributes:
        question: The question.
        confidence: The probability that the first row answers.
        rows: Id and probability of the rows, most probable first.
    """

    question: str
    confidence: float
    rows: Sequence[tuple[str, float]]

    @classmethod
    def of_hits(cls, question: str, confidence: float, hits: Sequence[Hit]) -> Self:
        """Makes one of what a search gave."""
        return cls(question, float(confidence), [(hit.id, hit.probability) for hit in hits])


def answer_parts(
    asked: Sequence[Found], sources: Sources, settings: VerdictSettings
) -> list[PartAnswer]:
    """Answers questions that stand by themselves.

    Args:
        asked: The questions with the rows found.
        sources: The rows.
        settings: Which verdict follows.
    """
    verdicts = [_verdict(own.confidence, settings) if own.rows else UNANSWERED for own in asked]
    counts = {ANSWERED: 1, RELATED: _RELATED_ROWS, UNANSWERED: 0}
    quoted = [
        [key for key, _ in own.rows[: counts[verdict]]]
        for own, verdict in zip(asked, verdicts, strict=True)
    ]
    # In one call: the embedder looks its vectors up in the lake.
    answers = sources.answers(key for own in quoted for key in own)
    return [
        _part(own, verdict, [_quote(key, answers[key], sources) for key in rows], sources)
        for own, verdict, rows in zip(asked, verdicts, quoted, strict=True)
    ]


def _part(
    found: Found, verdict: Verdict, quotes: list[dict[str, Any]], sources: Sources
) -> PartAnswer:
    nearest = [
        {
            "source_id": row_id,
            "source_row": sources.told_by(row_id),
            "source_question": sources.question(row_id),
            "probability": round(float(probability), _DECIMALS),
        }
        for row_id, probability in found.rows[:_NEAREST_ROWS]
    ]
    text = _text(found.question, verdict, quotes, [str(row["source_question"]) for row in nearest])
    confidence = round(float(found.confidence), _DECIMALS)
    return PartAnswer(found.question, verdict, confidence, text, quotes, nearest)


def _verdict(confidence: float, settings: VerdictSettings) -> Verdict:
    if confidence >= settings.answered_from:
        return ANSWERED
    return RELATED if confidence >= settings.related_from else UNANSWERED


def _quote(row_id: str, answer: tuple[int, str], sources: Sources) -> dict[str, Any]:
    number, text = answer
    return {
        "source_id": row_id,
        "source_row": sources.told_by(row_id),
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
