"""What a question asks about, and whether a text speaks of that or of something else.

What belongs here: the weight of terms (nouns and their compounds), and the share of a question's
that a text names. What does not: how terms are found (`hansol_assets.qa.morphemes`) and what is
made of the shares (`hansol_assets.scoring.composing`).
"""

import json
from collections import Counter
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

import numpy as np

from hansol_assets.qa.morphemes import noun_terms

# A term that more than this share of the rows ask about is an aspect ("장점"), not a thing.
_ASPECT_SHARE = 0.02

# What is said of one is no answer to the other: it counts as much as the strangest thing.
_OPPOSITES = {"장점": "단점", "단점": "장점"}
_OPPOSITE_WEIGHT = 10.0


class Topics:
    """The weight of terms, by how few rows ask about them (inverse document frequency).

    Args:
        counts: Term → rows that ask about it.
        rows: Number of rows.
    """

    def __init__(self, counts: dict[str, int], rows: int) -> None:
        self._counts = counts
        self._rows = rows
        self._weights = {term: self._weight(count) for term, count in counts.items()}
        self._unknown = self._weight(0)

    @classmethod
    def fit(cls, questions: Sequence[Sequence[str]]) -> Self:
        """Counts the terms of rows.

        Args:
            questions: The paraphrases of each row's question.
        """
        found = iter(noun_terms([text for own in questions for text in own]))
        rows = [frozenset[str]().union(*(next(found) for _ in own)) for own in questions]
        counts = Counter(term for row in rows for term in row)
        return cls(dict(sorted(counts.items())), len(questions))

    def weight(self, term: str) -> float:
        """How telling a term is: the logarithm of how few rows ask about it."""
        return self._weights.get(term, self._unknown)

    def _weight(self, count: int) -> float:
        return float(np.log((self._rows + 1) / (count + 0.5)))

    def coverage(self, asked: Collection[str], named: Collection[str]) -> float:
        """The share of what is asked that is named, by weight, 0 to 1; 1 where nothing is asked."""
        total = sum(map(self.weight, sorted(asked)))
        return sum(self.weight(term) for term in sorted(asked) if term in named) / (total or 1)

    def strangers(
        self, asked: Collection[str], named: Collection[str], source: Collection[str]
    ) -> float:
        """How much a text speaks of another thing: the one that its own row was asked about.

        A text that names neither that thing nor the asked one still speaks of the former, unless
        its row was asked about the latter, too.

        Args:
            asked: Terms of the question.
            named: Terms of the text.
            source: Terms of the question that the text was an answer to.

        Returns:
            The weight of the source's most telling term that is not asked, and of naming only the
            opposite of what is asked, in units of ten.
        """
        is_meant = any(term in source or term in named for term in asked if self._is_telling(term))
        telling = [
            term
            for term in sorted(source)
            if term not in asked and (term in named or not is_meant) and self._is_telling(term)
        ]
        opposite = any(
            other in named and term not in named and other not in asked
            for term, other in _OPPOSITES.items()
            if term in asked
        )
        # Of a compound its pieces are terms, too: together they are one stranger.
        strangest = max(map(self.weight, telling), default=0.0)
        return (strangest + _OPPOSITE_WEIGHT * opposite) / 10

    def _is_telling(self, term: str) -> bool:
        """Whether so few rows ask about it that it is a thing, and no aspect of many."""
        return self._counts.get(term, 0) <= _ASPECT_SHARE * self._rows

    def save(self, path: Path) -> None:
        """Writes the counts as JSON."""
        content = json.dumps({"rows": self._rows, "counts": self._counts}, ensure_ascii=False)
        path.write_text(content, encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Reads counts."""
        content = json.loads(path.read_text(encoding="utf-8"))
        return cls(content["counts"], content["rows"])
