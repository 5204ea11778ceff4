"""Group `raw`: the tables that hold the rows of the raw files.

What belongs here: getting files into DuckDB unchanged but repaired. What does not: any row that no
file holds. The files themselves are external assets (`hansol_assets.definitions`).
"""

from typing import Annotated

from hansol_assets.lake.declaration import Setting, lake_table
from hansol_assets.lake.errors import InputChangedError
from hansol_assets.lake.handles import Source
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.table import (
    ContractError,
    TableRead,
    TableSettings,
    Violation,
    no_questions,
    read_test,
    read_train,
)
from hansol_assets.qa.table.row_quality import RowQualitySettings, without_dropped
from hansol_assets.qa.table.row_warnings import (
    DROPPED_ROWS,
    SHOWN_WARNINGS,
    WARNED_ROWS,
    WARNINGS,
    row_warnings,
)

ALL_DROPPED = Violation(
    None,
    "",
    "every row looks wrong and would be dropped",
    "mend the rows, or set the kinds of row_quality to keep",
)


def _unchanged(table: TableRead, source: Source) -> TableRead:
    if table.sha256 != source.version:
        raise InputChangedError(table.path)
    return table


Reading = Annotated[TableSettings, Setting("table.of_reading")]
"""What decides what is read of a file: where the file is does not."""


@lake_table(kinds={"duckdb"}, code_version="2")
def raw_qa(train_csv: Source, row_quality: RowQualitySettings, table: Reading) -> TableReport:
    """Every row of the training file, read strictly, with the file's hash and the row's number.

    Which columns hold questions and answers is recognised, or said by `table`. Outer spaces, stray
    quotes and decomposed Korean are mended and counted. A file that breaks the contract is refused
    with every bad row and column named, and the table stays as it was. Rows that only look wrong
    are warned of, and kept or dropped as the profile's `row_quality` says.
    """
    read = _unchanged(read_train(train_csv.path, table), train_csv)
    warnings = row_warnings(read.frame)
    kept = without_dropped(read.frame, warnings, row_quality)
    if kept.empty:
        raise ContractError(read.path, [ALL_DROPPED])
    facts = {
        **read.facts(),
        WARNED_ROWS: warnings["id"].nunique(),
        DROPPED_ROWS: len(read.frame) - len(kept),
        **{f"{kind}_warnings": n for kind, n in warnings["kind"].value_counts().items()},
    }
    notes = {WARNINGS: warnings.head(SHOWN_WARNINGS).to_markdown(index=False)}
    return TableReport(frame=kept, facts=facts, notes=notes)


@lake_table(kinds={"duckdb"}, code_version="2")
def raw_questions(test_csv: Source | None, table: Reading) -> TableReport:
    """Every question of the test file, read as strictly as `raw_qa`; none where there is no file.

    Without questions the chain ends with the leaderboard and the adapter.
    """
    if test_csv is None:
        return TableReport(frame=no_questions())
    read = _unchanged(read_test(test_csv.path, table), test_csv)
    return TableReport(frame=read.frame, facts={**read.facts()})
