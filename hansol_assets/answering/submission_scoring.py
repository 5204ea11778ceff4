"""Scoring submission files, whoever made them, with the active profile's embedder."""

from pathlib import Path

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import visible_centroid
from hansol_assets.answering.judging import judge_name
from hansol_assets.answering.parts import TEST
from hansol_assets.embedding.embedder import embedder_facts, load_embedder
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table import TableSettings, read_references, read_submission
from hansol_assets.qa.table.columns import ANSWERS, ID
from hansol_assets.scoring.evaluate import ScoreReport, ScoreSettings, report_of, score_submission
from hansol_assets.scoring.measures import KNOWN, UNKNOWN


def score_files(
    lake: Lake, submission: Path, references: Path, table: TableSettings
) -> ScoreReport:
    """Scores a submission file, `id, vec_0 …`, against a file of reference answers.

    References are ids and answers, in any format and under any names that a training table may
    have; empty answers and placeholders are skipped. The lake's training answers give the centroid
    that is the zero of parity.

    Raises:
        ContractError: A file cannot be read.
        MissingInputError: The profile's embedder is not in the lake.
        ValueError: The files do not belong together, or the vectors are of another width.
    """
    vectors = read_submission(submission)
    texts = read_references(references, table).frame
    manifest = lake.live("answer_embedder")
    embedder = load_embedder(lake.artifact(manifest))
    values = vectors.frame[[f"vec_{column}" for column in range(vectors.width)]].to_numpy(
        np.float64
    )
    return score_submission(
        dict(zip(vectors.frame["id"], values, strict=True)),
        dict(zip(texts[ID], texts[ANSWERS], strict=True)),
        embedder,
        visible_centroid(embedder, lake.table(lake.live("qa_folds")), TEST),
    )


def scoring_judge(lake: Lake, settings: ScoreSettings) -> str:
    """Names the embedder that scores submission files, in whose space their vectors are.

    Raises:
        MissingInputError: The profile's embedder is not in the lake.
        ValueError: The judge is of another space.
    """
    embedder = judge_name(lake.live("answer_embedder").facts)
    judge = judge_name(embedder_facts(settings.judge.pinned)) if settings.judge else embedder
    if judge != embedder:
        msg = (
            f"scores.judge names {judge}, and a submission's vectors are of {embedder}: vectors of "
            "two spaces cannot be compared. Unset scores.judge, or use the profile of that embedder"
        )
        raise ValueError(msg)
    return embedder


def scores_by_kind(
    lake: Lake, questions: pd.DataFrame, answered_from: float
) -> dict[str, ScoreReport]:
    """Scores the questions that the table knows, and those that it does not, apart.

    Of the questions of a `ScoreReport`, those are known that a row of the table answers with the
    probability `answered_from` or more.

    Returns:
        `known` and `unknown` → their scores; nothing of questions that were never answered here.
    """
    answers = lake.find_live("generated_answers")
    if answers is None:
        return {}
    confidence = lake.table(answers).set_index("id")["confidence"]
    asked = questions[questions["id"].isin(confidence.index)]
    is_known = asked["id"].map(confidence) >= answered_from
    kinds = {KNOWN: asked[is_known], UNKNOWN: asked[~is_known]}
    return {kind: report_of(rows) for kind, rows in kinds.items() if len(rows)}
