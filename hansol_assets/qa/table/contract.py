"""The table contract: what a file must hold, and the table that a valid file becomes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.cells import LISTS, TextCells
from hansol_assets.qa.table.column_names import TEST_QUESTION_WORDS, is_known_header
from hansol_assets.qa.table.columns import (
    ANSWERS,
    CATEGORY,
    FILE_SHA256,
    ID,
    QUESTION,
    QUESTIONS,
    RESERVED,
    ROW_NUMBER,
    content_ids,
    doubled,
)
from hansol_assets.qa.table.delimited import SEPARATOR_NAMES, swallowing_rows
from hansol_assets.qa.table.header import Header, Looks, first_texts
from hansol_assets.qa.table.mapping import (
    TableMapping,
    map_questions,
    map_references,
    map_training,
    numbered,
    onto_numbers,
    without_empty,
)
from hansol_assets.qa.table.raw_table import RawTable, SheetRow
from hansol_assets.qa.table.reading import read_columns
from hansol_assets.qa.table.repairs import BLANK_LINES, REPAIRS, repair_notes
from hansol_assets.qa.table.table_settings import TableSettings
from hansol_assets.qa.table.violations import ContractError, Violation, listed

Mapper = Callable[[Header, TableSettings], TableMapping]


@dataclass(frozen=True, eq=False)
class TableRead:
    """A valid table and what was learnt from reading it.

    Attributes:
        frame: The canonical columns, carried columns under their own names as text, then
            `file_sha256` and `row_number` (which record of its file a row is from, from 1). All are
            Arrow's.
        sha256: Hex digest of the file's bytes.
        form: "csv", "workbook", "json", "jsonl" or "parquet".
        encoding: Of a text file; else empty. Likewise the separator and the sheets that were read.
        repairs: Number of mended cells by kind of repair; the usual ones are there at 0, too.
        notes: What a person should know of how the file was read, a sentence each.
    """

    frame: pd.DataFrame
    path: Path
    sha256: str
    form: str
    encoding: str
    separator: str
    sheet: str
    mapping: TableMapping
    repairs: dict[str, int]
    notes: tuple[str, ...]

    def facts(self) -> dict[str, str | int]:
        """What was recognised and mended, for an asset's metadata and for a person."""
        read = {
            "format": self.form,
            "encoding": self.encoding,
            "separator": {"\t": "tab"}.get(self.separator, self.separator),
            "sheet": self.sheet,
        }
        return {
            **{name: text for name, text in read.items() if text},
            **{f"column_{name}": text for name, text in self.mapping.facts().items()},
            **{f"mended_{name}": count for name, count in self.repairs.items()},
            **({"notes": "; ".join(self.notes)} if self.notes else {}),
        }

    def description(self) -> list[str]:
        """What the file was taken for, in lines for a person."""
        size = f"{len(self.frame)} questions"
        if ANSWERS in self.frame:
            counts = self.frame[ANSWERS].map(len)
            fewest, most = counts.min(), counts.max()
            answers = f"{fewest} to {most}" if fewest < most else most
            size = f"{len(self.frame)} rows, {answers} answers a row"
        separator = SEPARATOR_NAMES.get(self.separator, self.separator)
        how = [
            self.form,
            f"sheet {self.sheet}" if self.sheet else "",
            self.encoding,
            f"separated by {separator}s" if separator else "",
        ]
        # A note names what is carried along.
        facts = replace(self.mapping, carried=()).facts()
        mapped = [f"{name}: {text}" for name, text in facts.items()]
        return [size, f"read as {', '.join(filter(None, how))}", *mapped, *self.notes]


