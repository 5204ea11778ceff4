"""Group `submission`: one vector a question, and the file that is handed in.

What belongs here: the last two steps. What does not: where vectors come from
(`hansol_assets.answering.strategies`) and what a valid file is
(`hansol_assets.answering.submission`).
"""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd

from hansol_assets.answering.experiments import SCORES
from hansol_assets.answering.promotion import judge_promotion
from hansol_assets.answering.strategies import strategy_vectors
from hansol_assets.answering.submission import (
    SUBMISSION_FILE,
    publish_live,
    submission_frame,
    submission_problems,
)
from hansol_assets.assets.answers import components_of, open_blend, to_submit
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.preview import preview
from hansol_assets.lake.store import Report
from hansol_assets.orchestration.resources import LakeResource, Work, said_to_people
from hansol_assets.qa.contract import read_template

SHOWN_COLUMNS = 7
EMBEDDINGS_FILE = "embeddings.parquet"
FITS_TEMPLATE = "fits_template"
PROMOTED = "promoted"
BY_HAND = "the last submission stays in place. To publish this one all the same: hansol promote"


class SubmissionError(ValueError):
    """A submission that does not fit its template."""

    def __init__(self, problems: list[str]) -> None:
        """Lists what does not fit."""
        listed = "\n  ".join(problems)
        super().__init__(
            f"the submission does not fit sample_submission.csv:\n  {listed}\n"
            "Nothing was written; the last good submission stays in place. Check that test.csv "
            "and sample_submission.csv belong together and that the embedder has their width."
        )
        self.problems = problems


@dg.asset(
    deps=[
        "raw_qa",
        "qa_folds",
        "raw_questions",
        "answer_embedder",
        "test_candidates",
        "vector_blend",
        "generated_answers",
    ],
    kinds={"parquet"},
    code_version="1",
)
def answer_embeddings(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    """One vector for each test question, by the profile's strategy.

    `text` embeds the chosen answer, `consensus` averages the candidates' vectors, and `blend` is
    the fitted combination of all components.
    """
    settings = lake.settings

    def build(work: Work, folder: Path) -> Report:
        inputs = work.inputs
        questions, candidates = to_submit(inputs), inputs.table("test_candidates")
        answers = inputs.table("generated_answers")
        blend, choices = open_blend(inputs)
        components = components_of(inputs, questions, candidates, choices, settings)
        vectors = strategy_vectors(answers, candidates, components, blend)[
            settings.submission.strategy
        ].astype(np.float32)
        frame = pd.DataFrame({"id": answers["id"], "vector": list(vectors)})
        frame.to_parquet(folder / EMBEDDINGS_FILE, index=False)
        return Report(
            facts={
                "rows": len(frame),
                "dimensions": vectors.shape[1],
                "strategy": settings.submission.strategy,
            }
        )

    config = config_of(components=settings.components, submission=settings.submission)
    return lake.artifact(context, config, build)


@dg.asset(
    deps=["submission_template", "answer_embeddings", "validation_scores"],
    kinds={"csv"},
    code_version="1",
    check_specs=[
        dg.AssetCheckSpec(
            FITS_TEMPLATE,
            asset="submission",
            blocking=True,
            description="Every id of the template once, in its order; finite values; its width.",
        ),
        dg.AssetCheckSpec(
            PROMOTED,
            asset="submission",
            description="The validation score did not fall significantly, so that the submission "
            "takes the place of the last one.",
        ),
    ],
)
def submission(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult]:
    """The file to hand in: `submission.csv` in the template's row order and columns.

    It is always found at `submissions/latest/submission.csv`, with its manifest beside it. A
    submission that does not fit the template, or whose validation score fell significantly, is not
    published, and the last good one stays.
    """

    def build(work: Work, folder: Path) -> Report:
        template = read_template(work.inputs.source("submission_template"))
        embeddings = pd.read_parquet(work.inputs.artifact("answer_embeddings") / EMBEDDINGS_FILE)
        vectors = np.stack(embeddings["vector"].tolist())
        frame = submission_frame(template.frame, embeddings["id"].tolist(), vectors)
        problems = submission_problems(frame, template.frame, template.width)
        if problems:
            raise SubmissionError(problems)
        frame.to_csv(folder / SUBMISSION_FILE, index=False, lineterminator="\n")
        return Report(
            facts={
                "rows": len(frame),
                "dimensions": template.width,
                SCORES: lake.store.live(SCORES).fingerprint,
            },
            notes={"preview": preview(frame.iloc[:, :SHOWN_COLUMNS])},
        )

    try:
        # Scores decide whether the file is published, not what is in it.
        result = lake.artifact(
            context, {}, build, reads=["submission_template", "answer_embeddings"]
        )
    except SubmissionError as error:
        yield dg.AssetCheckResult(
            check_name=FITS_TEMPLATE, passed=False, metadata={"problems": error.problems}
        )
        raise dg.Failure(str(error), allow_retries=False) from None
    yield dg.AssetCheckResult(check_name=FITS_TEMPLATE, passed=True)
    promotion = judge_promotion(lake.store, lake.settings.scores.bootstrap)
    if promotion.allowed:
        with said_to_people():
            publish_live(lake.store)
    yield dg.AssetCheckResult(
        check_name=PROMOTED,
        passed=promotion.allowed,
        severity=dg.AssetCheckSeverity.WARN,
        description=promotion.reason if promotion.allowed else f"{promotion.reason}; {BY_HAND}",
    )
    yield result
