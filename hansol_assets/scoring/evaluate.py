"""Scoring any set of vectors against reference texts, as the leaderboard and `hansol score` do."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.embedding.embedder import Embedder, EmbedderSettings, encode_groups
from hansol_assets.scoring.bootstrap import Interval, bootstrap_interval, parity
from hansol_assets.scoring.measures import (
    CEILING,
    CENTROID,
    HUMAN,
    ceiling_scores,
    human_scores,
    public_mask,
    reference_cosines,
    weighted_mean,
)
from hansol_assets.settings_model import SettingsModel

NAMED_IDS = 10

ONE_REFERENCE = (
    "one human reference is not measurable here, nor is parity: every question has one reference"
)
LEAST_SPREAD = 0.05
"""Between the centroid and people; closer, parity magnifies what is noise."""
NO_BETTER = "parity is not measurable here: people score no higher than the centroid"


class ScoreSettings(SettingsModel):
    """What questions are weighed by, and who judges."""

    known_share: float | None = Field(
        None,
        ge=0,
        le=1,
        description="share of the questions whose answer the table holds, by which scores of known "
        "and unknown ones are weighed; by default it is measured on the questions to be answered",
    )
    judge: EmbedderSettings | None = Field(
        None,
        description="the pretrained embedder that scores; by default the one that the answers are "
        "embedded with. Another one scores texts alone: vectors of two spaces cannot be compared",
    )


@dataclass(frozen=True)
class ScoreReport:
    """The figures of one submission.

    Attributes:
        private: Mean over all questions of the mean cosine to their references.
        public: The same over the public questions.
        centroid: What the centroid of the training answers would score.
        human: What one reference scores against the others, over the questions that have two or
            more; NaN where none has.
        ceiling: What the best possible vectors would score.
        parity: Where the score stands between the centroid (0) and one human reference (1), over
            the questions that have two references or more; NaN where that cannot be measured.
        note: Why parity cannot be measured, or over which questions it was; else empty.
        interval: 95 % bootstrap interval of `private`.
        questions: `id, score, public, centroid, human, ceiling`, one row a question.
    """

    private: float
    public: float
    centroid: float
    human: float
    ceiling: float
    parity: float
    note: str
    interval: Interval
    n: int
    questions: pd.DataFrame

    def to_json(self) -> dict[str, Any]:
        """The figures alone, as JSON has them: the interval a list, null for NaN."""
        figures = {name: value for name, value in asdict(self).items() if name != "questions"}
        figures["interval"] = list(self.interval)
        return {
            name: None if isinstance(value, float) and np.isnan(value) else value
            for name, value in figures.items()
        }


def score_submission(
    vectors_by_id: Mapping[str, np.ndarray],
    references_by_id: Mapping[str, Sequence[str]],
    embedder: Embedder,
    centroid_vector: np.ndarray,
) -> ScoreReport:
    """Scores a submission on the questions that have references; others are passed over.

    `centroid_vector`, [dimensions], is of the training answers.

    Raises:
        ValueError: A question with references has no vector, or a vector is of another width than
            the embedder's.
    """
    ids = list(references_by_id)
    vectors = _vectors_of(ids, vectors_by_id, len(centroid_vector))
    references = encode_groups(embedder, [references_by_id[key] for key in ids])
    questions = pd.DataFrame(
        {
            "id": ids,
            "score": reference_cosines(vectors, references),
            "public": public_mask(ids),
            CENTROID: reference_cosines(np.tile(centroid_vector, (len(ids), 1)), references),
            HUMAN: human_scores(references),
            CEILING: ceiling_scores(references),
        }
    )
    return report_of(questions)


def report_of(questions: pd.DataFrame) -> ScoreReport:
    """Sums up per-question scores, `id, score, public, centroid, human, ceiling`."""
    return ScoreReport(
        private=float(questions["score"].mean()),
        public=float(questions.loc[questions["public"], "score"].mean()),
        centroid=float(questions[CENTROID].mean()),
        human=float(questions[HUMAN].mean()),
        ceiling=float(questions[CEILING].mean()),
        parity=parity_of(questions, "score"),
        note=parity_note(questions),
        interval=bootstrap_interval(questions["score"].to_numpy()),
        n=len(questions),
        questions=questions,
    )


def parity_of(questions: pd.DataFrame, score: str) -> float:
    """Parity of one column of scores, over the questions where a person can be measured.

    NaN where no question has two references, or people score no higher than the centroid.
    """
    measured = questions[questions[HUMAN].notna()]
    means = [weighted_mean(measured, name) for name in (score, CENTROID, HUMAN)]
    return parity(*means)


def parity_note(questions: pd.DataFrame) -> str:
    """Says why parity cannot be measured, or over how many of the questions; else nothing."""
    measured = questions[questions[HUMAN].notna()]
    if measured.empty:
        return ONE_REFERENCE
    if not measured[HUMAN].mean() > measured[CENTROID].mean():
        return NO_BETTER
    spread = float(measured[HUMAN].mean() - measured[CENTROID].mean())
    if spread < LEAST_SPREAD:
        return (
            f"parity says little here: one human reference scores only {spread:.3f} above the "
            "centroid"
        )
    if len(measured) < len(questions):
        return (
            f"one human reference and parity are measured on the {len(measured)} of "
            f"{len(questions)} questions that have two references or more"
        )
    return ""


def _vectors_of(ids: list[str], vectors_by_id: Mapping[str, np.ndarray], width: int) -> np.ndarray:
    missing = [key for key in ids if key not in vectors_by_id]
    if missing:
        named = ", ".join(missing[:NAMED_IDS])
        more = f" and {len(missing) - NAMED_IDS} more" if len(missing) > NAMED_IDS else ""
        msg = f"the submission has no vector for {len(missing)} questions: {named}{more}"
        raise ValueError(msg)
    vectors = np.stack([np.asarray(vectors_by_id[key], dtype=np.float64) for key in ids])
    if vectors.shape[1] != width:
        msg = f"the submission's vectors have {vectors.shape[1]} dimensions, the embedder's {width}"
        raise ValueError(msg)
    return vectors
