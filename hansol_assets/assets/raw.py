"""Group `raw`: the three CSV files, and the tables that hold their rows.

What belongs here: getting files into DuckDB unchanged but mended. What does not: any row that no
file holds. The files are external assets, https://docs.dagster.io/guides/build/assets/external-assets
"""

from collections.abc import Callable
from pathlib import Path

import dagster as dg

from hansol_assets.lake.errors import InputChangedError
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.paths import RAW_FILES
from hansol_assets.lake.store import TableReport
from hansol_assets.orchestration.resources import LakeResource, Work
from hansol_assets.qa.contract import ContractError, TableRead, Violation, read_test, read_train
from hansol_assets.qa.row_quality import without_dropped
from hansol_assets.qa.row_warnings import row_warnings

DESCRIPTIONS = {
    "train_csv": "The question-answer table as a file: `id, 질문_1, 질문_2, category, 답변_1 … "
    "답변_5`. Its data version is the SHA-256 of its content.",
    "test_csv": "The questions to answer as a file: `id, 질문`. Its data version is the SHA-256 of "
    "its content.",
    "submission_template": "The competition's template as a file: `id, vec_0 …`. It gives the "
    "submission's row order and width. Its data version is the SHA-256 of its content.",
}

WARNED_ROWS = "warned_rows"
DROPPED_ROWS = "dropped_rows"
WARNINGS = "row_warnings"
SHOWN_WARNINGS = 200
ALL_DROPPED = Violation(
    None,
    "",
    "every row looks wrong and would be dropped",
    "mend the rows, or set the kinds of row_quality to keep",
)

raw_files = [
    dg.AssetSpec(
        name,
        description=DESCRIPTIONS[name],
        group_name="raw",
        kinds={"csv"},
        metadata={"file": file},
    )
    for name, file in RAW_FILES.items()
]


def _read(work: Work, source: str, read: Callable[[Path], TableRead]) -> TableRead:
    table = read(work.inputs.source(source))
    if table.sha256 != work.inputs.versions[source]:
        raise InputChangedError(table.path)
    return table


def _reading_facts(table: TableRead) -> dict[str, Fact]:
    mended = {f"mended_{name}": count for name, count in table.repairs.items()}
    return {"encoding": table.encoding, **mended}


@dg.asset(deps=["train_csv"], kinds={"duckdb"}, code_version="1")
def raw_qa(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Every row of `train.csv`, read strictly, with the file's hash and the row's number.

    Outer spaces, stray quotes and decomposed Korean are mended and counted. A file that breaks the
    contract is refused with every bad row and column named, and the table stays as it was. Rows
    that only look wrong are warned of, and kept or dropped as the profile's `row_quality` says.
    """
    settings = lake.settings.row_quality

    def build(work: Work) -> TableReport:
        table = _read(work, "train_csv", read_train)
        warnings = row_warnings(table.frame)
        kept = without_dropped(table.frame, warnings, settings)
        if kept.empty:
            raise ContractError(table.path, [ALL_DROPPED])
        facts = {
            **_reading_facts(table),
            WARNED_ROWS: warnings["id"].nunique(),
            DROPPED_ROWS: len(table.frame) - len(kept),
            **{f"{kind}_warnings": n for kind, n in warnings["kind"].value_counts().items()},
        }
        notes = {WARNINGS: warnings.head(SHOWN_WARNINGS).to_markdown(index=False)}
        return TableReport(frame=kept, facts=facts, notes=notes)

    return lake.table(context, config_of(row_quality=settings), build)


@dg.asset(deps=["test_csv"], kinds={"duckdb"}, code_version="1")
def raw_questions(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Every question of `test.csv`, read as strictly as `raw_qa`."""

    def build(work: Work) -> TableReport:
        table = _read(work, "test_csv", read_test)
        return TableReport(frame=table.frame, facts=_reading_facts(table))

    return lake.table(context, {}, build)
