"""Group `raw`: the tables that hold the rows of the raw files.

What belongs here: getting files into DuckDB unchanged but repaired. What does not: any row that no
file holds. The files themselves are external assets (`hansol_assets.definitions`).
"""

from hansol_assets.lake.declaration import lake_table
from hansol_assets.lake.errors import InputChangedError
from hansol_assets.lake.handles import Source
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import TableReport
from hansol_assets.qa.contract import ContractError, TableRead, Violation, read_test, read_train
from hansol_assets.qa.row_quality import RowQualitySettings, without_dropped
from hansol_assets.qa.row_warnings import (
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


def _reading_facts(table: TableRead) -> dict[str, Fact]:
    mended = {f"mended_{name}": count for name, count in table.repairs.items()}
    return {"encoding": table.encoding, **mended}


@lake_table(kinds={"duckdb"})
def raw_qa(train_csv: Source, row_quality: RowQualitySettings) -> TableReport:
    """Every row of `train.csv`, read strictly, with the file's hash and the row's number.

    Outer spaces, stray quotes and decomposed Korean are mended and counted. A file that breaks the
    contract is refused with every bad row and column named, and the table stays as it was. Rows
    that only look wrong are warned of, and kept or dropped as the profile's `row_quality` says.
    """
    table = _unchanged(read_train(train_csv.path), train_csv)
    warnings = row_warnings(table.frame)
    kept = without_dropped(table.frame, warnings, row_quality)
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


@lake_table(kinds={"duckdb"})
def raw_questions(test_csv: Source) -> TableReport:
    """Every question of `test.csv`, read as strictly as `raw_qa`."""
    table = _unchanged(read_test(test_csv.path), test_csv)
    return TableReport(frame=table.frame, facts=_reading_facts(table))
