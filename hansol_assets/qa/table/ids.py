"""Ids of rows: unique ones of the table's own, or made from the content.

What belongs here: naming rows. What does not: which column holds ids
(`hansol_assets.qa.table.mapping`).
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.violations import Violation

_DIGITS = 12
"""Hexadecimal digits of a SHA-256 (48 bits: one clash in 100,000 rows has a chance of 2 in 10^5,
and would only be told apart as rows of the same content are)."""


_MADE = re.compile(rf"(?:row|reviewed)_[0-9a-f]{{{_DIGITS}}}(?:_\d+)?")


def told_by(row_id: str, number: int) -> str:
    """How a person is told of a row: by its own id, or by its number where that was made here.

    Args:
        row_id: The id.
        number: Which row of its file it is, from 1; 0 for an answer of the review file.
    """
    if _MADE.fullmatch(row_id) is None:
        return row_id
    return str(number) if number else "review.csv"


def content_ids(content: Iterable[str], kind: str) -> list[str]:
    """Names rows by their content, so that another order of the rows renames none.

    Rows of the same content get a number from the second on; which of them is which means nothing.

    Args:
        content: The text of each row.
        kind: The first word of the ids.
    """
    seen: Counter[str] = Counter()
    ids = []
    for text in content:
        key = (
            f"{kind}_{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:_DIGITS]}"
        )
        seen[key] += 1
        ids.append(key if seen[key] == 1 else f"{key}_{seen[key]}")
    return ids


def doubled(ids: pa.ChunkedArray, places: Sequence[int], column: str, unit: str) -> list[Violation]:
    """The rows whose id stood before, each with the row where it did."""
    if pc.count_distinct(ids).as_py() == len(ids):
        return []
    first_places: dict[str, int] = {}
    return [
        Violation(
            place,
            column,
            f"{key!r} already stands on {unit} {first_places[key]}",
            "give each row its own id",
            unit,
        )
        for key, place in zip(ids.to_pylist(), places, strict=True)
        if key and first_places.setdefault(key, place) != place
    ]
