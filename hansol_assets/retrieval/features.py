"""What can be seen of a question beside a row that may answer it.

What belongs here: similarities by both encoders, shared terms and letters, and whether the same is
asked of the thing. What does not: what they are worth (`hansol_assets.retrieval.answerability`) and
which rows are looked at (`hansol_assets.retrieval.search`).
"""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.retriever import Retriever
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.morphemes import content_morphemes, for_search
from hansol_assets.qa.table.columns import shortest
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.documents import DocumentSettings, passage
from hansol_assets.retrieval.rows_in_memory import RowTexts

FEATURES = (
    "question_similarity",
    "question_margin",
    "passage_similarity",
    "passage_margin",
    "likeness_margin",
    "asked_terms",
    "letters",
    "same_aspect",
    "opposite_aspect",
)
_BEST = 3
"""Rows that stand out; what lies beyond them is the level of the table for a question."""
_ANSWERS = 2
"""Answers of a row, shortest first, in which an asked term counts as named."""
_LETTERS = 3
_FLOOR = 0.03
"""Of a probability before its logarithm is taken."""
_OPPOSITES = ("advantage", "drawback")
_NO_SIGN = re.compile(r"\W+")
_DECIMALS = 5
"""Of a feature: its last bits depend on the batch that a text was embedded in."""


@dataclass(frozen=True)
class TermWeights:
    """How telling a term is: the logarithm of how few rows ask about it.

    Attributes:
        counts: Term → rows that ask about it.
        rows: Number of rows.
    """

    counts: dict[str, int]
    rows: int

    @classmethod
    def fit(cls, questions: Sequence[Sequence[str]]) -> Self:
        """Counts the terms of rows.

        Args:
            questions: The paraphrases of each row's question.
        """
        morphemes = content_morphemes([" ".join(own) for own in questions])
        counts = Counter(chain.from_iterable(set(own.split()) for own in morphemes))
        return cls(dict(sorted(counts.items())), len(questions))

    def weight(self, term: str) -> float:
        """The weight of a term; the highest of one that no row asks about."""
        return float(np.log((self.rows + 1) / (self.counts.get(term, 0) + 0.5)))

    def share(self, asked: frozenset[str], named: frozenset[str]) -> float:
        """The share of what is asked that is named, by weight, 0 to 1."""
        total = sum(map(self.weight, sorted(asked)))
        return sum(map(self.weight, sorted(asked & named))) / total if total else 0.0

    def save(self, path: Path) -> None:
        """Writes the counts as JSON."""
        path.write_text(json.dumps(vars(self), ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads counts."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))


class _Looks(NamedTuple):
    """How texts look to every feature, in one order."""

    found: np.ndarray
    alike: np.ndarray
    aspects: np.ndarray
    letters: list[frozenset[str]]


@dataclass(frozen=True)
class PairFeatures:
    """Looks at questions beside rows.

    Attributes:
        retriever: Finds passages.
        embedder: Knows likeness of sentences.
        terms: The weight of terms.
        aspects: Knows what is asked.
        documents: What stands for a row.
    """

    retriever: Retriever
    embedder: Embedder
    terms: TermWeights
    aspects: Aspects
    documents: DocumentSettings

    def of(self, questions: Sequence[str], pools: Sequence[Sequence[RowTexts]]) -> list[np.ndarray]:
        """Compares each question with the rows of its pool.

        Args:
            questions: Any number of questions.
            pools: The rows that may answer each; the level of a table is taken from them.

        Returns:
            One array a question, [rows, `FEATURES`].
        """
        rows = list(dict.fromkeys(chain.from_iterable(pools)))
        asked = list(dict.fromkeys(chain.from_iterable(row.questions for row in rows)))
        row_of = {row: number for number, row in enumerate(rows)}
        asked_of = {text: number for number, text in enumerate(asked)}
        of_rows, of_questions = self._looks(asked), self._looks(questions)
        passages = self.retriever.passages(
            [passage(row.questions, row.answers, self.documents) for row in rows]
        )
        row_terms = _terms(
            " ".join((*row.questions, *shortest(row.answers, _ANSWERS))) for row in rows
        )
        question_terms = _terms(questions)
        found = []
        for number, pool in enumerate(pools):
            if not pool:
                found.append(np.zeros((0, len(FEATURES))))
                continue
            places = [row_of[row] for row in pool]
            paraphrases = [asked_of[text] for row in pool for text in row.questions]
            starts = np.cumsum([0, *(len(row.questions) for row in pool[:-1])])
            similarity, likeness, same, opposite, letters = (
                np.maximum.reduceat(values, starts)
                for values in self._beside(of_questions, number, of_rows, paraphrases)
            )
            nearness = passages[places] @ of_questions.found[number]
            terms = [self.terms.share(question_terms[number], row_terms[p]) for p in places]
            columns = (
                similarity,
                _margin(similarity),
                nearness,
                _margin(nearness),
                _margin(likeness),
                terms,
                letters,
                np.log(_FLOOR + same),
                opposite,
            )
            found.append(np.column_stack(columns).round(_DECIMALS))
        return found

    def _looks(self, texts: Sequence[str]) -> _Looks:
        normalised = list(map(for_search, texts))
        found = self.retriever.queries(normalised)
        alike = unit(encode(self.embedder, normalised))
        aspects = self.aspects.probabilities(found) if len(found) else np.zeros((0, 1))
        return _Looks(found, alike, aspects, list(map(_letters, normalised)))

    def _beside(
        self, questions: _Looks, number: int, rows: _Looks, places: Sequence[int]
    ) -> tuple[np.ndarray, ...]:
        """Similarity, likeness, same and opposite aspect, and letters, of one question."""
        advantage, drawback = map(self.aspects.names.index, _OPPOSITES)
        own, theirs = questions.aspects[number], rows.aspects[places]
        letters = [_dice(questions.letters[number], rows.letters[place]) for place in places]
        opposite = own[advantage] * theirs[:, drawback] + own[drawback] * theirs[:, advantage]
        return (
            rows.found[places] @ questions.found[number],
            rows.alike[places] @ questions.alike[number],
            theirs @ own,
            opposite,
            np.array(letters),
        )


def _margin(similarities: np.ndarray) -> np.ndarray:
    """How far each lies above the level of the table, as a share of what is left to 1."""
    ordered = np.sort(similarities)[::-1]
    level = float(ordered[min(_BEST, len(ordered) - 1) :].mean())
    return (similarities - level) / max(1 - level, 1e-6)


def _terms(texts: Iterable[str]) -> list[frozenset[str]]:
    return [frozenset(own.split()) for own in content_morphemes(list(texts))]


def _letters(text: str) -> frozenset[str]:
    """Runs of letters, of Hangul its jamo, so that 샷시 and 샤시 share most of them."""
    plain = unicodedata.normalize("NFD", _NO_SIGN.sub("", text.lower()))
    return frozenset(
        plain[start : start + _LETTERS] for start in range(max(1, len(plain) - _LETTERS + 1))
    )


def _dice(one: frozenset[str], other: frozenset[str]) -> float:
    return 2 * len(one & other) / (len(one) + len(other))
