"""Tables of vectors: submissions, and the template that gives their rows and their width."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from hansol_assets.errors import InputError
from hansol_assets.qa.table.column_names import closest
from hansol_assets.qa.table.columns import (
    FILE_SHA256,
    ID,
    ROW_NUMBER,
    VECTOR_PREFIX,
    doubled,
    numbered,
)
from hansol_assets.qa.table.raw_table import RawTable, as_text
from hansol_assets.qa.table.reading import read_columns
from hansol_assets.qa.table.repairs import mend
from hansol_assets.qa.table.violations import ContractError, Violation, listed


class UnfitTemplateError(InputError):
    """A template that the submission would not fit, found before anything is trained."""


@dataclass(frozen=True, eq=False)
class VectorTable:
    """A valid file of vectors: `id`, vectors of a submission (float64), `file_sha256, row_number`.

    `width` is the number of vector columns in the file (`vec_0` …).
    """

    frame: pd.DataFrame
    width: int
    path: Path
    sha256: str


@dataclass(frozen=True)
class SubmissionForm:
    """The ids of a submission's rows, in order, and its values a vector."""

    ids: tuple[str, ...]
    width: int


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


def submission_form(
    template: VectorTable | None, questions: pd.DataFrame, dimensions: int
) -> SubmissionForm:
    """The form of a template; without one, the questions' order and the embedder's width."""
    if template is None:
        return SubmissionForm(tuple(questions[ID]), dimensions)
    return SubmissionForm(tuple(template.frame[ID]), template.width)


def require_fitting(template: VectorTable, ids: Sequence[str], dimensions: int) -> None:
    """Refuses a template of another width, or of other questions, than the run will fill.

    Raises:
        UnfitTemplateError: With the settings that would fit.
    """
    problems = []
    width = template.width
    if width != dimensions:
        problems.append(
            f"it has {width} vector columns, and the embedder makes {dimensions}: set "
            f"embedder.model_id to a model of {width} dimensions and embedder.dimensions to "
            f"{width}, or take {template.path.name} away to submit vectors of {dimensions}"
        )
    expected, present = set(template.frame[ID]), set(ids)
    differences = {
        "has rows that no question has": sorted(expected - present),
        "lacks rows of questions": sorted(present - expected),
    }
    problems += [f"it {what}: {listed(keys)}" for what, keys in differences.items() if keys]
    if problems:
        text = "\n  - ".join(problems)
        msg = f"{template.path} does not fit this run:\n  - {text}\nNothing was trained."
        raise UnfitTemplateError(msg)


class _Draft:
    def __init__(self, path: Path) -> None:
        self._raw = raw = read_columns(path, None, lambda names: ID in names)
        self._path = path
        # As many as the header has: a gap in the numbers then shows as a missing column.
        width = max(1, sum(name.startswith(VECTOR_PREFIX) for name in set(raw.header)))
        self._expected = [ID, *(f"{VECTOR_PREFIX}{number}" for number in range(width))]
        self._violations = [*raw.violations, *_check_header(raw, self._expected)]
        self._present = [name for name in self._expected if raw.header.count(name) == 1]
        self._vectors = numbered(self._present, VECTOR_PREFIX)
        self.ids = self._texts([ID] if ID in self._present else [])
        self._require_ids()

    def _texts(self, names: Sequence[str]) -> pd.DataFrame:
        columns = {
            name: [mend(as_text(cell), self._raw.repairs) for cell in self._raw.cells(name)]
            for name in names
        }
        return pd.DataFrame(columns, dtype=object)

    def _require_ids(self) -> None:
        if ID not in self.ids:
            return
        unit, positions = self._raw.unit, self._raw.positions
        ids = self.ids[ID].tolist()
        self._violations += [
            Violation(positions[row], ID, "is empty", "fill the cell", unit)
            for row, key in enumerate(ids)
            if not key
        ]
        self._violations += doubled(pa.chunked_array([ids]), positions, ID, unit)

    def require_order(self) -> None:
        header = self._raw.header
        if sorted(header) != sorted(self._expected):
            return
        remedy = "put the columns in the order id, vec_0, vec_1 …"
        self._violations += [
            Violation(
                self._raw.header_position, name, f"stands where {expected} is expected", remedy
            )
            for name, expected in zip(header, self._expected, strict=True)
            if name != expected
        ]

    def numbers(self) -> pd.DataFrame:
        """The table with its vectors as float64; what is no finite number is a violation."""
        text = self._texts(self._vectors)
        values = text.apply(pd.to_numeric, errors="coerce").astype("float64")
        for row, index in np.argwhere(~np.isfinite(values.to_numpy())):
            problem = f"{text.iat[row, index]!r} is not a finite number"
            line, column = self._raw.positions[row], self._vectors[index]
            self._violations.append(
                Violation(line, column, problem, "write a number", self._raw.unit)
            )
        return pd.concat([self.ids, values], axis="columns")

    def finish(self, frame: pd.DataFrame) -> VectorTable:
        if self._violations:
            raise ContractError(self._path, self._violations)
        sha256 = self._raw.sha256
        named = frame.assign(**{FILE_SHA256: sha256, ROW_NUMBER: np.arange(1, len(frame) + 1)})
        return VectorTable(named, len(self._vectors), self._path, sha256)


def _check_header(raw: RawTable, expected: list[str]) -> list[Violation]:
    line, header = raw.header_position, raw.header
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
