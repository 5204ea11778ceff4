"""The rows found for a question, or for each of its parts, in the order in which they answer it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

import numpy as np

from hansol_assets.qa.splitting import Pair, decompositions, take_apart
from hansol_assets.retrieval.answerability import Answerability
from hansol_assets.retrieval.features import PairFeatures
from hansol_assets.retrieval.search import DEPTH, Hit, IndexSearcher, RowTexts

_SURE = 0.85
"""Confidence in both parts from which a whole question is taken apart: of the paraphrases of a
table of 517 rows, nearly all that would be less surely are one question."""


@dataclass(frozen=True)
class Ranker:
    """Puts the rows found for a question in the order in which they answer it."""

    features: PairFeatures
    model: Answerability

    def ranked(self, questions: Sequence[str], pools: Sequence[Sequence[Hit]]) -> list[list[Hit]]:
        """Gives every row found its probability.

        Returns:
            The rows of each question, most probable first; equals in the order of their ids.
        """
        texts = [[RowTexts(hit.questions, hit.answers) for hit in pool] for pool in pools]
        probabilities = self.model.probabilities(self.features.of(questions, texts))
        return [_in_order(*pair) for pair in zip(pools, probabilities, strict=True)]


def _in_order(pool: Sequence[Hit], probabilities: np.ndarray) -> list[Hit]:
    hits = [
        replace(hit, probability=float(value))
        for hit, value in zip(pool, probabilities, strict=True)
    ]
    ordered = sorted(hits, key=lambda hit: (-hit.probability, hit.id))
    return [replace(hit, rank=rank) for rank, hit in enumerate(ordered, start=1)]


@dataclass(frozen=True)
class RowSearcher:
    """Finds the rows that answer questions, with the probability that each does.

    Each of the two searches gives `depth` rows.
    """

    index: IndexSearcher
    ranker: Ranker
    depth: int = DEPTH

    def search(self, questions: Sequence[str], k: int, splits: Sequence[str]) -> list[list[Hit]]:
        """Searches rows of some splits by full text and by vectors, and ranks what either finds.

        Returns:
            At most `k` hits a question, most probable first.

        Raises:
            ObjectStoreError: The index is in an object store that was lost meanwhile.
        """
        pools = self.index.pools(questions, max(k, self.depth), splits)
        return [hits[:k] for hits in self.ranker.ranked(questions, pools)]

    def confidence(self, hits: Sequence[Hit]) -> float:
        """The calibrated probability that the first of the hits answers; 0 without one."""
        return self.ranker.model.confidence([hit.probability for hit in hits])


class RankedPart(NamedTuple):
    """A part of a question with its rows, most probable first.

    `confidence` is the probability that the first of them answers.
    """

    question: str
    confidence: float
    hits: Sequence[Hit]


def find_parts(
    questions: Sequence[str], searcher: RowSearcher, k: int, splits: Sequence[str]
) -> list[list[RankedPart]]:
    """Finds `k` rows of some splits for every part of questions, each of which has one or more.

    A question that is one by its form is taken apart where the table answers two parts of it by two
    rows (Press et al. 2023): only what is found tells "이 벽지랑 저 벽지 가격" from one on both.
    """
    parts = [taken.parts for taken in take_apart(questions)]
    pairs = [decompositions(texts[0]) if len(texts) == 1 else [] for texts in parts]
    texts = [*chain.from_iterable(parts), *chain.from_iterable(map(_texts, pairs))]
    different = list(dict.fromkeys(texts))
    hits = searcher.search(different, k, splits)
    ranked = {
        text: RankedPart(text, searcher.confidence(rows), rows)
        for text, rows in zip(different, hits, strict=True)
    }
    return [_read(texts, readings, ranked) for texts, readings in zip(parts, pairs, strict=True)]


def _texts(pairs: Iterable[Pair]) -> list[str]:
    return [text for pair in pairs for text in (pair.first, pair.second)]


def _read(
    texts: Sequence[str], pairs: Sequence[Pair], ranked: Mapping[str, RankedPart]
) -> list[RankedPart]:
    """The pair that is answered most surely, if any is; else the parts by their form."""
    whole = [ranked[text] for text in texts]
    readings = [
        [ranked[pair.first], ranked[pair.second]]
        for pair in pairs
        if not _names_both(whole[0], pair.things)
    ]
    return max(filter(_are_sure, readings), key=_least, default=whole)


def _names_both(whole: RankedPart, things: Sequence[str]) -> bool:
    """Whether the row found for the whole question is on both of two things."""
    asked = "".join(whole.hits[0].questions).replace(" ", "") if whole.hits else ""
    # Two syllables, since the second thing ends in a particle.
    return bool(things) and all(thing[:2] in asked for thing in things)


def _are_sure(parts: Sequence[RankedPart]) -> bool:
    """Whether each part is answered, by a row of its own."""
    firsts = {part.hits[0].id for part in parts if part.hits}
    return len(firsts) == len(parts) and _least(parts) >= _SURE


def _least(parts: Sequence[RankedPart]) -> float:
    return min(part.confidence for part in parts)
