"""Answer texts put together from sentences of several known answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import NamedTuple, Self

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.answer_form import clean_answer
from hansol_assets.qa.morphemes import noun_terms
from hansol_assets.qa.seeded_draws import digest
from hansol_assets.qa.sentences import excerpts, is_finished, sentence_key, split_sentences
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.scoring.drafting import COVERAGE, Pool, Quote, best_drafts
from hansol_assets.scoring.join_map import JoinMap
from hansol_assets.scoring.topics import Asked, Topics

_SHAPE_ALPHA = 3.0
_SOURCE_WORTH = 0.05
"""Cosine that coming from a row about what is asked is worth."""
_OTHER_THING = 0.1
"""Cosine that a sentence about one other rare thing costs, about half."""
_QUOTED_ROWS = 16
"""Rows whose sentences are considered: near, and asked about the same."""
_ROW_TOPIC = 0.4
"""Nearness (cosine) that a row's being asked about the same is worth; being asked about another
rare thing costs half of it."""
_SENTENCES = 150
"""Sentences considered at most, a part."""
_ANSWERS_IN_MEMORY = 65_536
_cleaned = lru_cache(maxsize=_ANSWERS_IN_MEMORY)(clean_answer)
_SHAPE_ANSWERS = 500
"""Known answers from which the vector of several sentences is learned, at most."""


class QuotableRow(NamedTuple):
    """A row whose sentences may be used."""

    id: str
    questions: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True)
class Composed:
    """A text, what it is made of, in order, and its direction."""

    text: str
    quotes: tuple[Quote, ...]
    vector: np.ndarray


@dataclass(frozen=True)
class Merits:
    """What texts are worth beside their similarity to the target.

    Attributes:
        coverage: Share of what was asked that each names, by weight, 0 to 1, [texts].
        worth: Cosine that naming what is asked and coming from rows about it is worth, less what
            speaking of another thing costs, [texts].
    """

    coverage: np.ndarray
    worth: np.ndarray


@dataclass(frozen=True)
class Composer:
    """Puts answers together for questions that stand by themselves.

    `shape` maps the mean of sentences' directions to that of the text they make.
    """

    topics: Topics
    shape: JoinMap
    embedder: Embedder

    @classmethod
    def fit(cls, rows: pd.DataFrame, embedder: Embedder) -> Self:
        """Learns from rows that may be quoted, `id, questions, answers`."""
        answers = sorted({answer for texts in rows[ANSWERS] for answer in texts}, key=digest)
        several = [
            (answer, sentences)
            for answer in answers[:_SHAPE_ANSWERS]
            if len(sentences := split_sentences(answer)) > 1
        ]
        return cls(Topics.fit(rows[QUESTIONS].tolist()), _shape(several, embedder), embedder)

    def compose(
        self,
        questions: Sequence[str],
        targets: np.ndarray,
        sources: Sequence[Sequence[QuotableRow]],
        nearness: Sequence[Sequence[float]],
    ) -> list[Composed]:
        """Puts together the answer of each question.

        Of the sources those are quoted that are near and asked about the same. Beside composed
        drafts, the whole answers of the first of them are considered, so there is a text wherever
        there is a source.

        `targets` are the estimated vectors of the answers, [questions, dimensions]; `sources` the
        rows that each may be answered from, nearest first; `nearness` the cosine of their answers
        to the target.

        Raises:
            ValueError: A question has no source.
        """
        if not all(map(len, sources)):
            msg = "every question needs a row to be answered from"
            raise ValueError(msg)
        asked_nouns = _nouns([*questions, *_questions_of(sources)])
        source_nouns = _source_nouns(sources, asked_nouns)
        asked = [self.topics.asked(asked_nouns[question]) for question in questions]
        quoted = [
            self._aptest(one, rows, near, source_nouns)
            for one, rows, near in zip(asked, sources, nearness, strict=True)
        ]
        quotes = list(map(_quotes, quoted))
        sentences = [quote.text for some in quotes for quote in some]
        vectors = _directions(sentences, self.embedder)
        # One by one: what a sentence is mapped to must not depend on those beside it.
        mapped = lru_cache(maxsize=None)(lambda text: self.shape.linear(vectors[text]))
        nouns = asked_nouns | _nouns(sentences)
        drafts = []
        for number, sentence_quotes in enumerate(quotes):
            target = unit(np.asarray(targets[number], dtype=np.float64))
            pool = self._pool(
                sentence_quotes, vectors, target, asked[number], nouns, source_nouns, mapped
            )
            composed = best_drafts(pool, target, self.shape)
            composed += [(quote,) for quote in _wholes(quoted[number][:2])]
            drafts.append(composed)
        return self._best(drafts, questions, targets, quoted)

    def merits(
        self,
        questions: Sequence[str],
        texts: Sequence[Sequence[str]],
        sources: Sequence[Sequence[QuotableRow]],
    ) -> Merits:
        """Looks whether texts, each in one piece or several, speak of what was asked.

        `sources` are the rows that a text quotes; none of one that is generated.
        """
        pieces = list(chain.from_iterable(texts))
        nouns = _nouns([*questions, *pieces, *_questions_of(sources)])
        source_nouns = _source_nouns(sources, nouns)
        asked_of = {question: self.topics.asked(nouns[question]) for question in set(questions)}
        coverage, worth = np.zeros(len(texts)), np.zeros(len(texts))
        for number, (question, said, rows) in enumerate(
            zip(questions, texts, sources, strict=True)
        ):
            asked = asked_of[question]
            named = frozenset[str]().union(*(nouns[text] for text in said))
            coverage[number] = asked.coverage(named)
            worth[number] = COVERAGE * coverage[number]
            bonuses = [self._bonus(asked, named, source_nouns[row.id]) for row in rows]
            worth[number] += np.mean(bonuses) if bonuses else 0.0
        return Merits(coverage, worth)

    def _aptest(
        self,
        asked: Asked,
        sources: Sequence[QuotableRow],
        nearness: Sequence[float],
        source_nouns: Mapping[str, frozenset[str]],
    ) -> list[QuotableRow]:
        """The sources whose sentences are considered, the aptest first.

        What a row was asked costs little to know; its sentences have to be read and embedded.
        """
        topics = [
            asked.coverage(nouns) - asked.unrelated(frozenset(), nouns) / 2
            for nouns in (source_nouns[source.id] for source in sources)
        ]
        aptness = np.asarray(nearness) + _ROW_TOPIC * np.array(topics)
        first = np.argsort(-aptness, kind="stable")[:_QUOTED_ROWS]
        return [sources[number] for number in first]

    def _pool(
        self,
        quotes: Sequence[Quote],
        vectors: Mapping[str, np.ndarray],
        target: np.ndarray,
        asked: Asked,
        nouns: Mapping[str, frozenset[str]],
        source_nouns: Mapping[str, frozenset[str]],
        mapped: Callable[[str], np.ndarray],
    ) -> Pool:
        """Keeps the most promising sentences."""
        directions = np.array([vectors[quote.text] for quote in quotes])
        directions = directions.reshape(len(quotes), len(target))
        bonus, coverage = np.zeros(len(quotes)), np.zeros(len(quotes))
        for number, quote in enumerate(quotes):
            named, source = nouns[quote.text], source_nouns[quote.source_id]
            bonus[number] = self._bonus(asked, named, source)
            coverage[number] = asked.coverage(named)
        likely = directions @ target + bonus + COVERAGE * coverage
        first = np.argsort(-likely, kind="stable")[:_SENTENCES]
        terms = list(asked.weights)
        chosen = [quotes[number] for number in first]
        return Pool(
            chosen,
            directions[first],
            np.array([mapped(quote.text) for quote in chosen]).reshape(len(chosen), len(target)),
            np.sqrt([len(quote.text) for quote in chosen]),
            np.array(
                [[term in nouns[quote.text] for term in terms] for quote in chosen], dtype=bool
            ).reshape(len(chosen), len(terms)),
            np.array(list(asked.weights.values())),
            bonus[first],
        )

    def _bonus(self, asked: Asked, named: frozenset[str], source: frozenset[str]) -> float:
        """What a sentence is worth for the row that it is from, and costs for another thing."""
        about, unrelated = asked.coverage(named, source), asked.unrelated(named, source)
        return _SOURCE_WORTH * about - _OTHER_THING * unrelated

    def _best(
        self,
        drafts: Sequence[Sequence[tuple[Quote, ...]]],
        questions: Sequence[str],
        targets: np.ndarray,
        sources: Sequence[Sequence[QuotableRow]],
    ) -> list[Composed]:
        """Embeds the drafts, and takes the best of each question."""
        every = list(chain.from_iterable(drafts))
        pieces = [[quote.text for quote in draft] for draft in every]
        texts = list(map(" ".join, pieces))
        vectors = _directions(texts, self.embedder)
        counts = list(map(len, drafts))
        # The question of each draft.
        numbers = np.repeat(np.arange(len(drafts)), counts).tolist()
        row_of = [{row.id: row for row in rows} for rows in sources]
        quoted = [
            [row_of[number][quote.source_id] for quote in draft]
            for number, draft in zip(numbers, every, strict=True)
        ]
        merits = self.merits([questions[number] for number in numbers], pieces, quoted)
        directions = unit(np.asarray(targets, dtype=np.float64))
        likeness = np.array(
            [vectors[text] @ directions[at] for text, at in zip(texts, numbers, strict=True)]
        )
        finished = np.array([is_finished(text) for text in texts])
        scores = likeness + merits.worth - ~finished
        chosen = []
        for count, end in zip(counts, np.cumsum(counts), strict=True):
            start = end - count
            best = start + int(scores[start:end].argmax())
            chosen.append(Composed(texts[best], every[best], vectors[texts[best]]))
        return chosen


def _quotes(sources: Sequence[QuotableRow]) -> list[Quote]:
    """Every sentence of the sources that stands alone, the same sentence once."""
    quotes: dict[str, Quote] = {}
    for source in sources:
        for number, answer in enumerate(source.answers, start=1):
            for key, place, text in _excerpts(answer):
                quotes.setdefault(key, Quote(source.id, number, place, text))
    return list(quotes.values())


@lru_cache(maxsize=_ANSWERS_IN_MEMORY)
def _excerpts(answer: str) -> list[tuple[str, int, str]]:
    """What tells each sentence from others, its place, and the sentence."""
    return [(sentence_key(text), place, text) for place, text in excerpts(answer)]


def _wholes(sources: Sequence[QuotableRow]) -> list[Quote]:
    """Every answer of the sources, as a whole."""
    return [
        Quote(source.id, number, 0, text)
        for source in sources
        for number, answer in enumerate(source.answers, start=1)
        if (text := _cleaned(answer))
    ]


def _directions(texts: Sequence[str], embedder: Embedder) -> dict[str, np.ndarray]:
    """Text → direction, all in one call."""
    different = list(dict.fromkeys(texts))
    vectors = unit(encode(embedder, different).astype(np.float64))
    return dict(zip(different, vectors, strict=True))


def _questions_of(sources: Sequence[Sequence[QuotableRow]]) -> list[str]:
    return [question for rows in sources for row in rows for question in row.questions]


def _nouns(texts: Sequence[str]) -> dict[str, frozenset[str]]:
    """Text → the nouns that it names, each different text looked at once."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, noun_terms(different), strict=True))


def _source_nouns(
    sources: Sequence[Sequence[QuotableRow]], nouns: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Row id → nouns of what it was asked, each different row looked at once."""
    different = {row.id: row for rows in sources for row in rows}
    return {
        key: frozenset[str]().union(*(nouns[text] for text in row.questions))
        for key, row in different.items()
    }


def _shape(several: Sequence[tuple[str, list[str]]], embedder: Embedder) -> JoinMap:
    """Learns the vector of an answer from those of its sentences."""
    if not several:
        return JoinMap.identity(embedder.get_embedding_dimension() or 0)
    wholes = unit(encode(embedder, [answer for answer, _ in several]).astype(np.float64))
    vectors = _directions([text for _, texts in several for text in texts], embedder)
    means = []
    for _, sentences in several:
        lengths = np.sqrt([len(text) for text in sentences])
        means.append(lengths @ np.stack([vectors[text] for text in sentences]) / lengths.sum())
    return JoinMap.between(np.stack(means), wholes, _SHAPE_ALPHA)
