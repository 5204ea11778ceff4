"""What a question asks about, and whether a text speaks of that or of an unrelated thing."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import fsum
from operator import itemgetter
from typing import NamedTuple, Self

import numpy as np

from hansol_assets.qa.morphemes import noun_terms

# A term that more than this share of the rows ask about is an aspect ("장점"), not a thing.
_ASPECT_SHARE = 0.02

# What is said of one is no answer to the other: it counts as much as the strangest thing.
_OPPOSITES = {"장점": "단점", "단점": "장점"}
_OPPOSITE_WEIGHT = 10.0


@dataclass(frozen=True)
class Topics:
    """The weight of terms, by how few of the rows ask about them (inverse document frequency)."""

    counts: dict[str, int]
    rows: int

    @cached_property
    def telling(self) -> Callable[[frozenset[str]], list[tuple[float, str]]]:
        """The terms that so few rows ask about that they are things, the most telling first."""
        return lru_cache(maxsize=None)(self._telling)

    @classmethod
    def fit(cls, questions: Sequence[Sequence[str]]) -> Self:
        """Counts the terms of rows by the paraphrases of each row's question."""
        terms = iter(noun_terms([text for paraphrases in questions for text in paraphrases]))
        rows = [frozenset[str]().union(*(next(terms) for _ in texts)) for texts in questions]
        counts = Counter(term for row in rows for term in row)
        return cls(dict(sorted(counts.items())), len(questions))

    def weight(self, term: str) -> float:
        """How telling a term is: the logarithm of how few rows ask about it."""
        return float(np.log((self.rows + 1) / (self.counts.get(term, 0) + 0.5)))

    def asked(self, terms: frozenset[str]) -> "Asked":
        """Returns what a question with these terms asks about."""
        return Asked(self, terms)

    def _telling(self, terms: frozenset[str]) -> list[tuple[float, str]]:
        most = _ASPECT_SHARE * self.rows
        things = [term for term in sorted(terms) if self.counts.get(term, 0) <= most]
        return sorted(
            ((self.weight(term), term) for term in things), key=itemgetter(0), reverse=True
        )


class _Row(NamedTuple):
    """A row as a question sees it.

    `asked` are the terms that both ask about, `unrelated` telling terms of the row alone, with
    their weights, the most telling first; `is_meant`: the row was asked about a thing of the
    question.
    """

    asked: frozenset[str]
    unrelated: list[tuple[float, str]]
    is_meant: bool


class Asked:
    """What one question asks about, and how far texts speak of it."""

    def __init__(self, topics: Topics, terms: frozenset[str]) -> None:
        self._topics = topics
        self._terms = terms
        weights = {term: topics.weight(term) for term in sorted(terms)}
        total = fsum(weights.values()) or 1
        self.weights = {term: weight / total for term, weight in weights.items()}
        """Each term's share of all that is asked."""
        self._things = frozenset(term for _, term in topics.telling(terms))
        self._opposites = [
            (term, other)
            for term, other in _OPPOSITES.items()
            if term in terms and other not in terms
        ]
        # Texts name one of a few sets of the asked terms, and many sentences are of one row.
        self._share = lru_cache(maxsize=None)(self._share_of)
        self._row = lru_cache(maxsize=None)(self._row_of)

    def _share_of(self, named: frozenset[str]) -> float:
        # The exact sum: that of floats would depend on the order, which a set does not have.
        return fsum(self.weights[term] for term in named)

    def _row_of(self, source: frozenset[str]) -> _Row:
        telling = self._topics.telling(source)
        return _Row(
            self._terms & source,
            [(weight, term) for weight, term in telling if term not in self._terms],
            not self._things.isdisjoint(source),
        )

    def coverage(self, named: frozenset[str], source: frozenset[str] = frozenset()) -> float:
        """The share of what is asked that is named, by a text or by its source, 0 to 1, by weight.

        0 where nothing is asked.
        """
        return self._share(self._terms & named | self._row(source).asked)

    def unrelated(self, named: frozenset[str], source: frozenset[str]) -> float:
        """How much a text speaks of another thing: the one that its own row was asked about.

        A text that names neither that thing nor the asked one still speaks of the former, unless
        its row was asked about the latter, too.

        Returns:
            The weight of the source's most telling term that is not asked, and of naming only the
            opposite of what is asked, in units of ten.
        """
        row = self._row(source)
        is_meant = row.is_meant or not self._things.isdisjoint(named)
        # Of a compound its pieces are terms, too: together they are one unrelated thing.
        strangest = next(
            (weight for weight, term in row.unrelated if term in named or not is_meant),
            0.0,
        )
        opposite = any(other in named and term not in named for term, other in self._opposites)
        return (strangest + _OPPOSITE_WEIGHT * opposite) / 10
