"""Group `submission`: one vector a question, and the file that is handed in."""

from typing import Annotated

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import (
    VectorModels,
    part_components,
    strategy_vectors,
)
from hansol_assets.answering.parts import TEST
from hansol_assets.answering.publishing import (
    FITS_TEMPLATE,
    PROMOTED,
    SUBMISSION_FILE,
    Strategy,
    fitting_submission,
    publish_if_promoted,
)
from hansol_assets.lake.declaration import Setting, lake_artifact
from hansol_assets.lake.handles import Artifact, Source, Table
from hansol_assets.lake.records import preview
from hansol_assets.lake.reports import ArtifactBuild, Report
from hansol_assets.plotting import vector_map
from hansol_assets.qa.table import read_template
from hansol_assets.qa.table.submission_form import submission_form

SHOWN_COLUMNS = 7
EXPECTATION = ("low", "high", "known_share", "known_share_low", "known_share_high")
"""What stands beside the score that a submission is expected to have."""
EMBEDDINGS_FILE = "embeddings.parquet"


@lake_artifact(kinds={"parquet"}, code_version="4")
def answer_embeddings(
    generated_answers: Table,
    test_candidates: Table,
    final_regressor: Artifact,
    answer_embedder: Artifact,
    vector_blend: Artifact,
    qa_folds: Table,
    strategy: Annotated[Strategy, Setting("submission.strategy")],
    block: Annotated[int, Setting("candidates.block")],
    build: ArtifactBuild,
) -> Report:
    """One vector for each test question, by the profile's strategy.

    `text` embeds the chosen answer, `consensus` averages the candidates' vectors, and `blend` is
    the fitted combination of all components, and, as far as a row is likely to answer, the mean of
    its references.
    """
    models = VectorModels.open(final_regressor, vector_blend, answer_embedder)
    questions = generated_answers.read_columns("id", "nearest_category")
    ids, blocks = questions["id"].tolist(), []
    for start in range(0, len(ids), block):
        answers = generated_answers.rows_of("id", ids[start : start + block])
        candidates = test_candidates.rows_of("question_id", answers["id"].tolist())
        splits = dict.fromkeys(answers["id"], TEST)
        components = part_components(candidates, splits, models.regressors)
        first = qa_folds.rows_of("id", sorted({*components.first_rows} - {""}))
        rows = dict(zip(first["id"], first["answers"], strict=True))
        made = strategy_vectors(answers, candidates, components, models, rows)
        blocks.append(made[strategy].astype(np.float32))
    vectors = np.concatenate(blocks)
    frame = pd.DataFrame({"id": ids, "vector": list(vectors)})
    frame.to_parquet(build.folder / EMBEDDINGS_FILE, index=False)
    facts = {"rows": len(frame), "dimensions": vectors.shape[1], "strategy": strategy}
    kinds = questions["nearest_category"].tolist()
    return Report(
        facts=facts, notes={"map": vector_map("Submission vectors by category", vectors, kinds)}
    )


@lake_artifact(
    kinds={"csv"}, code_version="4", checks=(FITS_TEMPLATE, PROMOTED), conclude=publish_if_promoted
)
def submission(
    submission_template: Source | None,
    answer_embeddings: Artifact,
    validation_scores: Table,
    build: ArtifactBuild,
) -> Report:
    """The file to hand in: `submission.csv` in the template's row order and columns.

    Without a template it has the questions' order and the embedder's width. What it is expected to
    score is the validation score, which mixes known and unknown questions as the test does.

    It is always found at `submissions/latest/submission.csv`, with its manifest beside it. A
    submission that does not fit the template, or whose validation score fell significantly, is not
    published, and the last good one stays.
    """
    template = read_template(submission_template.path) if submission_template else None
    embeddings = pd.read_parquet(answer_embeddings.open() / EMBEDDINGS_FILE)
    vectors = np.stack(embeddings["vector"].tolist())
    form = submission_form(template, embeddings, vectors.shape[1])
    frame = fitting_submission(form, embeddings["id"].tolist(), vectors)
    frame.to_csv(build.folder / SUBMISSION_FILE, index=False, lineterminator="\n")
    facts = {
        "rows": len(frame),
        "dimensions": form.width,
        "validation_score": validation_scores.facts["private"],
        **{name: validation_scores.facts[name] for name in EXPECTATION},
    }
    return Report(facts=facts, tables={"preview": preview(frame.iloc[:, :SHOWN_COLUMNS])})
