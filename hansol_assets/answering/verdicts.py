"""What a person reads: the answer of the row that answers, what is related, or that none does.

The text follows from the probabilities of the rows found; the vector that is submitted does not.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode_groups
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.connectives import NONE, join_answers
from hansol_assets.qa.splitting import take_apart
from hansol_assets.qa.table.columns import ANSWERS, CATEGORY, ID, QUESTIONS, ROW_NUMBER, shown_id
from hansol_assets.retrieval.search import Hit
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
        confidence: The probability that the first row answers, 0 to 1.
        text: What a person reads.
        quotes: `source_id, source_row` (as a person knows it), `source_question, source_answer`
            (which of the row's answers, from 1) and `text`, of each row that it quotes.
        nearest: `source_id, source_row, source_question, probability` of the rows found first.
    """

    question: str
    verdict: Verdict
    confidence: float
    text: str
    quotes: list[dict[str, Any]]
    nearest: list[dict[str, Any]]


class QuotableRows:
    """The rows of `qa_folds` that may be quoted, and which answer says best what all say."""

    def __init__(self, rows: pd.DataFrame, embedder: Embedder) -> None:
        columns = [rows[name] for name in (ID, QUESTIONS, CATEGORY, ANSWERS, ROW_NUMBER)]
        self._rows = {key: row for key, *row in zip(*columns, strict=True)}
        self._embedder = embedder

    def category(self, row_id: str) -> str:
        """The category of a row."""
        return str(self._rows[row_id][1])

    def label(self, row_id: str) -> str:
        """How a person finds the row in the table."""
        return shown_id(row_id, self._rows[row_id][3])

    def named(self, row_id: str) -> dict[str, Any]:
        """`source_id, source_row, source_question` of a row: its label and first question."""
        question = str(self._rows[row_id][0][0])
        return {
            "source_id": row_id,
            "source_row": self.label(row_id),
            "source_question": question,
        }

    def answers(self, row_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
        """Row id → the answer nearest to the mean of all of the row's, as `source_answer, text`."""
        different = list(dict.fromkeys(row_ids))
        texts = [list(self._rows[key][2]) for key in different]
        vectors = encode_groups(self._embedder, texts)
        return {
            key: _central(answers, unit(of_row))
            for key, answers, of_row in zip(different, texts, vectors, strict=True)
        }


def _central(answers: Sequence[str], vectors: np.ndarray) -> dict[str, Any]:
    index = int(np.argmax((vectors @ vectors.mean(axis=0)).round(_DECIMALS)))
    return {"source_answer": index + 1, "text": str(answers[index])}


class RankedRows(NamedTuple):
    """A question that stands by itself; id and probability of its rows, most probable first."""

    question: str
    confidence: float
    rows: Sequence[tuple[str, float]]

    @classmethod
    def of_hits(cls, question: str, confidence: float, hits: Sequence[Hit]) -> Self:
        """Makes one of what a search gave."""
        return cls(question, float(confidence), [(hit.id, hit.probability) for hit in hits])


def answer_parts(
    asked: Sequence[RankedRows], sources: QuotableRows, settings: VerdictSettings
) -> list[PartAnswer]:
    """Answers questions that stand by themselves."""
    verdicts = [_verdict(one.confidence, settings) if one.rows else UNANSWERED for one in asked]
    counts = {ANSWERED: 1, RELATED: _RELATED_ROWS, UNANSWERED: 0}
    quoted = [
        [key for key, _ in one.rows[: counts[verdict]]]
        for one, verdict in zip(asked, verdicts, strict=True)
    ]
    # In one call: the embedder looks its vectors up in the lake.
    answers = sources.answers(chain.from_iterable(quoted))
    return [
        _part(one, verdict, [sources.named(key) | answers[key] for key in keys], sources)
        for one, verdict, keys in zip(asked, verdicts, quoted, strict=True)
    ]


def _part(
    ranked: RankedRows, verdict: Verdict, quotes: list[dict[str, Any]], sources: QuotableRows
) -> PartAnswer:
    nearest = [
        sources.named(row_id) | {"probability": round(float(probability), _DECIMALS)}
        for row_id, probability in ranked.rows[:_NEAREST_ROWS]
    ]
    text = _text(ranked.question, verdict, quotes, [row["source_question"] for row in nearest])
    confidence = round(float(ranked.confidence), _DECIMALS)
    return PartAnswer(ranked.question, verdict, confidence, text, quotes, nearest)


def _verdict(confidence: float, settings: VerdictSettings) -> Verdict:
    if confidence >= settings.answered_from:
        return ANSWERED
    return RELATED if confidence >= settings.related_from else UNANSWERED


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


def join_as_asked(question: str, texts: Sequence[str]) -> str:
    """Joins the answers of a question's parts as the question joins them."""
    joins = take_apart([question])[0].joins if len(texts) > 1 else ()
    answer = texts[0]
    for text, kind in zip_longest(texts[1:], joins[: len(texts) - 1], fillvalue=NONE):
        answer = join_answers(answer, text, kind)
    return answer


def whole_text(question: str, parts: Sequence[PartAnswer]) -> str:
    """The answers of the parts, as the question joins them.

    Answered parts are joined like a person's answers; of the others it is said which they are.
    """
    if len(parts) == 1:
        return parts[0].text
    if all(part.verdict == ANSWERED for part in parts):
        return join_as_asked(question, [part.text for part in parts])
    return "\n".join(part.text if part.verdict == ANSWERED else _named(part) for part in parts)


def _named(part: PartAnswer) -> str:
    """What is said of a part without an answer, with the part's question before it."""
    words = _words(part.question)
    if part.verdict == RELATED:
        return f"“{part.question}”: {part.text}"
    unanswered = words.unanswered_part.format(question=part.question)
    return part.text.replace(words.unanswered, unanswered)


def answer_record(
    question: str, parts: Sequence[PartAnswer], sources: QuotableRows, settings: VerdictSettings
) -> dict[str, Any]:
    """A whole answer as one record.

    Returns:
        `answer, verdict, confidence` (the least of the parts), `needs_review`, `quotes` and
        `nearest` (those of all parts, each with its `part`, from 0), `part_verdicts` (one a part),
        `nearest_category` (of the row found first) and `source_ids` (of the quotes).
    """
    confidence = min(part.confidence for part in parts)
    quotes = [{"part": n, **quote} for n, part in enumerate(parts) for quote in part.quotes]
    nearest = [{"part": n, **row} for n, part in enumerate(parts) for row in part.nearest]
    return {
        "answer": whole_text(question, parts),
        "verdict": whole_verdict(parts),
        "confidence": confidence,
        "needs_review": confidence < settings.review_below,
        "quotes": quotes,
        "nearest": nearest,
        "part_verdicts": [part.verdict for part in parts],
        "nearest_category": sources.category(nearest[0]["source_id"]) if nearest else "",
        "source_ids": list(dict.fromkeys(quote["source_id"] for quote in quotes)),
    }
