"""The columns of the canonical tables, whatever a file calls its own.

What belongs here: names that every table has once it is read, and how its texts are listed. What
does not: what a file may call them (`hansol_assets.qa.table.names`) and what makes it valid
(`hansol_assets.qa.table.contract`).
"""

from collections.abc import Iterable, Sequence

import pandas as pd

ID = "id"
QUESTION = "question"
"""The one question of a row of test questions."""
QUESTIONS = "questions"
"""The paraphrases of a training row's question, a list of one or more texts."""
CATEGORY = "category"
ANSWERS = "answers"
"""The reference answers of a training row, a list of one or more texts."""
VECTOR_PREFIX = "vec_"

FILE_SHA256 = "file_sha256"
ROW_NUMBER = "row_number"
"""Which row, or record, of its file a row is from, from 1."""

RESERVED = (FILE_SHA256, ROW_NUMBER, "leak_group", "fold", "split")
"""Columns that the project adds to the rows; a carried column gets another name."""


def numbered(columns: Iterable[str], prefix: str) -> list[str]:
    """The columns named by the prefix and a plain number, in the order of that number."""
    found = [name for name in columns if _number(name, prefix) is not None]
    return sorted(found, key=lambda name: _number(name, prefix) or 0)


def answers_of(rows: pd.DataFrame) -> list[str]:
    """Every reference answer of training rows, row by row."""
    return [answer for own in rows[ANSWERS] for answer in own]


def shortest(answers: Sequence[str], most: int) -> list[str]:
    """The shortest of a row's answers: they say what was asked for with the least beside it."""
    return sorted(answers, key=len)[:most]


def _number(name: str, prefix: str) -> int | None:
    digits = name.removeprefix(prefix)
    canonical = name.startswith(prefix) and digits.isascii() and digits.isdigit()
    # "vec_07" is not a second way to write "vec_7".
    return int(digits) if canonical and str(int(digits)) == digits else None
