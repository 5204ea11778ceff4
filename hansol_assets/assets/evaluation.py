"""Group `evaluation`: scores of the validation answers, and the leaderboard of all experiments.

What belongs here: judging what the answers group made. What does not: how a score is computed
(`hansol_assets.scoring`).
"""

import dagster as dg
import pandas as pd

from hansol_assets.answering.blending import visible_rows
from hansol_assets.answering.experiments import SCORES, experiments
from hansol_assets.answering.judging import judge
from hansol_assets.answering.searching import open_embedder
from hansol_assets.assets.answers import (
    components_of,
    held_out,
    of_questions,
    of_split,
    open_blend,
)
from hansol_assets.embedding.embedder import encode
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.lineage import manifests
from hansol_assets.lake.store import TableReport
from hansol_assets.orchestration.resources import LakeResource, Work
from hansol_assets.qa.columns import answers_of
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.baselines import centroid
from hansol_assets.scoring.leaderboard import (
    BASELINES,
    compare_with_best,
    figures,
)
from hansol_assets.scoring.leaderboard import (
    leaderboard as make_leaderboard,
)

DECIMALS = 4


@dg.asset(
    deps=[
        "raw_qa",
        "qa_folds",
        "held_out_questions",
        "answer_embedder",
        "validation_candidates",
        "vector_blend",
        "validation_answers",
    ],
    kinds={"duckdb"},
    code_version="1",
)
def validation_scores(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    """Mean cosine to the references of each validation question, for every way to answer it.

    Columns: the three strategies, the raw generation, each component alone, the blend without each
    component, and the baselines (constant, centroid, nearest answer, one human, the ceiling). The
    public figure is over a 40 % draw, the private one over all, as the competition had them.
    """
    settings = lake.settings
    strategy = settings.submission.strategy

    def build(work: Work) -> TableReport:
        inputs = work.inputs
        questions = of_split(held_out(inputs), VALIDATION)
        candidates = of_questions(inputs.table("validation_candidates"), questions)
        blend, choices = open_blend(inputs)
        embedder = open_embedder(inputs)
        rows = visible_rows(inputs.table("raw_qa"), inputs.table("qa_folds"), VALIDATION)
        scores = judge(
            questions,
            inputs.table("validation_answers"),
            candidates,
            components_of(inputs, questions, candidates, choices, settings),
            blend,
            embedder,
            centroid(encode(embedder, answers_of(rows))),
            settings.scores,
        )
        submitted = figures(scores, strategy, settings.scores)
        text = figures(scores, "text", settings.scores)
        facts = {
            "strategy": strategy,
            **{name: round(value, DECIMALS) for name, value in submitted.items()},
            **{f"text_{name}": round(value, DECIMALS) for name, value in text.items()},
            **{name: round(float(scores[name].mean()), DECIMALS) for name in BASELINES},
            "chrf": round(float(scores["chrf"].mean()), 2),
        }
        return TableReport(frame=scores, facts=facts)

    config = config_of(
        scores=settings.scores, components=settings.components, submission=settings.submission
    )
    return lake.table(context, config, build)


@dg.asset(deps=["validation_scores"], kinds={"duckdb"}, code_version="1")
def leaderboard(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Every experiment that the lake remembers, beside the baselines and the ablations.

    One row per fingerprint of `validation_scores`, kept across runs and profiles, with a bootstrap
    interval; the newest is compared with the best earlier one by a paired bootstrap.
    """
    settings = lake.settings.scores
    newest = lake.store.live(SCORES).fingerprint
    known = [item.fingerprint for item in manifests(lake.store.paths, SCORES)]

    def build(work: Work) -> TableReport:
        found = experiments(lake.store, work.inputs.manifest(SCORES))
        table = make_leaderboard(found, settings)
        facts: dict[str, str | int | float] = {"experiments": len(found)}
        compared = compare_with_best(found, settings.bootstrap)
        if compared:
            best, result = compared
            facts |= {
                "compared_with": best.fingerprint,
                "difference": round(result.difference, DECIMALS),
                "difference_low": round(result.low, DECIMALS),
                "difference_high": round(result.high, DECIMALS),
                "p_better": round(result.p_better, DECIMALS),
            }
        return TableReport(frame=table, facts=facts, notes={"leaderboard": _markdown(table)})

    config = config_of(scores=settings, experiments=sorted(known), newest=newest)
    return lake.table(context, config, build)


def _markdown(table: pd.DataFrame) -> str:
    columns = ["rank", "kind", "name", "profile", "private", "low", "high", "public", "parity"]
    return table[columns].to_markdown(index=False, floatfmt=".4f")
