"""The column names of the question-answer tables.

What belongs here: names that the CSV files and the tables made of them share. What does not: what
makes a file valid (`hansol_assets.qa.contract`).
"""

from collections.abc import Iterable

import pandas as pd

ID = "id"
CATEGORY = "category"
QUESTION = "질문"
QUESTION_COLUMNS = ("질문_1", "질문_2")
ANSWER_PREFIX = "답변_"
ANSWER_COLUMNS = tuple(f"{ANSWER_PREFIX}{number}" for number in range(1, 6))
VECTOR_PREFIX = "vec_"
TRAIN_COLUMNS = (ID, *QUESTION_COLUMNS, CATEGORY, *ANSWER_COLUMNS)
TEST_COLUMNS = (ID, QUESTION)

FILE_SHA256 = "file_sha256"
ROW_NUMBER = "row_number"


def numbered(columns: Iterable[str], prefix: str) -> list[str]:
    """The columns named by the prefix and a plain number, in the order of that number."""
    found = [name for name in columns if _number(name, prefix) is not None]
    return sorted(found, key=lambda name: _number(name, prefix) or 0)


def answers_of(rows: pd.DataFrame) -> list[str]:
    """Every reference answer of training rows, row by row."""
    return rows[numbered(rows.columns, ANSWER_PREFIX)].to_numpy().ravel().tolist()


def texts_of(rows: pd.DataFrame) -> list[str]:
    """Every question and every reference answer of training rows."""
    questions = rows[list(QUESTION_COLUMNS)].to_numpy().ravel().tolist()
    return questions + answers_of(rows)


def _number(name: str, prefix: str) -> int | None:
    digits = name.removeprefix(prefix)
    canonical = name.startswith(prefix) and digits.isascii() and digits.isdigit()
    # "vec_07" is not a second way to write "vec_7".
    return int(digits) if canonical and str(int(digits)) == digits else None
