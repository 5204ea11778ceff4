"""Answer texts put together from sentences of several known answers.

What belongs here: what each sentence is worth, and which draft is taken. What does not: the search
for drafts (`hansol_assets.scoring.drafting`), which sentences can stand alone
(`hansol_assets.qa.sentences`), what a question asks about (`hansol_assets.scoring.topics`), and
where the rows come from.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
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
from hansol_assets.scoring.drafting import ComposingSettings, Pool, Quote, best_drafts
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.topics import Asked, Topics

_TOPICS_FILE = "topics.json"
_SHAPE_FILE = "shape.safetensors"
_SHAPE_ALPHA = 3.0


class Source(NamedTuple):
    """A row whose sentences may be used.

    Attributes:
        id: The row's id.
        questions: What it was asked.
        answers: Its reference answers.
    """

    id: str
    questions: Sequence[str]
    answers: Sequence[str]


@dataclass(frozen=True)
class Composed:
    """A text and why it was chosen.

    Attributes:
        text: The answer.
        quotes: What it is made of, in order.
        similarity: Cosine of its vector to the target.
        coverage: Share of what was asked that it names, by weight, 0 to 1.
        vector: Its vector, [dimensions].
    """

    text: str
    quotes: tuple[Quote, ...]
    similarity: float
    coverage: float
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


class Composer:
    """Puts answers together for questions that stand by themselves.

    Args:
        topics: The weight of nouns.
        shape: From the mean of sentences' directions to that of the text they make.
        embedder: Embeds sentences and drafts.
        settings: How texts are put together.
    """

    def __init__(
        self, topics: Topics, shape: JoinMap, embedder: Embedder, settings: ComposingSettings
    ) -> None:
        self._topics = topics
        self._shape = shape
        self._embedder = embedder
        self._settings = settings
        self._quotes_of: dict[str, list[tuple[str, Quote]]] = {}
        self._wholes_of: dict[str, list[Quote]] = {}

    @classmethod
    def fit(cls, rows: pd.DataFrame, embedder: Embedder, settings: ComposingSettings) -> Self:
        """Learns from rows that may be quoted.

        Args:
            rows: `id, questions, answers`.
            embedder: Embeds sentences and answers.
            settings: How texts are put together.
        """
        answers = sorted({answer for own in rows[ANSWERS] for answer in own}, key=digest)
        several = [
            (answer, sentences)
            for answer in answers[: settings.shape_answers]
            if len(sentences := split_sentences(answer)) > 1
        ]
        shape = _shape(several, embedder)
        return cls(Topics.fit(rows[QUESTIONS].tolist()), shape, embedder, settings)

    def save(self, folder: Path) -> None:
        """Writes what was learned as JSON and safetensors."""
        folder.mkdir(parents=True, exist_ok=True)
        self._topics.save(folder / _TOPICS_FILE)
        self._shape.save(folder / _SHAPE_FILE)

    @classmethod
    def load(cls, folder: Path, embedder: Embedder, settings: ComposingSettings) -> Self:
        """Reads what was learned.

        Args:
            folder: Where it was saved.
            embedder: The one that it was fitted with.
            settings: How texts are put together.
        """
        topics, shape = Topics.load(folder / _TOPICS_FILE), JoinMap.load(folder / _SHAPE_FILE)
        return cls(topics, shape, embedder, settings)

    def compose(
        self,
        questions: Sequence[str],
        targets: np.ndarray,
        sources: Sequence[Sequence[Source]],
        nearness: Sequence[Sequence[float]],
    ) -> list[Composed]:
        """Puts together the answer of each question.

        Of the sources those are quoted that are near and asked about the same. Beside composed
        drafts, the whole answers of the first of them are considered, so there is a text wherever
        there is a source.

        Args:
            questions: The questions, or parts of questions.
            targets: The estimated vector of each answer, [questions, dimensions].
            sources: The rows that each may be answered from, at least one, nearest first.
            nearness: Cosine of each of these rows' answers to the target.

        Raises:
            ValueError: A question has no source.
        """
        if not all(len(own) for own in sources):
            msg = "every question needs a row to be answered from"
            raise ValueError(msg)
        asked_nouns = _nouns([*questions, *_questions_of(sources)])
        source_nouns = _source_nouns(sources, asked_nouns)
        asked = [self._topics.asked(asked_nouns[question]) for question in questions]
        quoted = [
            self._aptest(one, own, near, source_nouns)
            for one, own, near in zip(asked, sources, nearness, strict=True)
        ]
        quotes = [self._quotes(own) for own in quoted]
        sentences = [quote.text for own in quotes for quote in own]
        vectors = _directions(sentences, self._embedder)
        # One by one: what a sentence is mapped to must not depend on those beside it.
        mapped = lru_cache(maxsize=None)(lambda text: self._shape.linear(vectors[text]))
        nouns = asked_nouns | _nouns(sentences)
        drafts = []
        for place, own in enumerate(quotes):
            target = unit(np.asarray(targets[place], dtype=np.float64))
            pool = self._pool(own, vectors, target, asked[place], nouns, source_nouns, mapped)
            composed = best_drafts(pool, target, self._shape, self._settings)
            composed += [(quote,) for quote in self._wholes(quoted[place][:2])]
            drafts.append(composed)
        return self._best(drafts, questions, targets, quoted)

    def merits(
        self,
        questions: Sequence[str],
        texts: Sequence[Sequence[str]],
        sources: Sequence[Sequence[Source]],
    ) -> Merits:
        """Looks whether texts speak of what was asked.

        Args:
            questions: What each text answers, [texts].
            texts: The answers, each as one piece or several.
            sources: The row of each quote that a text is made of; none of one that is generated.
        """
        pieces = [text for own in texts for text in own]
        nouns = _nouns([*questions, *pieces, *_questions_of(sources)])
        source_nouns = _source_nouns(sources, nouns)
        asked_of = {question: self._topics.asked(nouns[question]) for question in set(questions)}
        coverage, worth = np.zeros(len(texts)), np.zeros(len(texts))
        for place, (question, said, own) in enumerate(zip(questions, texts, sources, strict=True)):
            asked = asked_of[question]
            named = frozenset[str]().union(*(nouns[text] for text in said))
            coverage[place] = asked.coverage(named)
            worth[place] = self._settings.coverage * coverage[place]
            bonuses = [self._bonus(asked, named, source_nouns[source.id]) for source in own]
            worth[place] += np.mean(bonuses) if bonuses else 0.0
        return Merits(coverage, worth)

    def _aptest(
        self,
        asked: Asked,
        sources: Sequence[Source],
        nearness: Sequence[float],
        source_nouns: Mapping[str, frozenset[str]],
    ) -> list[Source]:
        """The sources whose sentences are considered, the aptest first.

        What a row was asked costs little to know; its sentences have to be read and embedded.
        """
        topics = [
            asked.coverage(own) - asked.strangers(frozenset(), own) / 2
            for own in (source_nouns[source.id] for source in sources)
        ]
        aptness = np.asarray(nearness) + self._settings.row_topic * np.array(topics)
        kept = np.argsort(-aptness, kind="stable")[: self._settings.quoted_rows]
        return [sources[place] for place in kept]

    def _quotes(self, sources: Sequence[Source]) -> list[Quote]:
        """Every sentence of the sources that stands alone, the same sentence once."""
        found: dict[str, Quote] = {}
        for source in sources:
            if source.id not in self._quotes_of:
                self._quotes_of[source.id] = _keyed_quotes(source)
            for key, quote in self._quotes_of[source.id]:
                found.setdefault(key, quote)
        return list(found.values())

    def _wholes(self, sources: Sequence[Source]) -> list[Quote]:
        """Every answer of the sources, as a whole."""
        for source in sources:
            if source.id not in self._wholes_of:
                self._wholes_of[source.id] = _whole_answers(source)
        return [quote for source in sources for quote in self._wholes_of[source.id]]

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
        for place, quote in enumerate(quotes):
            named, source = nouns[quote.text], source_nouns[quote.source_id]
            bonus[place] = self._bonus(asked, named, source)
            coverage[place] = asked.coverage(named)
        likely = directions @ target + bonus + self._settings.coverage * coverage
        kept = np.argsort(-likely, kind="stable")[: self._settings.sentences]
        terms = list(asked.weights)
        chosen = [quotes[place] for place in kept]
        return Pool(
            chosen,
            directions[kept],
            np.array([mapped(quote.text) for quote in chosen]).reshape(len(chosen), len(target)),
            np.sqrt([len(quote.text) for quote in chosen]),
            np.array(
                [[term in nouns[quote.text] for term in terms] for quote in chosen], dtype=bool
            ).reshape(len(chosen), len(terms)),
            np.array(list(asked.weights.values())),
            bonus[kept],
        )

    def _bonus(self, asked: Asked, named: frozenset[str], source: frozenset[str]) -> float:
        """What a sentence is worth for the row that it is from, and costs for another thing."""
        about, strangers = asked.coverage(named, source), asked.strangers(named, source)
        return self._settings.sources * about - self._settings.strangers * strangers

    def _best(
        self,
        drafts: Sequence[Sequence[tuple[Quote, ...]]],
        questions: Sequence[str],
        targets: np.ndarray,
        sources: Sequence[Sequence[Source]],
    ) -> list[Composed]:
        """Embeds the drafts, and takes the best of each question."""
        texts = [" ".join(quote.text for quote in draft) for own in drafts for draft in own]
        vectors = _directions(texts, self._embedder)
        source_of = [{source.id: source for source in own} for own in sources]
        quoted = [
            [own[quote.source_id] for quote in draft]
            for own, some in zip(source_of, drafts, strict=True)
            for draft in some
        ]
        counts = [len(own) for own in drafts]
        places = [place for place, count in enumerate(counts) for _ in range(count)]
        pieces = [[quote.text for quote in draft] for own in drafts for draft in own]
        merits = self.merits([questions[place] for place in places], pieces, quoted)
        directions = unit(np.asarray(targets, dtype=np.float64))
        likeness = np.array(
            [vectors[text] @ directions[place] for text, place in zip(texts, places, strict=True)]
        )
        finished = np.array([is_finished(text) for text in texts])
        scores = likeness + merits.worth - ~finished
        chosen = []
        for own, end in zip(drafts, np.cumsum(counts), strict=True):
            start = end - len(own)
            best = start + int(scores[start:end].argmax())
            chosen.append(
                Composed(
                    texts[best],
                    own[best - start],
                    float(likeness[best]),
                    float(merits.coverage[best]),
                    vectors[texts[best]],
                )
            )
        return chosen


def _keyed_quotes(source: Source) -> list[tuple[str, Quote]]:
    """Every sentence of a source that stands alone, with what tells it from others."""
    return [
        (sentence_key(text), Quote(source.id, number, place, text))
        for number, answer in enumerate(source.answers, start=1)
        for place, text in excerpts(answer)
    ]


def _whole_answers(source: Source) -> list[Quote]:
    return [
        Quote(source.id, number, 0, text)
        for number, answer in enumerate(source.answers, start=1)
        if (text := clean_answer(answer).text)
    ]


def _directions(texts: Sequence[str], embedder: Embedder) -> dict[str, np.ndarray]:
    """Text → direction, all in one call."""
    different = list(dict.fromkeys(texts))
    vectors = unit(encode(embedder, different).astype(np.float64))
    return dict(zip(different, vectors, strict=True))


def _questions_of(sources: Sequence[Sequence[Source]]) -> list[str]:
    return [question for own in sources for source in own for question in source.questions]


def _nouns(texts: Sequence[str]) -> dict[str, frozenset[str]]:
    """Text → the nouns that it names, each different text looked at once."""
    different = list(dict.fromkeys(texts))
    return dict(zip(different, noun_terms(different), strict=True))


def _source_nouns(
    sources: Sequence[Sequence[Source]], nouns: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Row id → nouns of what it was asked, each different row looked at once."""
    different = {source.id: source for own in sources for source in own}
    return {
        key: frozenset[str]().union(*(nouns[text] for text in source.questions))
        for key, source in different.items()
    }


def _shape(several: Sequence[tuple[str, list[str]]], embedder: Embedder) -> JoinMap:
    """Learns the vector of an answer from those of its sentences."""
    if not several:
        return JoinMap.identity(embedder.get_embedding_dimension() or 0)
    wholes = unit(encode(embedder, [answer for answer, _ in several]).astype(np.float64))
    vectors = _directions([text for _, own in several for text in own], embedder)
    means = []
    for _, sentences in several:
        lengths = np.sqrt([len(text) for text in sentences])
        means.append(lengths @ np.stack([vectors[text] for text in sentences]) / lengths.sum())
    return JoinMap.between(np.stack(means), wholes, _SHAPE_ALPHA)
