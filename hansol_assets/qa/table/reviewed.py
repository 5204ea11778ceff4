"""The review file: questions that a person was asked to answer, and the answers filled in.

What belongs here: the file's columns, and reading it: what was filled in, or all that stands in it.
What does not: which questions stand in it (`hansol_assets.answering.reviewing`).
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from hansol_assets.commands import REVIEW
from hansol_assets.qa.table.cells import TextCells, placeholder_key
from hansol_assets.qa.table.columns import (
    ANSWERS,
    CATEGORY,
    FILE_SHA256,
    ID,
    QUESTION,
    QUESTIONS,
    ROW_NUMBER,
)
from hansol_assets.qa.table.formulas import unguarded
from hansol_assets.qa.table.ids import content_ids
from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.personal_data import masked
from hansol_assets.qa.table.reading import RawTable, read_any_columns
from hansol_assets.qa.table.settings import PLACEHOLDERS
from hansol_assets.qa.table.source import cells_of
from hansol_assets.qa.table.violations import ContractError, Violation

ANSWER = "answer"
"""The column that a person fills in."""

REVIEWED_COLUMNS = [ID, QUESTION, CATEGORY, ANSWER]
"""Of the table of reviewed answers; a review file has these and may have others."""

NOT_YET = ("보류", "대기", "확인 중", "확인 필요", "검토 중", "모름", "tbd", "todo", "?")
"""What a person writes who puts an answer off, beside a table's placeholders."""


def read_reviewed(
    path: Path, placeholders: Iterable[str] = PLACEHOLDERS, *, masks: bool = False
) -> pd.DataFrame:
    """Reads the rows of a review file whose answer was filled in.

    Args:
        path: A table in any format, as an editor or Excel saved it.
        placeholders: Cells that stand for no answer; `NOT_YET` does, too.
        masks: Whether personal numbers are masked.

    Returns:
        `REVIEWED_COLUMNS` as texts, ordered by id, which is made of the question.

    Raises:
        ContractError: The file is no table, lacks a column, or answers a question twice.
    """
    raw = _read(path)
    cells = TextCells(raw.source, Counter(), ())
    present = [name for name in (QUESTION, ANSWER, CATEGORY) if name in raw.source.header]
    texts = {name: list(map(unguarded, cells.column(name).to_pylist())) for name in present}
    frame = pd.DataFrame({CATEGORY: "", **texts}).assign(place=list(raw.source.places))
    none = {"", *map(placeholder_key, (*placeholders, *NOT_YET))}
    filled = frame[~frame[ANSWER].map(placeholder_key).isin(none)]
    violations = _violations(filled, raw.source.unit)
    if violations:
        raise ContractError(path, violations)
    if masks:
        filled = filled.assign(**{name: filled[name].map(masked) for name in (QUESTION, ANSWER)})
    named = filled.assign(**{ID: content_ids(filled[QUESTION].tolist(), "reviewed")})
    return named[REVIEWED_COLUMNS].sort_values(ID, ignore_index=True).astype("string")


def read_every_row(path: Path) -> pd.DataFrame:
    """Reads a review file to be written again: every row and column, the cells as they stand.

    Args:
        path: A table in any format, as an editor or Excel saved it.

    Raises:
        ContractError: The file is no table, lacks a column, or has a row that cannot be read, which
            would be lost.
    """
    source = _read(path).source
    if source.violations:
        raise ContractError(path, source.violations)
    columns = zip(source.header, map(cells_of, source.columns), strict=True)
    texts = {name: map(as_text, cells) for name, cells in columns}
    return pd.DataFrame({name: list(map(unguarded, cells)) for name, cells in texts.items()})


def _read(path: Path) -> RawTable:
    # Where nothing was doubtful, a header is all that was written.
    raw = read_any_columns(path, None, lambda names: QUESTION in names)
    violations = [
        Violation(None, name, "is missing", f"write the file anew with: {REVIEW}")
        for name in (QUESTION, ANSWER)
        if name not in raw.source.header
    ]
    if violations:
        raise ContractError(path, violations)
    return raw


def _violations(filled: pd.DataFrame, unit: str) -> list[Violation]:
    empty = filled[filled[QUESTION] == ""]
    twice = filled[filled[QUESTION].duplicated() & (filled[QUESTION] != "")]
    return [
        Violation(place, QUESTION, "is empty beside an answer", "write the question", unit)
        for place in empty["place"]
    ] + [
        Violation(place, QUESTION, "is answered before", "keep one of the answers", unit)
        for place in twice["place"]
    ]


def no_reviewed() -> pd.DataFrame:
    """Returns the table of reviewed answers where there is no review file."""
    return pd.DataFrame({name: pd.Series(dtype="string") for name in REVIEWED_COLUMNS})


def as_rows(reviewed: pd.DataFrame) -> pd.DataFrame:
    """Returns reviewed answers as rows of the training table; no file's number belongs to them.

    Args:
        reviewed: `REVIEWED_COLUMNS`.
    """
    return pd.DataFrame(
        {
            ID: reviewed[ID],
            QUESTIONS: [[text] for text in reviewed[QUESTION]],
            CATEGORY: reviewed[CATEGORY],
            ANSWERS: [[text] for text in reviewed[ANSWER]],
            FILE_SHA256: "",
            ROW_NUMBER: 0,
        }
    )
