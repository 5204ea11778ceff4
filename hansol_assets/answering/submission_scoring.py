"""Scoring submission files, whoever made them, with the active profile's embedder.

What belongs here: reading the two files and the embedder. What does not: the score
(`hansol_assets.scoring.evaluate`).
"""

from pathlib import Path

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import known_centroid
from hansol_assets.answering.judge import judge_name
from hansol_assets.answering.parts import TEST
from hansol_assets.embedding.embedder import embedder_facts, load_embedder
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table import TableSettings, read_references, read_submission
from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.scoring.evaluate import (
    ScoreReport,
    ScoreSettings,
    report_of,
    score_submission,
)
from hansol_assets.scoring.kinds import KNOWN, UNKNOWN


def score_files(
    lake: Lake, submission: Path, references: Path, settings: ScoreSettings, table: TableSettings
) -> ScoreReport:
    """Scores a submission file against a file of reference answers.

    Args:
        lake: Gives the embedder, and the training answers whose centroid is the zero of parity.
        submission: `id, vec_0 …`.
        references: Ids and answers, in any format and under any names that a training table may
            have; empty answers and placeholders are skipped.
        settings: Public draw and interval.
        table: Which columns of the references hold what.

    Raises:
        ContractError: A file cannot be read.
        MissingInputError: The profile's embedder is not in the lake.
        ValueError: The files do not belong together, or the vectors are of another width.
    """
    vectors = read_submission(submission)
    texts = read_references(references, table).frame
    manifest = lake.live("answer_embedder")
    embedder = load_embedder(lake.artifact(manifest))
    values = vectors.frame[[f"vec_{place}" for place in range(vectors.width)]].to_numpy(np.float64)
    return score_submission(
        dict(zip(vectors.frame["id"], values, strict=True)),
        dict(zip(texts[ID], texts[ANSWERS], strict=True)),
        embedder,
        known_centroid(embedder, lake.table(lake.live("qa_folds")), TEST),
        settings,
    )


def scoring_judge(lake: Lake, settings: ScoreSettings) -> str:
    """Names the embedder that scores submission files.

    Args:
        lake: Its embedder of answers is the space of their vectors.
        settings: `judge` may name another one.

    Raises:
        MissingInputError: The profile's embedder is not in the lake.
        ValueError: The judge is of another space.
    """
    own = judge_name(lake.live("answer_embedder").facts)
    named = judge_name(embedder_facts(settings.judge.pinned)) if settings.judge else own
    if named != own:
        msg = (
            f"scores.judge names {named}, and a submission's vectors are of {own}: vectors of two "
            "spaces cannot be compared. Unset scores.judge, or use the profile of that embedder"
        )
        raise ValueError(msg)
    return own


def scores_by_kind(
    lake: Lake, questions: pd.DataFrame, settings: ScoreSettings, answered_from: float
) -> dict[str, ScoreReport]:
    """Scores the questions that the table knows, and those that it does not, apart.

    Args:
        lake: Its answers say how likely a row of the table answers each question.
        questions: Of a `ScoreReport`.
        settings: How intervals are drawn.
        answered_from: The probability from which on a question is known.

    Returns:
        `known` and `unknown` → their scores; only what is told: nothing of questions that were
        never answered here.
    """
    answers = lake.find_live("generated_answers")
    if answers is None:
        return {}
    told = lake.table(answers).set_index("id")["confidence"]
    asked = questions[questions["id"].isin(told.index)]
    is_known = asked["id"].map(told) >= answered_from
    kinds = {KNOWN: asked[is_known], UNKNOWN: asked[~is_known]}
    return {kind: report_of(own, settings) for kind, own in kinds.items() if len(own)}
