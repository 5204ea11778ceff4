"""Group `dataset`: folds, the training examples made from rows, and the questions that judge.

What belongs here: tables derived from the raw rows alone. What does not: anything that needs a
model or an index.
"""

from dataclasses import asdict

import dagster as dg

from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.store import TableReport
from hansol_assets.orchestration.resources import LakeResource, Work
from hansol_assets.qa.folds import assign_folds
from hansol_assets.qa.pairing import build_held_out, build_pairs
from hansol_assets.qa.splitting import QuestionMix, question_mix

ROWS_AND_FOLDS = ("raw_qa", "qa_folds")


def test_mix(lake: LakeResource) -> QuestionMix:
    """Measures how the test questions join two.

    Assets take it, and not the questions, into their name: another question of the same kind then
    changes no training example, and nothing is trained anew for it.
    """
    questions = lake.table_of("raw_questions")["질문"].tolist()
    return question_mix(questions).rounded(lake.settings.pairing.mix_step)


@dg.asset(deps=["raw_qa"], kinds={"duckdb"}, code_version="1")
def qa_folds(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """One row per row of `raw_qa`: its fold, and whether it trains, calibrates or validates.

    Folds are dealt by a salted hash of the id and stratified by category. Rows that share a
    question or an answer share a fold, so that no duplicate crosses a split.
    """
    settings = lake.settings.folds

    def build(work: Work) -> TableReport:
        folds = assign_folds(work.inputs.table("raw_qa"), settings)
        sizes = folds["split"].value_counts().to_dict()
        return TableReport(frame=folds, facts={f"{name}_rows": n for name, n in sizes.items()})

    return lake.table(context, config_of(folds=settings), build)


@dg.asset(deps=["raw_qa", "raw_questions", "qa_folds"], kinds={"duckdb"}, code_version="1")
def paired_questions(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The training examples: single questions, and questions of two rows joined into one.

    Made from training rows only. Joined examples use the connectives in the proportions of the
    test questions, since the test asks two questions at once.
    """
    settings, mix = lake.settings.pairing, test_mix(lake)

    def build(work: Work) -> TableReport:
        rows, folds = work.inputs.table("raw_qa"), work.inputs.table("qa_folds")
        pairs = build_pairs(rows, folds, mix, settings)
        facts = {f"{kind}_examples": n for kind, n in pairs["kind"].value_counts().items()}
        return TableReport(frame=pairs, facts=facts)

    return lake.table(context, config_of(pairing=settings, mix=asdict(mix)), build, ROWS_AND_FOLDS)


@dg.asset(deps=["raw_qa", "raw_questions", "qa_folds"], kinds={"duckdb"}, code_version="1")
def held_out_questions(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    """The questions that judge: calibration and validation rows asked as the test asks.

    Each row is asked once by itself, and rows of one split are joined in the share and with the
    connectives of the test questions; the references of a joined question are joined the same way.
    """
    settings, mix = lake.settings.pairing, test_mix(lake)

    def build(work: Work) -> TableReport:
        rows, folds = work.inputs.table("raw_qa"), work.inputs.table("qa_folds")
        questions = build_held_out(rows, folds, mix, settings)
        facts = {
            "joined_share": round(mix.joined_share, 4),
            **{f"{split}_questions": n for split, n in questions["split"].value_counts().items()},
        }
        return TableReport(frame=questions, facts=facts)

    return lake.table(context, config_of(pairing=settings, mix=asdict(mix)), build, ROWS_AND_FOLDS)
