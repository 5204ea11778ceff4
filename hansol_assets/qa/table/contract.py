"""The table contract: what the CSV files must hold.

What belongs here: which columns, ids and values make a file valid, and the frame that a valid file
becomes. What does not: encodings and CSV syntax (`hansol_assets.qa.reading`), repairs of a cell
(`hansol_assets.qa.mending`), and where tables are stored.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hansol_assets.qa import columns as names
from hansol_assets.qa.header import check_header
from hansol_assets.qa.mending import BLANK_LINES, REPAIRS, mend
from hansol_assets.qa.reading import CsvFile, Record, read_csv_file
from hansol_assets.qa.violations import ContractError, Violation

__all__ = [
    "ContractError",
    "TableRead",
    "Violation",
    "read_references",
    "read_submission",
    "read_template",
    "read_test",
    "read_train",
]

LONGEST_CELL = 20_000
"""Characters of a cell; a longer one has swallowed its neighbours, or is no answer."""

# A references file may be a part of the training table: its other columns are known, not needed.
_BESIDE_REFERENCES = frozenset({names.QUESTION, *names.QUESTION_COLUMNS, names.CATEGORY})


@dataclass(frozen=True, eq=False)
class TableRead:
    """A valid table and what was learnt from reading it.

    Attributes:
        frame: The table's columns in canonical order as text (vectors of a submission as float64),
            then `file_sha256` and `row_number` (1 is the first data row).
        path: The file.
        sha256: Hex digest of the file's bytes.
        encoding: "utf-8", "utf-8-sig" or "cp949".
        repairs: Number of mended cells by kind of repair; every kind is there, at 0 too.
    """

    frame: pd.DataFrame
    path: Path
    sha256: str
    encoding: str
    repairs: dict[str, int]

    @property
    def width(self) -> int:
        """Number of vector columns (`vec_0` …)."""
        return len(names.numbered(self.frame.columns, names.VECTOR_PREFIX))


def read_train(path: Path) -> TableRead:
    """Read `id, 질문_1, 질문_2, category, 답변_1 … 답변_5`; every cell is filled, ids are unique.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, lambda _: names.TRAIN_COLUMNS)
    draft.require_filled(names.TRAIN_COLUMNS)
    return draft.finish()


def read_test(path: Path) -> TableRead:
    """Read `id, 질문`; every cell is filled, ids are unique.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, lambda _: names.TEST_COLUMNS)
    draft.require_filled(names.TEST_COLUMNS)
    return draft.finish()


def read_template(path: Path) -> TableRead:
    """Read a submission template: `id, vec_0 … vec_{n-1}` in that order; its values mean nothing.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, _vector_columns)
    # The template decides the order of the submission's columns, so here it is part of the rule.
    draft.require_order()
    draft.require_filled([names.ID])
    return draft.finish()


def read_submission(path: Path) -> TableRead:
    """Read a submission: `id, vec_0 … vec_{n-1}`, n at least 1, every value finite.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, _vector_columns)
    draft.require_filled([names.ID])
    draft.require_finite(names.numbered(draft.frame.columns, names.VECTOR_PREFIX))
    return draft.finish()


def read_references(path: Path) -> TableRead:
    """Read `id, 답변_1 …`: at least one answer column, at least one answer a row.

    The training table's other columns may stand beside them and are left out of the frame.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, _reference_columns, ignored=_BESIDE_REFERENCES)
    draft.require_filled([names.ID])
    draft.require_any(names.numbered(draft.frame.columns, names.ANSWER_PREFIX))
    return draft.finish()


def _vector_columns(header: Sequence[str]) -> tuple[str, ...]:
    # As many as the header has: a gap in the numbers then shows as a missing column.
    width = max(1, sum(name.startswith(names.VECTOR_PREFIX) for name in set(header)))
    return (names.ID, *(f"{names.VECTOR_PREFIX}{number}" for number in range(width)))


def _reference_columns(header: Sequence[str]) -> tuple[str, ...]:
    answers = names.numbered(dict.fromkeys(header), names.ANSWER_PREFIX)
    return (names.ID, *(answers or names.ANSWER_COLUMNS[:1]))


