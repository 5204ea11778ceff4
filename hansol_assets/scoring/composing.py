"""Answer texts put together from sentences of several known answers.

What belongs here: which sentences together are expected to be most like the references, speak of
what was asked, and do not repeat each other. What does not: which sentences can stand alone
(`hansol_assets.qa.excerpts`), what a question asks about (`hansol_assets.scoring.topics`), and
where the rows come from.

The search is a beam over sets of sentences. A set's vector is estimated from those of its
sentences by a map learned from real answers, so that only the last few drafts are embedded.
Repetition is held down as in maximal marginal relevance (Carbonell and Goldstein 1998), by a bound
in place of a weight.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.cleaning import clean_answer
from hansol_assets.qa.excerpts import excerpts
from hansol_assets.qa.morphemes import noun_terms
from hansol_assets.qa.sampling import digest
from hansol_assets.qa.sentences import is_finished, sentence_key, split_sentences
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.topics import Topics
from hansol_assets.settings_model import SettingsModel

_TOPICS_FILE = "topics.json"
_SHAPE_FILE = "shape.safetensors"
_SHAPE_ALPHA = 3.0


class ComposingSettings(SettingsModel):
    """How texts are put together."""

    rows: int = Field(40, ge=1, description="nearest rows whose sentences are considered, a part")
    sentences: int = Field(150, ge=1, description="sentences considered at most, a part")
    longest: int = Field(5, ge=1, description="sentences of an answer at most")
    beams: int = Field(8, ge=1, description="unfinished drafts kept at each step")
    drafts: int = Field(12, ge=1, description="finished drafts that are embedded")
    coverage: float = Field(0.04, ge=0, description="cosine that naming all that is asked is worth")
    sources: float = Field(
        0.05, ge=0, description="cosine that coming from a row about what is asked is worth"
    )
    strangers: float = Field(
        0.1,
        ge=0,
        description="cosine that a sentence about one other rare thing costs, about half",
    )
    repetition: float = Field(
        0.75, ge=0, le=1, description="cosine above which two sentences say the same"
    )
    shape_answers: int = Field(
        500, ge=1, description="known answers from which the vector of several sentences is learned"
    )


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


class Quote(NamedTuple):
    """A sentence, or a whole answer, with where it is from.

    Attributes:
        source_id: The row.
        source_answer: Which of the row's answers, from 1.
        place: Place among the answer's sentences, from 0.
        text: What is quoted.
    """

    source_id: str
    source_answer: int
    place: int
    text: str


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


class _Draft(NamedTuple):
    members: tuple[int, ...]
    length: float
    total: np.ndarray
    named: np.ndarray
    bonus: float
    score: float


@dataclass(frozen=True)
class _Pool:
    """The sentences of one part, with all that their choice depends on.

    Attributes:
        quotes: The sentences.
        vectors: Their directions, [sentences, dimensions].
        mapped: The same, mapped linearly to those of whole texts.
        lengths: Square roots of their lengths: how much each weighs in the whole.
        named: Which of the asked nouns each names, [sentences, nouns] bool.
        weights: Share of each asked noun in all that is asked, [nouns].
        bonus: What each is worth beside its similarity, [sentences].
    """

    quotes: Sequence[Quote]
    vectors: np.ndarray
    mapped: np.ndarray
    lengths: np.ndarray
    named: np.ndarray
    weights: np.ndarray
    bonus: np.ndarray


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
    ) -> list[Composed]:
        """Puts together the answer of each question.

        Beside composed drafts, the whole answers of the nearest sources are considered, so there is
        a text wherever there is a source.

        Args:
            questions: The questions, or parts of questions.
            targets: The estimated vector of each answer, [questions, dimensions].
            sources: The rows that each may be answered from, at least one, nearest first.

        Raises:
            ValueError: A question has no source.
        """
        if not all(len(own) for own in sources):
            msg = "every question needs a row to be answered from"
            raise ValueError(msg)
        asked = noun_terms(questions)
        quotes = [_quotes(own) for own in sources]
        vectors = _directions([quote.text for own in quotes for quote in own], self._embedder)
        nouns = _nouns_by_text(questions, sources, quotes)
        drafts = []
        for place, own in enumerate(quotes):
            target = unit(np.asarray(targets[place], dtype=np.float64))
            source_nouns = _source_nouns(sources[place], nouns)
            pool = self._pool(own, vectors, target, asked[place], nouns, source_nouns)
            composed = self._drafts(pool, target)
            composed += [(quote,) for quote in _whole_answers(sources[place][:2])]
            drafts.append(composed)
        return self._best(drafts, asked, targets, sources)

    def _pool(
        self,
        quotes: Sequence[Quote],
        vectors: Mapping[str, np.ndarray],
        target: np.ndarray,
        asked: frozenset[str],
        nouns: Mapping[str, frozenset[str]],
        source_nouns: Mapping[str, frozenset[str]],
    ) -> _Pool:
        """Keeps the most promising sentences."""
        bonus, likely = np.zeros(len(quotes)), np.zeros(len(quotes))
        for place, quote in enumerate(quotes):
            named, source = nouns[quote.text], source_nouns[quote.source_id]
            bonus[place] = self._bonus(asked, named, source)
            likely[place] = vectors[quote.text] @ target + bonus[place]
            likely[place] += self._settings.coverage * self._topics.coverage(asked, named)
        kept = np.argsort(-likely, kind="stable")[: self._settings.sentences]
        order = sorted(asked)
        weights = np.array([self._topics.weight(noun) for noun in order])
        chosen = [quotes[place] for place in kept]
        directions = np.array([vectors[quote.text] for quote in chosen])
        directions = directions.reshape(len(chosen), len(target))
        return _Pool(
            chosen,
            directions,
            self._shape.linear(directions),
            np.sqrt([len(quote.text) for quote in chosen]),
            np.array(
                [[noun in nouns[quote.text] for noun in order] for quote in chosen], dtype=bool
            ).reshape(len(chosen), len(order)),
            weights / (weights.sum() or 1),
            bonus[kept],
        )

    def _bonus(self, asked: frozenset[str], named: frozenset[str], source: frozenset[str]) -> float:
        """What a sentence is worth for the row that it is from, and costs for another thing."""
        about = self._topics.coverage(asked, named | source)
        strangers = self._topics.strangers(asked, named, source)
        return self._settings.sources * about - self._settings.strangers * strangers

    def _drafts(self, pool: _Pool, target: np.ndarray) -> list[tuple[Quote, ...]]:
        """The best sets of sentences, best first; what names most of what was asked comes first."""
        nothing = np.zeros(len(pool.weights), dtype=bool)
        beams = [_Draft((), 0.0, np.zeros(len(target)), nothing, 0.0, 0.0)]
        found: list[_Draft] = []
        seen: set[tuple[int, ...]] = set()
        for _ in range(self._settings.longest if pool.quotes else 0):
            grown = [
                draft
                for beam in beams
                for draft in self._grown(beam, pool, target)
                if draft.members not in seen
            ]
            grown = list({draft.members: draft for draft in grown}.values())
            seen.update(draft.members for draft in grown)
            if not grown:
                break
            beams = sorted(grown, key=lambda draft: -draft.score)[: self._settings.beams]
            found += beams
        best = sorted(found, key=lambda draft: -draft.score)[: self._settings.drafts]
        likeness, share = pool.vectors @ target, (pool.named @ pool.weights).round(1)
        return [
            tuple(
                pool.quotes[member]
                for member in sorted(
                    draft.members,
                    key=lambda one: (-share[one], pool.quotes[one].place, -likeness[one]),
                )
            )
            for draft in best
        ]

    def _grown(self, beam: _Draft, pool: _Pool, target: np.ndarray) -> Iterator[_Draft]:
        """The draft with one sentence more, the best few of them."""
        lengths = beam.length + pool.lengths
        totals = beam.total + pool.lengths[:, None] * pool.mapped
        estimates = self._shape.offset + totals / lengths[:, None]
        named = beam.named | pool.named
        size = len(beam.members) + 1
        scores = unit(estimates) @ target + self._settings.coverage * (named @ pool.weights)
        scores += (beam.bonus + pool.bonus) / size
        if beam.members:
            nearest = (pool.vectors @ pool.vectors[list(beam.members)].T).max(axis=1)
            scores[nearest > self._settings.repetition] = -np.inf
        for place in np.argsort(-scores, kind="stable")[: 2 * self._settings.beams]:
            if np.isfinite(scores[place]):
                yield _Draft(
                    tuple(sorted((*beam.members, int(place)))),
                    float(lengths[place]),
                    totals[place],
                    named[place],
                    float(beam.bonus + pool.bonus[place]),
                    float(scores[place]),
                )

    def _best(
        self,
        drafts: Sequence[Sequence[tuple[Quote, ...]]],
        asked: Sequence[frozenset[str]],
        targets: np.ndarray,
        sources: Sequence[Sequence[Source]],
    ) -> list[Composed]:
        """Embeds the drafts, and takes the best of each question."""
        texts = [" ".join(quote.text for quote in draft) for own in drafts for draft in own]
        vectors = _directions(texts, self._embedder)
        nouns = dict(zip(texts, noun_terms(texts), strict=True))
        source_questions = [
            [question for source in own for question in source.questions] for own in sources
        ]
        flat = list(dict.fromkeys(text for own in source_questions for text in own))
        nouns |= dict(zip(flat, noun_terms(flat), strict=True))
        chosen = []
        for own, wanted, target, rows in zip(drafts, asked, targets, sources, strict=True):
            direction = unit(np.asarray(target, dtype=np.float64))
            source_nouns = _source_nouns(rows, nouns)
            best, best_score = None, -np.inf
            for draft in own:
                text = " ".join(quote.text for quote in draft)
                similarity = float(vectors[text] @ direction)
                coverage = self._topics.coverage(wanted, nouns[text])
                bonus = np.mean(
                    [
                        self._bonus(wanted, nouns[text], source_nouns[quote.source_id])
                        for quote in draft
                    ]
                )
                score = similarity + self._settings.coverage * coverage + float(bonus)
                score -= 0.0 if is_finished(text) else 1.0
                if score > best_score:
                    best, best_score = (
                        Composed(text, draft, similarity, coverage, vectors[text]),
                        score,
                    )
            assert best is not None  # noqa: S101  a source has an answer
            chosen.append(best)
        return chosen


def _quotes(sources: Sequence[Source]) -> list[Quote]:
    """Every sentence of the sources that stands alone, the same sentence once."""
    found: dict[str, Quote] = {}
    for source in sources:
        for number, answer in enumerate(source.answers, start=1):
            for place, text in excerpts(answer):
                found.setdefault(sentence_key(text), Quote(source.id, number, place, text))
    return list(found.values())


def _whole_answers(sources: Sequence[Source]) -> list[Quote]:
    return [
        Quote(source.id, number, 0, text)
        for source in sources
        for number, answer in enumerate(source.answers, start=1)
        if (text := clean_answer(answer).text)
    ]


def _directions(texts: Sequence[str], embedder: Embedder) -> dict[str, np.ndarray]:
    """Text → direction, all in one call."""
    different = list(dict.fromkeys(texts))
    vectors = unit(encode(embedder, different).astype(np.float64))
    return dict(zip(different, vectors, strict=True))


def _nouns_by_text(
    questions: Sequence[str],
    sources: Sequence[Sequence[Source]],
    quotes: Sequence[Sequence[Quote]],
) -> dict[str, frozenset[str]]:
    texts = [*questions, *(quote.text for own in quotes for quote in own)]
    texts += [question for own in sources for source in own for question in source.questions]
    different = list(dict.fromkeys(texts))
    return dict(zip(different, noun_terms(different), strict=True))


def _source_nouns(
    sources: Sequence[Source], nouns: Mapping[str, frozenset[str]]
) -> dict[str, frozenset[str]]:
    """Row id → nouns of what it was asked."""
    return {
        source.id: frozenset[str]().union(*(nouns[text] for text in source.questions))
        for source in sources
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
