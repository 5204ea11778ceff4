"""Tables of vectors: submissions, and the template that gives their form.

What belongs here: files of `id, vec_0 …`. What does not: tables of questions and answers
(`hansol_assets.qa.table.contract`).
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from hansol_assets.qa.table.alike import closest
from hansol_assets.qa.table.columns import FILE_SHA256, ID, ROW_NUMBER, VECTOR_PREFIX, numbered
from hansol_assets.qa.table.ids import doubled
from hansol_assets.qa.table.nested import as_text
from hansol_assets.qa.table.reading import read_columns
from hansol_assets.qa.table.repairs import mend
from hansol_assets.qa.table.source import Source, cells_of
from hansol_assets.qa.table.violations import ContractError, Violation


@dataclass(frozen=True, eq=False)
class VectorTable:
    """A valid file of vectors.

    Attributes:
        frame: `id`, the vector columns of a submission (float64), `file_sha256, row_number`.
        width: Number of vector columns in the file (`vec_0` …).
        path: The file.
        sha256: Hex digest of the file's bytes.
    """

    frame: pd.DataFrame
    width: int
    path: Path
    sha256: str


def read_template(path: Path) -> VectorTable:
    """Reads a submission template: `id, vec_0 … vec_{n-1}` in that order; its values mean nothing.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft(path)
    # The template decides the order of the submission's columns, so here it is part of the rule.
    draft.require_order()
    return draft.finish(draft.ids)


def read_submission(path: Path) -> VectorTable:
    """Reads a submission: `id, vec_0 … vec_{n-1}`, n at least 1, every value finite.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft(path)
    return draft.finish(draft.numbers())


class _Draft:
    """A file of vectors under inspection."""

    def __init__(self, path: Path) -> None:
        raw = read_columns(path, None, lambda names: ID in names)
        self._path = path
        self._sha256 = raw.sha256
        self._source = raw.source
        header = raw.source.header
        # As many as the header has: a gap in the numbers then shows as a missing column.
        width = max(1, sum(name.startswith(VECTOR_PREFIX) for name in set(header)))
        self._expected = [ID, *(f"{VECTOR_PREFIX}{number}" for number in range(width))]
        self._violations = [*raw.source.violations, *_check_header(raw.source, self._expected)]
        self._repairs = raw.repairs
        self._present = [name for name in self._expected if header.count(name) == 1]
        self._vectors = numbered(self._present, VECTOR_PREFIX)
        self.ids = self._text([ID])
        self._require_ids()

    def _text(self, names: Sequence[str]) -> pd.DataFrame:
        """The columns of these names that are there once."""
        return pd.DataFrame(
            {name: self._column(name) for name in names if name in self._present}, dtype=object
        )

    def _column(self, name: str) -> list[str]:
        cells = cells_of(self._source.columns[self._source.header.index(name)])
        return [mend(as_text(cell), self._repairs) for cell in cells]

    def _require_ids(self) -> None:
        if ID not in self.ids:
            return
        unit, places = self._source.unit, self._source.places
        ids = self.ids[ID].tolist()
        self._violations += [
            Violation(places[row], ID, "is empty", "fill the cell", unit)
            for row, key in enumerate(ids)
            if not key
        ]
        self._violations += doubled(pa.chunked_array([ids]), places, ID, unit)

    def require_order(self) -> None:
        """Notes the columns that stand where another is expected."""
        if sorted(self._source.header) != sorted(self._expected):
            return
        remedy = "put the columns in the order id, vec_0, vec_1 …"
        self._violations += [
            Violation(
                self._source.header_place, found, f"stands where {wanted} is expected", remedy
            )
            for found, wanted in zip(self._source.header, self._expected, strict=True)
            if found != wanted
        ]

    def numbers(self) -> pd.DataFrame:
        """The table with its vectors as float64; what is no finite number is a violation."""
        text = self._text(self._vectors)
        values = text.apply(pd.to_numeric, errors="coerce").astype("float64")
        for row, place in np.argwhere(~np.isfinite(values.to_numpy())):
            problem = f"{text.iat[row, place]!r} is not a finite number"
            line, column = self._source.places[row], self._vectors[place]
            self._violations.append(
                Violation(line, column, problem, "write a number", self._source.unit)
            )
        return pd.concat([self.ids, values], axis="columns")

    def finish(self, frame: pd.DataFrame) -> VectorTable:
        if self._violations:
            raise ContractError(self._path, self._violations)
        named = frame.assign(
            **{FILE_SHA256: self._sha256, ROW_NUMBER: np.arange(1, len(frame) + 1)}
        )
        return VectorTable(named, len(self._vectors), self._path, self._sha256)


def _check_header(source: Source, expected: list[str]) -> list[Violation]:
    """Columns that are missing, unknown, renamed or doubled."""
    line, header = source.header_place, source.header
    doubles = [name for name, count in Counter(header).items() if count > 1]
    violations = [
        Violation(line, name, "stands more than once", "keep one of these columns")
        for name in doubles
    ]
    missing = [name for name in expected if name not in header]
    for name in dict.fromkeys(name for name in header if name not in expected):
        meant = closest(name, missing)
        if meant is None:
            violations.append(Violation(line, name, "is not a known column", "remove the column"))
            continue
        missing.remove(meant)
        problem = f"is not a known column; the closest name that is missing is {meant}"
        violations.append(Violation(line, name, problem, f"rename it to {meant}"))
    return violations + [Violation(line, name, "is missing", "add the column") for name in missing]
