"""Answers to questions that no file holds, by the live models.

What belongs here: opening the models once, warming them up, and asking them. What does not: how an
answer is made (`hansol_assets.answering.candidates`, `hansol_assets.answering.choosing`), and
showing it (`hansol_assets.cli`).
"""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import pandas as pd

from hansol_assets.answering.blending import load_blend
from hansol_assets.answering.candidates import CandidateInputs, Gatherer
from hansol_assets.answering.choosing import ChoiceSettings, Chooser
from hansol_assets.answering.confidence import doubts_of, load_confidence, with_confidence
from hansol_assets.answering.parts import TEST
from hansol_assets.errors import InputError
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.columns import ID, QUESTIONS
from hansol_assets.scoring.confidence import Confidence, ConfidenceSettings

MODELS = ("retrieval_index", "final_adapter", "final_regressor", "answer_confidence")
LONGEST_QUESTION = 1000
"""Characters of a question; joined ones of the competition have 200 at most."""

_ID_DIGITS = 12
_WARMING_QUESTION = "벽지는 어떻게 관리하나요?"


@dataclass(frozen=True)
class Answer:
    """An answer to a question.

    Attributes:
        id: Made of the question.
        question: As it was asked.
        answer: The text.
        confidence: Its expected score, a mean cosine to references.
        needs_review: Whether a person should look at it.
        doubts: Why less is expected of it than of the usual answer; see `doubts_of`.
        quotes: `part, source_id, source_answer, place, text` of each sentence that it says, and
            `source_question`, the first one of that row.
        nearest_rows: The row nearest to what is expected, for each part.
        nearest_category: Of the first of them.
        versions: Asset → fingerprint of the models that made it.
    """

    id: str
    question: str
    answer: str
    confidence: float
    needs_review: bool
    doubts: list[dict[str, Any]]
    quotes: list[dict[str, Any]]
    nearest_rows: list[str]
    nearest_category: str
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Asker:
    """The live models, opened once; they are loaded when warmed up, or with the first question.

    Attributes:
        gatherer: Finds and makes candidates.
        chooser: Chooses among them.
        confidence: Knows how good answers are.
        settings: From which expected score on an answer may stand alone.
        versions: Asset → fingerprint of the models.
    """

    gatherer: Gatherer
    chooser: Chooser
    confidence: Confidence
    settings: ConfidenceSettings
    versions: Mapping[str, str]

    @classmethod
    def open(
        cls,
        lake: Lake,
        candidates: CandidateInputs,
        choice: ChoiceSettings,
        confidence: ConfidenceSettings,
        log: Callable[[str], None],
    ) -> Self:
        """Opens what is live.

        Args:
            lake: The lake under the active profile.
            candidates: How candidates are made.
            choice: How texts are composed and chosen.
            confidence: From which expected score on an answer may stand alone.
            log: Writes a line of progress.

        Raises:
            MissingInputError: A model is not in the lake.
        """
        live = {name: Artifact.pin(lake, name) for name in MODELS}
        calibrated = live["answer_confidence"]
        return cls(
            Gatherer.open(live["retrieval_index"], live["final_adapter"], candidates, log),
            Chooser.open(
                TEST,
                live["final_regressor"],
                load_blend(calibrated.made_from("vector_blend")),
                Table.pin(lake, "qa_folds").read(),
                choice,
            ),
            load_confidence(calibrated),
            confidence,
            {name: item.version for name, item in live.items()},
        )

    def warm_up(self) -> None:
        """Loads every model, and uses each once: a first use takes longer than all later ones."""
        # The caches know no such question: what they know asks no model.
        self.ask(f"{_WARMING_QUESTION} {uuid.uuid4().hex}")

    def ask(self, question: str) -> Answer:
        """Answers a question, which may hold several.

        Args:
            question: In any form that a test file may have.

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
        key = text_hash(question)[:_ID_DIGITS]
        questions = pd.DataFrame({"id": [key], "question": [question], "split": [TEST]})
        candidates = self.gatherer.gather(questions)
        chosen = self.chooser.choose(questions, candidates.frame, str(candidates.facts["adapter"]))
        (row,) = with_confidence(chosen, self.confidence, self.settings).frame.to_dict("records")
        return Answer(
            key,
            question,
            row["answer"],
            float(row["confidence"]),
            bool(row["needs_review"]),
            doubts_of(row, self.confidence),
            [
                quote | {"source_question": self._question_of[quote["source_id"]]}
                for quote in row["quotes"]
            ],
            row["nearest_rows"],
            row["nearest_category"],
            self.versions,
        )

    @cached_property
    def _question_of(self) -> Mapping[str, str]:
        rows = self.chooser.rows
        return {key: own[0] for key, own in zip(rows[ID], rows[QUESTIONS], strict=True)}
