"""How sure the answers are, and which of them a person should look at.

What belongs here: calibrating on answers whose references are known, and what a table of answers
says of it. What does not: the calibration itself (`hansol_assets.scoring.confidence`) and the
signals (`hansol_assets.answering.choosing`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from hansol_assets.answering.choosing import PARTS, SIGNALS
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.records import Records, records
from hansol_assets.lake.reports import TableReport
from hansol_assets.scoring.confidence import Confidence, ConfidenceSettings, needs_review
from hansol_assets.scoring.cosine import reference_cosines
from hansol_assets.scoring.evaluate import embed_references

CONFIDENCE_FILE = "confidence.json"
CONFIDENCE_DECIMALS = 4
SHOWN_DOUBTS = 20
MOST_DOUBTFUL = "most_doubtful"
LEAST_COST = 0.01

REASONS = {
    "answer_nearness": "no row's answers are near to what is expected",
    "answer_agreement": "the rows near to what is expected disagree",
    "certainty": "few known questions are like this one",
    "question_nearness": "the nearest known question is far",
    "similarity": "the text is far from what is expected",
    "coverage": "the text does not name all that was asked",
}
"""Signal → what a value on its bad side means."""


def signals_of(answers: pd.DataFrame) -> pd.DataFrame:
    """Returns what the confidence in each answer rests on, columns `SIGNALS`."""
    return pd.DataFrame(answers["signals"].tolist(), columns=SIGNALS)


def fit_confidence(
    answers: pd.DataFrame,
    references: list[list[str]],
    embedder: Embedder,
    settings: ConfidenceSettings,
) -> Confidence:
    """Learns how good answers are from their signals.

    Args:
        answers: Columns of `answer_table`, of calibration questions.
        references: The reference texts of each.
        embedder: Judges the answers.
        settings: How strongly slopes are held back.
    """
    vectors = np.stack(answers["vector"].tolist())
    scores = reference_cosines(vectors, embed_references(references, embedder))
    return Confidence.fit(signals_of(answers), scores, settings, either_way={PARTS})


def load_confidence(answer_confidence: Artifact) -> Confidence:
    """Reads what was learned, from an artifact of the asset of that name."""
    return Confidence.load(answer_confidence.open() / CONFIDENCE_FILE)


def with_confidence(
    report: TableReport, confidence: Confidence, settings: ConfidenceSettings
) -> TableReport:
    """Says how good each answer is expected to be, and which need a person's review.

    Args:
        report: Of `choose_answers`.
        confidence: What was learned on calibration questions.
        settings: From which expected score on an answer may stand alone.

    Returns:
        The same report with `confidence` (expected mean cosine to the references) and
        `needs_review` behind each answer, their figures, and as a table the most doubtful answers
        with the rows that they quote.
    """
    expected = confidence.predict(signals_of(report.frame)).round(CONFIDENCE_DECIMALS)
    review = needs_review(expected, settings)
    frame = report.frame.copy()
    place = frame.columns.get_loc("answer") + 1
    frame.insert(place, "confidence", expected)
    frame.insert(place + 1, "needs_review", review)
    facts = {
        "mean_confidence": round(float(expected.mean()), CONFIDENCE_DECIMALS),
        "needs_review": int(review.sum()),
    }
    doubtful = most_doubtful(frame).head(SHOWN_DOUBTS)
    shown = doubtful[["id", "question", "answer", "confidence", "needs_review", "source_ids"]]
    return TableReport(
        frame=frame,
        facts={**facts, **report.facts},
        notes=report.notes,
        tables={**report.tables, MOST_DOUBTFUL: records(shown)},
    )


def doubts_of_blocks(told: Sequence[Mapping[str, Records]]) -> Mapping[str, Records]:
    """Returns the most doubtful answers of all blocks.

    Args:
        told: The tables of `with_confidence`, of each block.
    """
    doubtful = [row for own in told for row in own[MOST_DOUBTFUL]]
    by_doubt = sorted(doubtful, key=lambda row: (row["confidence"], row["id"]))
    return {**told[0], MOST_DOUBTFUL: by_doubt[:SHOWN_DOUBTS]}


def doubts_of(answer: Mapping[str, Any], confidence: Confidence) -> list[dict[str, Any]]:
    """Tells why less is expected of an answer than of the usual one.

    Args:
        answer: A row of an answer table.
        confidence: What its expected score was calculated with.

    Returns:
        `signal, value, usual, costs` (score that its distance from the usual costs) and `reason`,
        the most expensive first; only what costs more than a hundredth.
    """
    costs = -confidence.contributions(pd.DataFrame([answer["signals"]])).iloc[0]
    usual = dict(zip(confidence.signals, confidence.means, strict=True))
    return [
        {
            "signal": name,
            "value": round(float(answer["signals"][name]), CONFIDENCE_DECIMALS),
            "usual": round(float(usual[name]), CONFIDENCE_DECIMALS),
            "costs": round(float(cost), CONFIDENCE_DECIMALS),
            "reason": REASONS[name],
        }
        for name, cost in costs.sort_values(ascending=False).items()
        if name in REASONS and cost > LEAST_COST
    ]


def most_doubtful(answers: pd.DataFrame) -> pd.DataFrame:
    """Returns answers in the order in which a person should look at them."""
    return answers.sort_values(["confidence", "id"], ignore_index=True)
