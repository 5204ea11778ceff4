"""Group `dataset`: folds, the mix of the test, training examples, and the questions that judge."""

from dataclasses import replace

import pandas as pd
import pyarrow as pa

from hansol_assets.answering.readings import KIWI
from hansol_assets.lake.blocks import spooled
from hansol_assets.lake.declaration import lake_table
from hansol_assets.lake.handles import Table
from hansol_assets.lake.reports import Build, TableReport
from hansol_assets.plotting import bar_picture
from hansol_assets.qa.folds import (
    FoldSettings,
    assign_folds,
    rows_and_folds,
    stock_answers,
    with_folds,
)
from hansol_assets.qa.pairing import BLOCK_BYTES, PairingSettings, build_held_out, pair_blocks
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.splitting import question_mix as measured_mix

SHOWN_STOCK = 20
_EXAMPLES = "_examples"


@lake_table(kinds={"duckdb"}, code_version="3", libraries=("scipy",))
def qa_folds(raw_qa: Table, folds: FoldSettings) -> TableReport:
    """Every row of `raw_qa` with its fold, and whether it trains, calibrates or validates.

    Folds are stratified by category, and rows that are added move few. Rows that share a
    question or an answer share a fold, so that no duplicate crosses a split.
    """
    rows = raw_qa.read_columnar()
    dealt = with_folds(rows, assign_folds(rows, folds))
    sizes = dealt["split"].value_counts().to_dict()
    facts = {f"{name}_rows": n for name, n in sizes.items()}
    stock = stock_answers(rows, folds)
    named = "\n".join(f"- {text} ({n} rows)" for text, n in list(stock.items())[:SHOWN_STOCK])
    notes = {"stock_answers": named} if stock else {}
    return TableReport(frame=dealt, facts={**facts, "stock_answers": len(stock)}, notes=notes)


@lake_table(kinds={"duckdb"}, code_version="3", named_by_content=True, libraries=KIWI)
def question_mix(raw_questions: Table) -> TableReport:
    """How the test questions join two: the share of joined ones, and of each connective.

    Shares are rounded to twentieths, and the table is named by its content, so that another
    question of the same kind changes no training example and trains nothing.
    """
    mix = measured_mix(raw_questions.read()["question"].tolist()).rounded()
    return TableReport(frame=mix.to_table(), facts={"joined_share": round(mix.joined_share, 4)})


@lake_table(kinds={"duckdb"}, code_version="4")
def paired_questions(qa_folds: Table, question_mix: Table, build: Build) -> TableReport:
    """The training examples: single questions, and questions of two rows joined into one.

    Made from training rows only. Joined examples use the connectives in the proportions of the
    test questions, since the test asks two questions at once.
    """
    rows, folds = rows_and_folds(qa_folds.read_columnar())
    mix = QuestionMix.of_table(question_mix.read())
    report = spooled(build, map(_counted, pair_blocks(rows, folds, mix, BLOCK_BYTES)))
    kinds = {name.removesuffix(_EXAMPLES): int(n) for name, n in report.facts.items()}
    notes = {"mix": bar_picture("Examples by the way they are joined", kinds, "examples")}
    return replace(report, notes=notes)


def _counted(pairs: pa.Table) -> TableReport:
    frame = pairs.to_pandas(types_mapper=pd.ArrowDtype)
    kinds = frame["kind"].value_counts().to_dict()
    return TableReport(frame=frame, facts={f"{kind}{_EXAMPLES}": n for kind, n in kinds.items()})


@lake_table(kinds={"duckdb"}, code_version="4")
def held_out_questions(
    qa_folds: Table, question_mix: Table, pairing: PairingSettings
) -> TableReport:
    """The questions that judge: calibration and validation rows asked as the test asks.

    Each row is asked once by itself, and rows of one split are joined in the share and with the
    connectives of the test questions; the references of a joined question are joined the same way.
    """
    rows, folds = rows_and_folds(qa_folds.read_columnar())
    mix = QuestionMix.of_table(question_mix.read())
    questions = build_held_out(rows, folds, mix, pairing)
    facts = {
        "joined_share": round(mix.joined_share, 4),
        **{f"{split}_questions": n for split, n in questions["split"].value_counts().items()},
    }
    return TableReport(frame=questions, facts=facts)
