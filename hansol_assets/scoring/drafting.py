"""The search for the sentences that together make the best answer: a beam over sets of them.

A set's vector is estimated from those of its sentences by a map learned from real answers, so that
only the last few drafts are embedded. Repetition is held down as in maximal marginal relevance
(Carbonell and Goldstein 1998), by a bound in place of a weight.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from hansol_assets.scoring.join_map import JoinMap

_REPETITION = 0.75
"""Cosine above which two sentences say the same."""


_LONGEST = 5
"""Sentences of an answer at most."""
_BEAMS = 8
"""Unfinished drafts kept at each step."""
_DRAFTS = 4
"""Finished drafts that are embedded."""
COVERAGE = 0.04
"""Cosine that naming all that is asked is worth."""


class Quote(NamedTuple):
    """A sentence (from 0) of an answer (from 1) of a row, or a whole answer."""

    source_id: str
    source_answer: int
    place: int
    text: str


@dataclass(frozen=True)
class Pool:
    """The sentences of one part, with all that their choice depends on.

    Attributes:
        vectors: Directions of the quotes, [sentences, dimensions].
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


@dataclass(frozen=True)
class _Aim:
    """A target, and the products of all sentences with it, with each other and with the offset.

    Each draft's score follows from them, without a vector for every sentence that it might gain.
    """

    target: np.ndarray
    offset: np.ndarray
    offset_dot: float
    offset_square: float
    mapped_dots: np.ndarray
    mapped_offsets: np.ndarray
    mapped_squares: np.ndarray
    likeness: np.ndarray

    @classmethod
    def of(cls, pool: Pool, target: np.ndarray, offset: np.ndarray) -> Self:
        return cls(
            target,
            offset,
            float(offset @ target),
            float(offset @ offset),
            pool.mapped @ target,
            pool.mapped @ offset,
            np.einsum("sd,sd->s", pool.mapped, pool.mapped),
            pool.vectors @ pool.vectors.T,
        )


def best_drafts(pool: Pool, target: np.ndarray, shape: JoinMap) -> list[tuple[Quote, ...]]:
    """Finds the sets of sentences that are expected to be nearest to a target, the best first.

    `target` is the direction of the estimated answer, [dimensions]; `shape` maps the mean of
    sentences' directions to that of the text they make. Within a set, what names most of what was
    asked comes first.
    """
    nothing = np.zeros(len(pool.weights), dtype=bool)
    beams = [_Draft((), 0.0, np.zeros(len(target)), nothing, 0.0, 0.0)]
    drafts: list[_Draft] = []
    aim = _Aim.of(pool, target, shape.offset)
    for _ in range(_LONGEST if pool.quotes else 0):
        beams = _longer(beams, pool, aim)
        drafts += beams
    best = sorted(drafts, key=lambda draft: -draft.score)[:_DRAFTS]
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


def _longer(beams: Sequence[_Draft], pool: Pool, aim: _Aim) -> list[_Draft]:
    """The best drafts with one sentence more, each set of sentences once."""
    best: dict[tuple[int, ...], tuple[float, _Draft, int]] = {}
    for beam in beams:
        scores = _scores(beam, pool, aim)
        for added in np.argsort(-scores, kind="stable")[: 2 * _BEAMS].tolist():
            members = tuple(sorted((*beam.members, added)))
            if np.isfinite(scores[added]):
                best[members] = (float(scores[added]), beam, added)
    first = sorted(best.values(), key=lambda item: -item[0])[:_BEAMS]
    return [_grown(beam, added, pool, score) for score, beam, added in first]


def _scores(beam: _Draft, pool: Pool, aim: _Aim) -> np.ndarray:
    """What the draft is worth with each further sentence; -inf with one that it says already."""
    # The cosine of the target to offset + (total + length * mapped) / lengths, by its products.
    lengths = beam.length + pool.lengths
    shares = pool.lengths / lengths
    to_total = pool.mapped @ beam.total
    dots = aim.offset_dot + (beam.total @ aim.target) / lengths + shares * aim.mapped_dots
    squares = (
        aim.offset_square
        + 2 * ((aim.offset @ beam.total) / lengths + shares * aim.mapped_offsets)
        + (beam.total @ beam.total) / lengths**2
        + 2 * shares * to_total / lengths
        + shares**2 * aim.mapped_squares
    )
    norms = np.sqrt(np.maximum(squares, 0))
    cosines = np.divide(dots, norms, out=np.zeros_like(dots), where=norms > 0)
    named = (beam.named | pool.named) @ pool.weights
    scores = cosines + COVERAGE * named
    scores += (beam.bonus + pool.bonus) / (len(beam.members) + 1)
    if beam.members:
        nearest = aim.likeness[:, list(beam.members)].max(axis=1)
        scores[nearest > _REPETITION] = -np.inf
    return scores


def _grown(beam: _Draft, added: int, pool: Pool, score: float) -> _Draft:
    return _Draft(
        tuple(sorted((*beam.members, added))),
        float(beam.length + pool.lengths[added]),
        beam.total + pool.lengths[added] * pool.mapped[added],
        beam.named | pool.named[added],
        float(beam.bonus + pool.bonus[added]),
        score,
    )
