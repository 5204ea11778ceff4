"""Group `raw`: the tables that hold the rows of the raw files.

The files themselves are external assets (`hansol_assets.definitions`).
"""

from typing import Annotated

import pandas as pd

from hansol_assets.assets.libraries import NUMPY
from hansol_assets.lake.declaration import Setting, lake_table
from hansol_assets.lake.handles import Source, Table
from hansol_assets.lake.lake_errors import InputChangedError
from hansol_assets.lake.records import records
from hansol_assets.lake.reports import TableReport
from hansol_assets.plotting import bar_picture, length_picture
from hansol_assets.qa.table import (
    ContractError,
    TableRead,
    TableSettings,
    Violation,
    no_questions,
    read_test,
    read_train,
)
from hansol_assets.qa.table.columns import ANSWERS, QUESTIONS
from hansol_assets.qa.table.reviewed import as_rows, no_reviewed, read_reviewed
from hansol_assets.qa.table.row_warnings import (
    DROPPED_ROWS,
    SHOWN_WARNINGS,
    WARNED_ROWS,
    WARNINGS,
    row_warnings,
    without_dropped,
)
from hansol_assets.qa.text_lists import TextLists

ALL_DROPPED = Violation(
    None,
    "",
    "every row looks wrong and would be dropped",
    "mend the rows, or name fewer kinds in table.drop_rows",
)


def _unchanged(table: TableRead, source: Source) -> TableRead:
    if table.sha256 != source.version:
        raise InputChangedError(table.path)
    return table


PATHS = ("train", "test", "template")
"""Where the files are does not decide what is read of them."""


@lake_table(kinds={"duckdb"}, code_version="3", named_by_content=True, libraries=NUMPY)
def reviewed_answers(
    review_csv: Source | None,
    placeholders: Annotated[tuple[str, ...], Setting("table.placeholders")],
    personal_data: Annotated[str, Setting("table.personal_data")],
) -> TableReport:
    """The answers that a person filled in after `hansol review`; none where there is no file.

    Questions that still wait for an answer, a placeholder beside them or not, are no rows of it, so
    that writing the queue anew makes nothing out of date.
    """
    if review_csv is None:
        return TableReport(frame=no_reviewed())
    masks = personal_data == "mask"
    return TableReport(frame=read_reviewed(review_csv.path, placeholders, masks=masks))


@lake_table(kinds={"duckdb"}, code_version="4", libraries=NUMPY)
def raw_qa(
    train_csv: Source,
    reviewed_answers: Table,
    table: Annotated[TableSettings, Setting("table", without=PATHS)],
) -> TableReport:
    """Every row of the training file, read strictly, and every answer that a person filled in.

    A row has its file's hash and its number there. Which columns hold questions and answers is
    recognised, or said by `table`. Outer spaces, stray quotes and decomposed Korean are mended and
    counted. A file that breaks the contract is refused with every bad row and column named, and
    the table stays as it was. Rows that only look wrong are warned of, and kept or dropped as the
    profile's `table.drop_rows` says.
    """
    read = _unchanged(read_train(train_csv.path, table), train_csv)
    reviewed = as_rows(reviewed_answers.read())
    rows = _together(read.frame, reviewed)
    warnings = row_warnings(rows)
    remaining = without_dropped(rows, warnings, table.drop_rows)
    if remaining.empty:
        raise ContractError(read.path, [ALL_DROPPED])
    facts = {
        **read.facts(),
        WARNED_ROWS: warnings["id"].nunique(),
        DROPPED_ROWS: len(rows) - len(remaining),
        "reviewed_rows": len(reviewed),
        **{f"{kind}_warnings": n for kind, n in warnings["kind"].value_counts().items()},
    }
    notes = {
        "categories": bar_picture(
            "Rows by category", remaining["category"].value_counts().to_dict(), "rows"
        ),
        "lengths": length_picture(
            "Lengths",
            {name: TextLists.of(remaining[name]).characters for name in (QUESTIONS, ANSWERS)},
        ),
    }
    tables = {WARNINGS: records(warnings.head(SHOWN_WARNINGS))}
    return TableReport(frame=remaining, facts=facts, notes=notes, tables=tables)


def _together(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """Puts rows of fewer columns below others, in the types of these."""
    if more.empty:
        return rows
    return pd.concat([rows, more.astype(rows.dtypes[more.columns])], ignore_index=True)


@lake_table(kinds={"duckdb"}, code_version="4", libraries=NUMPY)
def raw_questions(
    test_csv: Source | None,
    table: Annotated[TableSettings, Setting("table", without=(*PATHS, "drop_rows"))],
) -> TableReport:
    """Every question of the test file, read as strictly as `raw_qa`; none where there is no file.

    Without questions the chain ends with the leaderboard and the adapter.
    """
    if test_csv is None:
        return TableReport(frame=no_questions())
    read = _unchanged(read_test(test_csv.path, table), test_csv)
    return TableReport(frame=read.frame, facts={**read.facts()})