@dataclass(eq=False)
class _Draft:
    """A table under inspection: the cells that could be read, and the violations so far.

    `frame` is indexed by line and holds the expected columns that the file has.
    """

    path: Path
    source: CsvFile
    header: list[str]
    expected: tuple[str, ...]
    frame: pd.DataFrame
    repairs: Counter[str]
    violations: list[Violation]

    @classmethod
    def read(
        cls,
        path: Path,
        expected_of: Callable[[Sequence[str]], tuple[str, ...]],
        ignored: frozenset[str] = frozenset(),
    ) -> "_Draft":
        source = read_csv_file(path)
        repairs = Counter(dict.fromkeys(REPAIRS, 0))
        repairs[BLANK_LINES] = source.blank_lines
        header = [mend(name, repairs) for name in source.header.cells]
        expected = expected_of(header)
        violations = source.violations + check_header(source.header.line, header, expected, ignored)
        violations += _check_shape(header, source.records)

        present = [name for name in expected if header.count(name) == 1]
        records = [record for record in source.records if len(record.cells) == len(header)]
        frame = pd.DataFrame(
            {
                name: [mend(record.cells[place], repairs) for record in records]
                for name, place in ((name, header.index(name)) for name in present)
            },
            index=[record.line for record in records],
            dtype=object,
        )
        draft = cls(path, source, header, expected, frame, repairs, violations)
        draft.require_unique_ids()
        draft.require_short()
        return draft

    def require_filled(self, columns: Iterable[str]) -> None:
        for column in self.frame.columns.intersection(list(columns)):
            for line in self.frame.index[self.frame[column] == ""]:
                self.violations.append(Violation(line, column, "is empty", "fill the cell"))

    def require_short(self) -> None:
        for column in self.frame.columns:
            lengths = self.frame[column].str.len()
            for line, length in lengths[lengths > LONGEST_CELL].items():
                problem = f"holds {length} characters, of {LONGEST_CELL} at most"
                remedy = "shorten it, or close the quote that opens it"
                self.violations.append(Violation(int(str(line)), column, problem, remedy))

    def require_any(self, columns: list[str]) -> None:
        if not columns:
            return
        empty = (self.frame[columns] == "").all(axis="columns")
        for line in self.frame.index[empty]:
            self.violations.append(
                Violation(line, "", "has no reference answer", "give at least one, or drop the row")
            )

    def require_unique_ids(self) -> None:
        if names.ID not in self.frame:
            return
        ids = self.frame[names.ID]
        first_lines: dict[str, int] = {}
        for line, key in zip(ids.index, ids, strict=True):
            first = first_lines.setdefault(key, line)
            if key and first != line:
                problem = f"{key!r} already stands on line {first}"
                remedy = "give each row its own id"
                self.violations.append(Violation(line, names.ID, problem, remedy))

    def require_order(self) -> None:
        if sorted(self.header) != sorted(self.expected):
            return
        for found, wanted in zip(self.header, self.expected, strict=True):
            if found != wanted:
                problem = f"stands where {wanted} is expected"
                remedy = "put the columns in the order id, vec_0, vec_1 …"
                self.violations.append(Violation(self.source.header.line, found, problem, remedy))

    def require_finite(self, columns: list[str]) -> None:
        """Turn the columns into float64 where every value of them is a finite number."""
        text = self.frame[columns]
        values = text.apply(pd.to_numeric, errors="coerce").astype("float64")
        for row, place in np.argwhere(~np.isfinite(values.to_numpy())):
            problem = f"{text.iat[row, place]!r} is not a finite number"
            line = int(text.index[row])
            self.violations.append(Violation(line, columns[place], problem, "write a number"))
        self.frame = pd.concat([self.frame.drop(columns=columns), values], axis="columns")

    def finish(self) -> TableRead:
        if self.violations:
            raise ContractError(self.path, self.violations)
        frame = self.frame.reset_index(drop=True)
        frame[names.FILE_SHA256] = self.source.sha256
        frame[names.ROW_NUMBER] = np.arange(1, len(frame) + 1)
        return TableRead(
            frame, self.path, self.source.sha256, self.source.encoding, dict(self.repairs)
        )


def _check_shape(header: Sequence[str], records: Sequence[Record]) -> list[Violation]:
    """Every record has as many cells as the header, and none has swallowed the ones after it."""
    violations = []
    shapes = {_shape(record.cells[0]) for record in records} - {_shape("")}
    for record in records:
        if len(record.cells) != len(header):
            problem = f"has {len(record.cells)} cells where the header has {len(header)}"
            remedy = "give each column one cell, and quote cells that hold commas"
            violations.append(Violation(record.line, "", problem, remedy))
        elif any(_swallows(cell, shapes) for cell in record.cells):
            problem = "a quote opened here runs on over the rows that follow"
            violations.append(Violation(record.line, "", problem, "close the quote on its line"))
    return violations


def _shape(key: str) -> str:
    """An id with its digits levelled, so that ids of one table look alike."""
    return re.sub(r"\d+", "0", key.strip())


def _swallows(cell: str, shapes: set[str]) -> bool:
    """Whether a line inside the cell starts as a row of this table does."""
    _, *inner = cell.splitlines() or [""]
    return any("," in line and _shape(line.partition(",")[0]) in shapes for line in inner)
