"""The review file: questions that a person was asked to answer, and the answers filled in."""

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
    content_ids,
)
from hansol_assets.qa.table.raw_table import RawTable, as_text, cells_of
from hansol_assets.qa.table.reading import read_any_columns
from hansol_assets.qa.table.table_settings import PLACEHOLDERS
from hansol_assets.qa.table.text_checks import masked
from hansol_assets.qa.table.violations import ContractError, Violation

ANSWER = "answer"
"""The column that a person fills in."""

REVIEWED_COLUMNS = [ID, QUESTION, CATEGORY, ANSWER]
"""Of the table of reviewed answers; a review file has these and may have others."""

_NOT_YET = ("보류", "대기", "확인 중", "확인 필요", "검토 중", "모름", "tbd", "todo", "?")
"""What a person writes who puts an answer off, beside a table's placeholders."""

_MARK = "'"
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""See https://owasp.org/www-community/attacks/CSV_Injection."""


def guarded(cell: str) -> str:
    """Marks a cell that a spreadsheet would run as a formula; any other is returned as it is."""
    return f"{_MARK}{cell}" if cell.startswith(_FORMULA_STARTS) else cell


def unguarded(cell: str) -> str:
    """Returns a cell as it was before `guarded`."""
    bare = cell.removeprefix(_MARK)
    return bare if bare.startswith(_FORMULA_STARTS) else cell


def read_reviewed(
    path: Path, placeholders: Iterable[str] = PLACEHOLDERS, *, masks: bool = False
) -> pd.DataFrame:
    """Reads the rows of a review file, in any format, whose answer was filled in.

    Placeholders stand for no answer, and so do words that put one off.

    Returns `REVIEWED_COLUMNS` as texts, ordered by id, which is made of the question.

    Raises:
        ContractError: The file is no table, lacks a column, or answers a question twice.
    """
    raw = _read(path)
    cells = TextCells(raw, ())
    present = [name for name in (QUESTION, ANSWER, CATEGORY) if name in raw.header]
    texts = {name: list(map(unguarded, cells.column(name).to_pylist())) for name in present}
    frame = pd.DataFrame({CATEGORY: "", **texts}).assign(position=list(raw.positions))
    none = {"", *map(placeholder_key, (*placeholders, *_NOT_YET))}
    filled = frame[~frame[ANSWER].map(placeholder_key).isin(none)]
    violations = _violations(filled, raw.unit)
    if violations:
        raise ContractError(path, violations)
    if masks:
        filled = filled.assign(**{name: filled[name].map(masked) for name in (QUESTION, ANSWER)})
    named = filled.assign(**{ID: content_ids(filled[QUESTION].tolist(), "reviewed")})
    return named[REVIEWED_COLUMNS].sort_values(ID, ignore_index=True).astype("string")


def read_every_row(path: Path) -> pd.DataFrame:
    """Reads a review file to be written again: every row and column, the cells as they stand.

    Raises:
        ContractError: The file is no table, lacks a column, or has a row that would be lost.
    """
    raw = _read(path)
    if raw.violations:
        raise ContractError(path, raw.violations)
    columns = zip(raw.header, map(cells_of, raw.columns), strict=True)
    texts = {name: map(as_text, cells) for name, cells in columns}
    return pd.DataFrame({name: list(map(unguarded, cells)) for name, cells in texts.items()})


def _read(path: Path) -> RawTable:
    # Where nothing was doubtful, a header is all that was written.
    raw = read_any_columns(path, None, lambda names: QUESTION in names)
    violations = [
        Violation(None, name, "is missing", f"write the file anew with: {REVIEW}")
        for name in (QUESTION, ANSWER)
        if name not in raw.header
    ]
    if violations:
        raise ContractError(path, violations)
    return raw


def _violations(filled: pd.DataFrame, unit: str) -> list[Violation]:
    empty = filled[filled[QUESTION] == ""]
    twice = filled[filled[QUESTION].duplicated() & (filled[QUESTION] != "")]
    return [
        Violation(position, QUESTION, "is empty beside an answer", "write the question", unit)
        for position in empty["position"]
    ] + [
        Violation(position, QUESTION, "is answered before", "keep one of the answers", unit)
        for position in twice["position"]
    ]


def no_reviewed() -> pd.DataFrame:
    """Returns the table of reviewed answers where there is no review file."""
    return pd.DataFrame({name: pd.Series(dtype="string") for name in REVIEWED_COLUMNS})


def as_rows(reviewed: pd.DataFrame) -> pd.DataFrame:
    """Returns reviewed answers as rows of the training table; no file's number belongs to them."""
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