def read_train(path: Path, settings: TableSettings) -> TableRead:
    """Reads a training table: at least one question and one answer a row, ids unique.

    Cells that are empty or hold a placeholder ("없음", "-") are skipped. Where there is no id, it
    is made from the content; where there is no category, it is "".

    Returns:
        `id, questions` (list), `category, answers` (list), carried columns, `file_sha256,
        row_number`.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, settings, map_training)
    questions, answers = draft.questions(), draft.texts(draft.mapping.answers)
    draft.require(questions, draft.mapping.questions, "no question")
    draft.require(answers, draft.mapping.answers, "no answer")
    category = draft.filled_column(draft.mapping.category)
    content = (
        "\x1f".join([*asked, "", *given])
        for asked, given in zip(_each(questions), _each(answers), strict=True)
    )
    columns = {
        ID: draft.ids(content, "row"),
        QUESTIONS: questions,
        CATEGORY: category,
        ANSWERS: answers,
    }
    return draft.finish(columns)


def read_test(path: Path, settings: TableSettings) -> TableRead:
    """Reads the questions to answer: one a row, ids unique, or made from the content.

    Returns `id, question`, carried columns, `file_sha256, row_number`.

    Raises:
        ContractError: With every violation in the file.
    """
    unfilled = settings.model_copy(update={"placeholders": ()})
    draft = _Draft.read(path, unfilled, map_questions, TEST_QUESTION_WORDS)
    questions = draft.questions()
    draft.require(questions, draft.mapping.questions, "no question")
    texts = [next(iter(asked), "") for asked in _each(questions)]
    return draft.finish({ID: draft.ids(texts, "question"), QUESTION: _strings(texts)})


def no_questions() -> pd.DataFrame:
    """Returns the table of questions where there is no test file."""
    return pd.DataFrame({ID: pd.Series(dtype="string"), QUESTION: pd.Series(dtype="string")})


def read_references(path: Path, settings: TableSettings) -> TableRead:
    """Reads reference answers, as a training table has: an id and at least one answer a row.

    Returns `id, answers` (list), `file_sha256, row_number`.

    Raises:
        ContractError: With every violation in the file.
    """
    draft = _Draft.read(path, settings, map_references)
    answers = draft.texts(draft.mapping.answers)
    draft.require(answers, draft.mapping.answers, "no reference answer")
    read = draft.finish({ID: draft.ids([""] * len(answers), "row"), ANSWERS: answers})
    return replace(read, frame=read.frame[[ID, ANSWERS, FILE_SHA256, ROW_NUMBER]])


def _each(lists: pa.ChunkedArray) -> Iterator[list[str]]:
    """Yields the lists as Python's, those of one chunk in memory at a time."""
    for chunk in lists.chunks:
        yield from chunk.to_pylist()


def _strings(texts: list[str]) -> pa.ChunkedArray:
    return pa.chunked_array([texts], pa.string())


