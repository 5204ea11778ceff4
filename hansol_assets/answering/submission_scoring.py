"""Scoring submission files, whoever made them, with the active profile's embedder.

What belongs here: reading the two files and the embedder. What does not: the score
(`hansol_assets.scoring.evaluate`).
"""

from pathlib import Path

import numpy as np

from hansol_assets.answering.blending import visible_rows
from hansol_assets.answering.parts import TEST
from hansol_assets.embedding.embedder import Embedder, encode, load_embedder
from hansol_assets.lake.store import Lake
from hansol_assets.qa.columns import ANSWER_PREFIX, answers_of, numbered
from hansol_assets.qa.contract import read_references, read_submission
from hansol_assets.scoring.baselines import centroid
from hansol_assets.scoring.evaluate import ScoreReport, ScoreSettings, score_submission


def score_files(
    lake: Lake, submission: Path, references: Path, settings: ScoreSettings
) -> ScoreReport:
    """Scores a submission file against a file of reference answers.

    Args:
        lake: Gives the embedder, and the training answers whose centroid is the zero of parity.
        submission: `id, vec_0 …`.
        references: `id, 답변_1 …`; empty answers are skipped.
        settings: Public draw and interval.

    Raises:
        ContractError: A file cannot be read.
        MissingInputError: The profile's embedder is not in the lake.
        ValueError: The files do not belong together, or the vectors are of another width.
    """
    vectors = read_submission(submission)
    texts = read_references(references).frame
    manifest = lake.live("answer_embedder")
    embedder = load_embedder(lake.artifact(manifest))
    columns = numbered(texts.columns, ANSWER_PREFIX)
    values = vectors.frame[[f"vec_{place}" for place in range(vectors.width)]].to_numpy(np.float64)
    return score_submission(
        dict(zip(vectors.frame["id"], values, strict=True)),
        {
            row["id"]: [row[column] for column in columns if row[column]]
            for row in texts.to_dict("records")
        },
        embedder,
        _centroid(lake, embedder),
        settings,
    )


def _centroid(lake: Lake, embedder: Embedder) -> np.ndarray:
    rows = lake.table(lake.live("qa_folds"))
    return centroid(encode(embedder, answers_of(visible_rows(rows, rows, TEST))))
