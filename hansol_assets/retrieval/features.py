"""Features of a question and a row that may answer it.

Similarities by both encoders, the terms that the row names, and whether the same is asked of the
thing.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
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
        morphemes = content_morphemes([" ".join(paraphrases) for paraphrases in questions])
        counts = Counter(chain.from_iterable(set(text.split()) for text in morphemes))
        return cls(dict(sorted(counts.items())), len(questions))

    def weight(self, term: str) -> float:
        """The weight of a term; the highest of one that no row asks about."""
        return float(np.log((self.rows + 1) / (self.counts.get(term, 0) + 0.5)))

    def share(self, asked: frozenset[str], named: frozenset[str]) -> float:
        """The share of what is asked that is named, by weight, 0 to 1."""
        total = sum(map(self.weight, sorted(asked)))
        return sum(map(self.weight, sorted(asked & named))) / total if total else 0.0


class _Vectors(NamedTuple):
    """Of texts, in one order: by the retriever, by the encoder of likeness, and their aspects."""

    retrieval: np.ndarray
    likeness: np.ndarray
    aspects: np.ndarray


@dataclass(frozen=True)
class PairFeatures:
    """Computes the features of questions and rows."""

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
        of_rows, of_questions = self._vectors(asked), self._vectors(questions)
        passages = self.retriever.passages(
            [passage(row.questions, row.answers, self.documents) for row in rows]
        )
        named = [" ".join((*row.questions, *shortest(row.answers, _ANSWERS))) for row in rows]
        row_terms, row_letters = _terms(named), list(map(_letters, named))
        question_terms = _terms(questions)
        features = []
        for number, pool in enumerate(pools):
            if not pool:
                features.append(np.zeros((0, len(FEATURES))))
                continue
            numbers = [row_of[row] for row in pool]
            paraphrases = [asked_of[text] for row in pool for text in row.questions]
            starts = np.cumsum([0, *(len(row.questions) for row in pool[:-1])])
            similarities = of_rows.retrieval[paraphrases] @ of_questions.retrieval[number]
            alike = of_rows.likeness[paraphrases] @ of_questions.likeness[number]
            nearness = passages[numbers] @ of_questions.retrieval[number]
            asked_terms = question_terms[number]
            terms = [
                self.terms.share(asked_terms, _named(asked_terms, row_terms[n], row_letters[n]))
                for n in numbers
            ]
            theirs = _means(of_rows.aspects[paraphrases], starts)
            columns = (
                _margin(np.maximum.reduceat(similarities, starts)),
                nearness,
                _margin(nearness),
                _margin(np.maximum.reduceat(alike, starts)),
                terms,
                *self._beside(of_questions.aspects[number], theirs),
            )
            features.append(np.column_stack(columns).round(_DECIMALS))
        return features

    def _vectors(self, texts: Sequence[str]) -> _Vectors:
        normalised = list(map(for_search, texts))
        retrieval = self.retriever.queries(normalised)
        likeness = unit(encode(self.embedder, normalised))
        is_any = len(texts) > 0
        aspects = self.aspects.probabilities(retrieval, likeness) if is_any else np.zeros((0, 1))
        return _Vectors(retrieval, likeness, aspects)

    def _beside(self, asked: np.ndarray, theirs: np.ndarray) -> tuple[np.ndarray, ...]:
        """Same aspect, no opposite one, and likeness of aspects, of a question and rows."""
        advantage, drawback = map(self.aspects.names.index, _OPPOSITES)
        opposite = asked[advantage] * theirs[:, drawback] + asked[drawback] * theirs[:, advantage]
        likeness = _profiles(theirs) @ _profiles(asked[None])[0]
        not_opposite = np.log(_ASPECT_FLOOR + 1 - opposite.clip(0, 1))
        return np.log(_FLOOR + theirs @ asked), not_opposite, likeness


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
    return [frozenset(text.split()) for text in content_morphemes(list(texts))]


def _letters(text: str) -> str:
    """A text without what compounds are written apart by."""
    return _NO_SIGN.sub("", for_search(text).lower())


def _named(asked: frozenset[str], terms: frozenset[str], letters: str) -> frozenset[str]:
    """Terms that a text has, be it within a compound; single syllables are within too many."""
    return frozenset(term for term in asked if term in terms or (len(term) > 1 and term in letters))
