"""The columns of the canonical tables, whatever a file calls its own, and the ids of their rows."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.violations import Violation

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

_DIGITS = 12
"""Hexadecimal digits of a SHA-256 (48 bits: one clash in 100,000 rows has a chance of 2 in 10^5,
and would only be told apart as rows of the same content are)."""
_MADE = re.compile(rf"(?:row|reviewed)_[0-9a-f]{{{_DIGITS}}}(?:_\d+)?")


def numbered(columns: Iterable[str], prefix: str) -> list[str]:
    """The columns named by the prefix and a plain number, in the order of that number."""
    # "vec_07" is not a second way to write "vec_7".
    plain = re.compile(rf"{re.escape(prefix)}(?:0|[1-9][0-9]*)")
    names = filter(plain.fullmatch, columns)
    return sorted(names, key=lambda name: int(name.removeprefix(prefix)))


def answers_of(rows: pd.DataFrame) -> list[str]:
    """Every reference answer of training rows, row by row."""
    return [answer for answers in rows[ANSWERS] for answer in answers]


def shortest(answers: Sequence[str], most: int) -> list[str]:
    """The shortest of a row's answers: they say what was asked for with the least beside it."""
    return sorted(answers, key=len)[:most]


def shown_id(row_id: str, number: int) -> str:
    """A row's id as a person knows it; of one that was made here, its row number in the file.

    Number 0 is an answer of the review file.
    """
    if _MADE.fullmatch(row_id) is None:
        return row_id
    return str(number) if number else "review.csv"


def content_ids(content: Iterable[str], kind: str) -> list[str]:
    """Names rows by a kind and their content, so that another order of the rows renames none.

    Rows of the same content get a number from the second on.
    """
    seen: Counter[str] = Counter()
    ids = []
    for text in content:
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        key = f"{kind}_{digest[:_DIGITS]}"
        seen[key] += 1
        ids.append(key if seen[key] == 1 else f"{key}_{seen[key]}")
    return ids


def doubled(
    ids: pa.ChunkedArray, positions: Sequence[int], column: str, unit: str
) -> list[Violation]:
    """The rows whose id stood before, each with the row where it did."""
    if pc.count_distinct(ids).as_py() == len(ids):
        return []
    first: dict[str, int] = {}
    return [
        Violation(
            positions[row],
            column,
            f"{key!r} already stands on {unit} {positions[first[key]]}",
            "give each row its own id",
            unit,
        )
        for row, key in enumerate(ids.to_pylist())
        if key and first.setdefault(key, row) != row
    ]
