"""What can be seen of a question beside a row that may answer it.

What belongs here: similarities by both encoders, the terms that a row names, and whether the same
is asked of the thing. What does not: what they are worth (`hansol_assets.retrieval.answerability`)
and which rows are looked at (`hansol_assets.retrieval.search`).
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.morphemes import content_morphemes, for_search
from hansol_assets.qa.table.columns import shortest
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.index import DocumentSettings, passage
from hansol_assets.retrieval.search import RowTexts

FEATURES = (
    "question_margin",
    "passage_similarity",
    "passage_margin",
    "likeness_margin",
    "asked_terms",
    "same_aspect",
    "not_opposite",
    "aspect_likeness",
)
_BEST = 3
"""Rows that stand out; what lies beyond them is the level of the table for a question."""
_ANSWERS = 2
"""Answers of a row, shortest first, in which an asked term counts as named."""
_FLOOR = 0.03
"""Of the probability of the same aspect before its logarithm is taken."""
_ASPECT_FLOOR = 0.001
"""Likewise, of the probability of each aspect, and of no opposite one."""
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
        named = [" ".join((*row.questions, *shortest(row.answers, _ANSWERS))) for row in rows]
        row_terms, row_letters = _terms(named), list(map(_letters, named))
        question_terms = _terms(questions)
        found = []
        for number, pool in enumerate(pools):
            if not pool:
                found.append(np.zeros((0, len(FEATURES))))
                continue
            places = [row_of[row] for row in pool]
            paraphrases = [asked_of[text] for row in pool for text in row.questions]
            starts = np.cumsum([0, *(len(row.questions) for row in pool[:-1])])
            found_by = of_rows.found[paraphrases] @ of_questions.found[number]
            alike = of_rows.alike[paraphrases] @ of_questions.alike[number]
            nearness = passages[places] @ of_questions.found[number]
            asked_terms = question_terms[number]
            terms = [
                self.terms.share(asked_terms, _named(asked_terms, row_terms[p], row_letters[p]))
                for p in places
            ]
            theirs = _means(of_rows.aspects[paraphrases], starts)
            columns = (
                _margin(np.maximum.reduceat(found_by, starts)),
                nearness,
                _margin(nearness),
                _margin(np.maximum.reduceat(alike, starts)),
                terms,
                *self._beside(of_questions.aspects[number], theirs),
            )
            found.append(np.column_stack(columns).round(_DECIMALS))
        return found

    def _looks(self, texts: Sequence[str]) -> _Looks:
        normalised = list(map(for_search, texts))
        found = self.retriever.queries(normalised)
        alike = unit(encode(self.embedder, normalised))
        is_any = len(found) > 0
        aspects = self.aspects.probabilities(found, alike) if is_any else np.zeros((0, 1))
        return _Looks(found, alike, aspects)

    def _beside(self, own: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Same aspect, no opposite one, and likeness of aspects, of a question and rows."""
        advantage, drawback = map(self.aspects.names.index, _OPPOSITES)
        opposite = own[advantage] * theirs[:, drawback] + own[drawback] * theirs[:, advantage]
        likeness = _profiles(theirs) @ _profiles(own[None])[0]
        not_opposite = np.log(_ASPECT_FLOOR + 1 - opposite.clip(0, 1))
        return np.log(_FLOOR + theirs @ own), not_opposite, likeness


def _margin(similarities: np.ndarray) -> np.ndarray:
    """How far each lies above the level of the table, as a share of what is left to 1."""
    ordered = np.sort(similarities)[::-1]
    level = float(ordered[min(_BEST, len(ordered) - 1) :].mean())
    return (similarities - level) / max(1 - level, 1e-6)


def _means(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """The mean of each run of rows: one paraphrase that asks for something else is outvoted."""
    counts = np.diff([*starts, len(values)])
    return np.asarray(np.add.reduceat(values, starts) / counts[:, None])


def _profiles(aspects: np.ndarray) -> np.ndarray:
    """How the probabilities of aspects stand to each other, unit length."""
    logits = np.log(_ASPECT_FLOOR + aspects)
    return unit(logits - logits.mean(axis=1, keepdims=True))


def _terms(texts: Iterable[str]) -> list[frozenset[str]]:
    return [frozenset(own.split()) for own in content_morphemes(list(texts))]


def _letters(text: str) -> str:
    """A text without what compounds are written apart by."""
    return _NO_SIGN.sub("", for_search(text).lower())


def _named(asked: frozenset[str], terms: frozenset[str], letters: str) -> frozenset[str]:
    """Terms that a text has, be it within a compound; single syllables are within too many."""
    return frozenset(term for term in asked if term in terms or (len(term) > 1 and term in letters))