@dataclass(eq=False)
class _Draft:
    path: Path
    raw: RawTable
    mapping: TableMapping
    cells: TextCells
    violations: list[Violation]

    @classmethod
    def read(
        cls, path: Path, settings: TableSettings, map_header: Mapper, words: Sequence[str] = ()
    ) -> "_Draft":
        raw = read_columns(path, settings.sheet, partial(_is_header, settings, words))
        looks = Looks(dict(zip(raw.header, map(first_texts, raw.columns), strict=True)))
        header = Header(raw.header, looks, raw.header_position, raw.unit)
        mapping = map_header(header, settings)
        masks = settings.personal_data == "mask"
        cells = TextCells(raw, settings.placeholders, masks=masks)
        mapping = without_empty(mapping, cells, settings, raw.notes)
        if mapping.id is None and settings.id is None:
            mapping = numbered(mapping, cells, looks)
        violations = [
            *raw.violations,
            *header.violations,
            *onto_numbers(settings, looks),
            *swallowing_rows(raw, mapping.id),
        ]
        return cls(path, raw, mapping, cells, violations)

    def texts(self, names: Sequence[str]) -> pa.ChunkedArray:
        texts, violations = self.cells.lists(names)
        self.violations += violations
        return texts

    def questions(self) -> pa.ChunkedArray:
        """The questions, each with the input that follows it."""
        questions = self.texts(self.mapping.questions)
        if self.mapping.input is None:
            return questions
        inputs = self.texts([self.mapping.input])
        whole = [
            ["\n".join([question, *added]) for question in asked]
            for asked, added in zip(_each(questions), _each(inputs), strict=True)
        ]
        return pa.chunked_array([whole], LISTS)

    def require(self, texts: pa.ChunkedArray, names: Sequence[str], problem: str) -> None:
        if not names:
            return
        column = names[0] if len(names) == 1 else ""
        empty = f"has {problem}: {', '.join(names)} {'is' if len(names) == 1 else 'are'} empty"
        self._note(pc.list_value_length(texts), column, empty, "fill one, or drop the row")

    def filled_column(self, name: str | None) -> pa.ChunkedArray:
        """The cells of a column, each of which must be filled; "" for every row without one."""
        if name is None:
            return pa.chunked_array([pa.repeat("", len(self.raw.positions))])
        texts = self.cells.column(name)
        self._note(pc.binary_length(texts), name, "is empty", "fill the cell")
        return texts

    def _note(self, lengths: pa.ChunkedArray, column: str, problem: str, remedy: str) -> None:
        self.violations += [
            Violation(self.raw.positions[row], column, problem, remedy, self.raw.unit)
            for row in np.flatnonzero(lengths.to_numpy() == 0).tolist()
        ]

    def ids(self, content: Iterable[str], kind: str) -> pa.ChunkedArray:
        """The ids, filled and unique; made from the content where the table has none."""
        if self.mapping.id is None:
            return _strings(content_ids(content, kind))
        raw, column = self.raw, self.mapping.id
        ids = self.filled_column(column)
        clashes = doubled(ids, raw.positions, column, raw.unit)
        if clashes and isinstance(raw.positions[0], SheetRow):
            rows = zip(raw.positions, ids.to_pylist(), strict=True)
            ids = _strings([f"{getattr(row, 'sheet', '')} {row_id}" for row, row_id in rows])
            raw.notes.append("ids stand on several sheets: each has its sheet's name before it")
            clashes = doubled(ids, raw.positions, column, raw.unit)
        self.violations += clashes
        return ids

    def finish(self, columns: Mapping[str, pa.ChunkedArray]) -> TableRead:
        """The table, if there is no violation; the draft is spent then."""
        raw = self.raw
        if self.violations:
            raise ContractError(self.path, [*raw.doubts, *self.violations])
        carried = _carried_names(self.mapping, [*columns, *RESERVED])
        whole = {
            **columns,
            **{name: self.cells.carried(column) for column, name in carried},
            FILE_SHA256: pa.repeat(raw.sha256, len(raw.positions)),
            ROW_NUMBER: pa.array(raw.records, pa.int64()),
        }
        frame = pa.table(whole).to_pandas(types_mapper=pd.ArrowDtype)
        # The cells as they stood in the file are as much memory again.
        raw.columns.clear()
        pa.default_memory_pool().release_unused()
        raw.repairs[BLANK_LINES] += raw.blank_rows
        notes = [*raw.notes, *self.cells.notes(), *repair_notes(raw.repairs)]
        if self.mapping.carried:
            notes.append(f"columns carried along, not used: {listed(self.mapping.carried)}")
        return TableRead(
            frame=frame,
            path=self.path,
            sha256=raw.sha256,
            form=raw.form,
            encoding=raw.encoding,
            separator=raw.separator,
            sheet=raw.sheet,
            mapping=self.mapping,
            repairs={kind: raw.repairs[kind] for kind in REPAIRS} | +raw.repairs,
            notes=tuple(notes),
        )


def _is_header(settings: TableSettings, words: Sequence[str], names: Sequence[str]) -> bool:
    named = {*(settings.questions or ()), *(settings.answers or ())}
    return not {*named, settings.id, settings.test_question}.isdisjoint(names) or is_known_header(
        names, words
    )


def _carried_names(mapping: TableMapping, taken: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yields each carried column and the name that it has beside those taken in the table.

    DuckDB takes names that differ in case alone for one, so a name that is taken gets a suffix.
    """
    used = {name.casefold() for name in taken}
    for name in mapping.carried:
        chosen, number = name, 1
        while chosen.casefold() in used:
            number += 1
            chosen = f"{name}_{number}"
        used.add(chosen.casefold())
        yield name, chosen
