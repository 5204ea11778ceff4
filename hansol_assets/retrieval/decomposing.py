"""Questions with the rows found for each of their parts.

What belongs here: taking a question apart where the table answers two parts of it, each by a row of
its own, as questions are decomposed for retrieval (Press et al. 2023): only what is found tells
"이 벽지랑 저 벽지 가격" from a single row on both. What does not: the readings
(`hansol_assets.qa.splitting`), and questions that are several by their form
(`hansol_assets.qa.splitting`).
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

from hansol_assets.qa.splitting import Pair, decompositions, take_apart
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.ranking import RowSearcher

_SURE = 0.85
"""Confidence in both parts from which a whole question is taken apart: of the paraphrases of a
table of 517 rows, nearly all that would be less surely are one question."""


class FoundPart(NamedTuple):
    """A part of a question.

    Attributes:
        question: Its text.
        confidence: The probability that the first row answers it.
        hits: The rows found, most probable first.
    """

    question: str
    confidence: float
    hits: Sequence[Hit]


def find_parts(
    questions: Sequence[str], searcher: RowSearcher, rows: int, splits: Sequence[str]
) -> list[list[FoundPart]]:
    """Finds rows for every part of questions.

    Args:
        questions: Any number of questions.
        searcher: Finds and ranks rows.
        rows: How many rows are found for a part.
        splits: Only rows of these splits are searched.

    Returns:
        The parts of each question, in order, at least one.
    """
    parts = [taken.parts for taken in take_apart(questions)]
    pairs = [decompositions(own[0]) if len(own) == 1 else [] for own in parts]
    texts = [*chain.from_iterable(parts), *chain.from_iterable(_texts(own) for own in pairs)]
    different = list(dict.fromkeys(texts))
    hits = searcher.search(different, rows, splits)
    found = {
        text: FoundPart(text, searcher.confidence(own), own)
        for text, own in zip(different, hits, strict=True)
    }
    return [_read(texts, own, found) for texts, own in zip(parts, pairs, strict=True)]


def _texts(pairs: Iterable[Pair]) -> list[str]:
    return [text for pair in pairs for text in (pair.first, pair.second)]


def _read(
    texts: Sequence[str], pairs: Sequence[Pair], found: Mapping[str, FoundPart]
) -> list[FoundPart]:
    """The pair that is answered most surely, if any is; else the parts by their form."""
    whole = [found[text] for text in texts]
    readings = [
        [found[pair.first], found[pair.second]]
        for pair in pairs
        if not _names_both(whole[0], pair.things)
    ]
    return max(filter(_are_sure, readings), key=_least, default=whole)


def _names_both(whole: FoundPart, things: Sequence[str]) -> bool:
    """Whether the row found for the whole question is on both of two things."""
    asked = "".join(whole.hits[0].questions).replace(" ", "") if whole.hits else ""
    # Two syllables, since the second thing ends in a particle.
    return bool(things) and all(thing[:2] in asked for thing in things)


def _are_sure(parts: Sequence[FoundPart]) -> bool:
    """Whether each part is answered, by a row of its own."""
    firsts = {part.hits[0].id for part in parts if part.hits}
    return len(firsts) == len(parts) and _least(parts) >= _SURE


def _least(parts: Sequence[FoundPart]) -> float:
    return min(part.confidence for part in parts)
