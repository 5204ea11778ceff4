"""Answers to questions that no file holds, by the live models, which are opened once."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Self

from hansol_assets.answering.parts import ALL_SPLITS, TOP_K
from hansol_assets.answering.searching import RowSearch
from hansol_assets.answering.verdicts import (
    QuotableRows,
    RankedRows,
    Verdict,
    VerdictSettings,
    answer_parts,
    answer_record,
)
from hansol_assets.errors import InputError
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact, Table, input_of
from hansol_assets.lake.store import Lake
from hansol_assets.retrieval.ranking import RowSearcher, find_parts

MODELS = ("retrieval_index", "answerability")
LONGEST_QUESTION = 1000
"""Characters of a question; joined ones of the competition have 200 at most."""

_ID_DIGITS = 12
_WARMING_QUESTION = "벽지는 어떻게 관리하나요?"


@dataclass(frozen=True)
class AnswerRecord:
    """An answer to a question, for people and for programs (`--json`, the HTTP API).

    Attributes:
        verdict: `related` where the table has no such question and the nearest are quoted, or where
            joined questions are answered in part.
        confidence: The probability that the row it rests on answers, 0 to 1; of joined questions
            that of the least sure part.
        quotes: `part` and what `PartAnswer` has of every row that is quoted.
        nearest: The same of the rows found first.
    """

    question: str
    answer: str
    verdict: Verdict
    confidence: float
    needs_review: bool
    quotes: list[dict[str, Any]]
    nearest: list[dict[str, Any]]
    parts: list[str]


@dataclass(frozen=True)
class Answer(AnswerRecord):
    """The same with the category of the row found first ("" where none was), and the models' names.

    `versions` maps each asset to its fingerprint.
    """

    id: str
    category: str
    versions: Mapping[str, str]

    @property
    def record(self) -> dict[str, Any]:
        """What programs are given, as plain values."""
        return {item.name: getattr(self, item.name) for item in fields(AnswerRecord)}


@dataclass(frozen=True)
class Asker:
    """The live models, opened once; they are loaded when warmed up, or with the first question."""

    searcher: RowSearcher
    sources: QuotableRows
    settings: VerdictSettings
    versions: Mapping[str, str]

    @classmethod
    def open(cls, lake: Lake, verdicts: VerdictSettings) -> Self:
        """Opens what is live in the active profile.

        Raises:
            MissingInputError: A model is not in the lake.
        """
        live = {name: Artifact.pin(lake, name) for name in MODELS}
        index, answerability = live["retrieval_index"], live["answerability"]
        # Not the live ones: a run may just have made others.
        retriever = input_of(answerability, "retriever")
        embedder = input_of(answerability, "answer_embedder")
        searcher = RowSearch(answerability, retriever, embedder, index).open()
        rows = Table.pin(lake, "qa_folds").read()
        return cls(
            searcher,
            QuotableRows(rows, searcher.ranker.features.embedder),
            verdicts,
            {name: item.version for name, item in live.items()},
        )

    def warm_up(self) -> None:
        """Loads every model, and uses each once: a first use takes longer than all later ones."""
        # No cache holds such a question: what one holds asks no model.
        self.ask(f"{_WARMING_QUESTION} {uuid.uuid4().hex}")

    def ask(self, question: str) -> Answer:
        """Answers a question, which may hold several, in any form that a test file may have.

        Raises:
            InputError: There is no question, or it is longer than one can be.
        """
        if not question.strip():
            raise InputError("there is no question")
        if len(question) > LONGEST_QUESTION:
            raise InputError(
                f"the question has {len(question)} characters, of {LONGEST_QUESTION} at most: "
                "shorten it, or ask its parts one by one"
            )
        (ranked,) = find_parts([question], self.searcher, TOP_K, ALL_SPLITS)
        asked = [RankedRows.of_hits(*part) for part in ranked]
        parts = answer_parts(asked, self.sources, self.settings)
        record = answer_record(question, parts, self.sources, self.settings)
        names = ("answer", "verdict", "confidence", "needs_review", "quotes", "nearest")
        return Answer(
            **{name: record[name] for name in names},
            question=question,
            parts=[part.question for part in parts],
            id=text_hash(question)[:_ID_DIGITS],
            category=record["nearest_category"],
            versions=self.versions,
        )
