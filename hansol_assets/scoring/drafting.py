"""The search for the sentences that together make the best answer.

What belongs here: a beam over sets of sentences. What does not: which sentences there are, what
each is worth, and which draft is taken (`hansol_assets.scoring.composing`).

A set's vector is estimated from those of its sentences by a map learned from real answers, so that
only the last few drafts are embedded. Repetition is held down as in maximal marginal relevance
(Carbonell and Goldstein 1998), by a bound in place of a weight.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pydantic import Field

from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.settings_model import SettingsModel


class ComposingSettings(SettingsModel):
    """How texts are put together."""

    rows: int = Field(40, ge=1, description="nearest rows whose sentences are considered, a part")
    sentences: int = Field(150, ge=1, description="sentences considered at most, a part")
    longest: int = Field(5, ge=1, description="sentences of an answer at most")
    beams: int = Field(8, ge=1, description="unfinished drafts kept at each step")
    drafts: int = Field(4, ge=1, description="finished drafts that are embedded")
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
class Pool:
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


class _Draft(NamedTuple):
    members: tuple[int, ...]
    length: float
    total: np.ndarray
    named: np.ndarray
    bonus: float
    score: float


def best_drafts(
    pool: Pool, target: np.ndarray, shape: JoinMap, settings: ComposingSettings
) -> list[tuple[Quote, ...]]:
    """Finds the sets of sentences that are expected to be nearest to a target.

    Args:
        pool: The sentences to choose from.
        target: Direction of the estimated answer, [dimensions].
        shape: From the mean of sentences' directions to that of the text they make.
        settings: How wide and how far is searched.

    Returns:
        The best first. Within each, what names most of what was asked comes first.
    """
    nothing = np.zeros(len(pool.weights), dtype=bool)
    beams = [_Draft((), 0.0, np.zeros(len(target)), nothing, 0.0, 0.0)]
    found: list[_Draft] = []
    seen: set[tuple[int, ...]] = set()
    for _ in range(settings.longest if pool.quotes else 0):
        grown = [
            draft
            for beam in beams
            for draft in _grown(beam, pool, target, shape, settings)
            if draft.members not in seen
        ]
        grown = list({draft.members: draft for draft in grown}.values())
        seen.update(draft.members for draft in grown)
        if not grown:
            break
        beams = sorted(grown, key=lambda draft: -draft.score)[: settings.beams]
        found += beams
    best = sorted(found, key=lambda draft: -draft.score)[: settings.drafts]
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


def _grown(
    beam: _Draft, pool: Pool, target: np.ndarray, shape: JoinMap, settings: ComposingSettings
) -> Iterator[_Draft]:
    """The draft with one sentence more, the best few of them."""
    lengths = beam.length + pool.lengths
    totals = beam.total + pool.lengths[:, None] * pool.mapped
    estimates = shape.offset + totals / lengths[:, None]
    named = beam.named | pool.named
    size = len(beam.members) + 1
    scores = unit(estimates) @ target + settings.coverage * (named @ pool.weights)
    scores += (beam.bonus + pool.bonus) / size
    if beam.members:
        nearest = (pool.vectors @ pool.vectors[list(beam.members)].T).max(axis=1)
        scores[nearest > settings.repetition] = -np.inf
    for place in np.argsort(-scores, kind="stable")[: 2 * settings.beams]:
        if np.isfinite(scores[place]):
            yield _Draft(
                tuple(sorted((*beam.members, int(place)))),
                float(lengths[place]),
                totals[place],
                named[place],
                float(beam.bonus + pool.bonus[place]),
                float(scores[place]),
            )
