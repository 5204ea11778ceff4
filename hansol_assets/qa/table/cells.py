"""The cells of a table as mended texts, row by row, in blocks of Arrow's strings."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.column_names import is_plural
from hansol_assets.qa.table.nested import is_texts, nested_value, texts_of
from hansol_assets.qa.table.raw_table import Column, RawTable, as_text
from hansol_assets.qa.table.repairs import LISTS_AS_TEXT, change_where, is_plain, mend, mend_all
from hansol_assets.qa.table.text_checks import mask_all
from hansol_assets.qa.table.violations import Violation

LONGEST_CELL = 20_000
"""Characters of a cell; a longer one has swallowed its neighbours, or is no answer."""

LISTS = pa.list_(pa.string())

_LONGEST_PLACEHOLDER = 20
_LIST = r"^\s*[\[{]"
_PYTHON_LIST = r"^\s*[\[{]\s*(?:array\(\[\s*)?'"
"""As Python shows a list of texts, or a mapping that holds one: nobody answers so."""
_IS_PYTHON_LIST = re.compile(_PYTHON_LIST)
_BLOCK = 32_768
"""Rows that are worked on together."""
_ASKS = frozenset({"prompt", "question", "instruction", "user", "질문"})
"""Columns of which a list of turns is read for the question, and not for the answer."""
_END_MARKS = ".!?。"


class _Texts(NamedTuple):
    """Texts of a block, each with the row of the block that it is of, and whether it was plain."""

    rows: np.ndarray
    texts: pa.Array
    plain: np.ndarray

    def filter(self, mask: np.ndarray) -> "_Texts":
        if mask.all():
            return self
        return _Texts(self.rows[mask], self.texts.filter(pa.array(mask)), self.plain[mask])


class TextCells:
    """The cells of a table as texts; mending them adds to the counts of its repairs."""

    def __init__(
        self, table: RawTable, placeholders: Iterable[str], *, masks: bool = False
    ) -> None:
        self._table = table
        self._masks = masks
        self._repairs = table.repairs
        self._placeholders = frozenset(map(placeholder_key, placeholders))
        self._lists: dict[str, int] = {}
        self._stood_for_none: dict[str, list[int]] = {}

    def raw(self, name: str) -> pa.ChunkedArray:
        """A column's cells as text, not mended; of a cell that holds several, its JSON."""
        column = self._table.column(name)
        if isinstance(column, pa.ChunkedArray):
            return column
        return pa.chunked_array([_strings(map(as_text, column))])

    def carried(self, name: str) -> pa.ChunkedArray:
        """A column's cells as `raw` gives them, with what is masked in others masked, too."""
        cells = self.raw(name)
        if not self._masks:
            return cells
        chunks = [mask_all(chunk, self._repairs) for chunk in cells.chunks]
        return pa.chunked_array(chunks, pa.string())

    def column(self, name: str) -> pa.ChunkedArray:
        """A column's cells as text, mended; of a cell that holds several, its JSON."""
        mended = [
            mend_all(chunk, is_plain(chunk), self._repairs) for chunk in self.raw(name).chunks
        ]
        return pa.chunked_array(mended, pa.string())

    def is_empty(self, name: str) -> bool:
        """Whether every cell of a column is empty, or would be once it is mended."""
        cells = chain.from_iterable(chunk.to_pylist() for chunk in self.raw(name).chunks)
        return not any(map(mend, cells))

    def lists(self, names: Sequence[str]) -> tuple[pa.ChunkedArray, list[Violation]]:
        """The filled texts of some columns, row by row, in the order of the columns, once a row.

        A cell holds a text or a list of them, which may be written as a text.

        Returns:
            A list of texts a row, and a violation for each text that is too long.
        """
        count = len(self._table.positions)
        violations: list[Violation] = []
        blocks = [
            self._lists_of_block(names, start, min(_BLOCK, count - start), violations)
            for start in range(0, count, _BLOCK)
        ]
        return pa.chunked_array(blocks, LISTS), violations

    def _lists_of_block(
        self, names: Sequence[str], start: int, size: int, violations: list[Violation]
    ) -> pa.ListArray:
        columns = []
        for name in names:
            texts = self._texts(name, start, size)
            violations += self._too_long(texts, name, start)
            columns.append(texts)
        return _as_lists(_first_of_each(_by_row(columns)), size)

    def _texts(self, name: str, start: int, size: int) -> _Texts:
        rows, cells = self._rows_and_cells(name, start, size)
        plain = is_plain(cells)
        mended = mend_all(cells, plain, self._repairs)
        if self._masks:
            mended = mask_all(mended, self._repairs)
        texts = _Texts(rows, mended, plain.to_numpy(zero_copy_only=False))
        return texts.filter(self._is_filled(texts, start))

    def _rows_and_cells(self, name: str, start: int, size: int) -> tuple[np.ndarray, pa.Array]:
        part = _part(self._table.column(name), start, size)
        is_listed = is_plural(name) or self._holds_lists(name)
        may_be_list = is_listed or (
            self._lists_in(name) and pc.any(pc.match_substring_regex(part, _PYTHON_LIST)).as_py()
        )
        if isinstance(part, pa.Array) and not may_be_list:
            return np.arange(size), part
        cells = part.to_pylist() if isinstance(part, pa.Array) else part
        texts = [self._texts_of_cell(cell, name, is_listed=is_listed) for cell in cells]
        rows = np.repeat(np.arange(size), [*map(len, texts)])
        return rows, _strings(chain.from_iterable(texts))

    def _holds_lists(self, name: str) -> bool:
        """Whether most cells of a column are lists written as texts; one alone is an answer."""
        lists = self._lists_in(name)
        if lists < 2:
            return False
        filled = pc.sum(pc.greater(pc.binary_length(self._table.column(name)), 0)).as_py()
        return bool(lists >= filled / 2)

    def _lists_in(self, name: str) -> int:
        column = self._table.column(name)
        if name not in self._lists and isinstance(column, pa.ChunkedArray):
            self._lists[name] = pc.sum(pc.match_substring_regex(column, _LIST)).as_py() or 0
        return self._lists.get(name, 0)

    def _texts_of_cell(self, cell: Any, name: str, *, is_listed: bool) -> list[str]:
        if not isinstance(cell, str):
            return texts_of(cell, asks=name in _ASKS)
        if not (is_listed or _IS_PYTHON_LIST.match(cell)):
            return [cell]
        value = nested_value(cell)
        if value is cell or not (is_plural(name) or is_texts(value)):
            return [cell]
        self._repairs[LISTS_AS_TEXT] += not is_plural(name)
        return texts_of(value, asks=name in _ASKS)

    def notes(self) -> list[str]:
        """The words that stood for no text in `lists`, with their places, as a sentence."""
        words = [
            f"{text} ({self._table.named(sorted({*rows}))})"
            for text, rows in self._stood_for_none.items()
        ]
        return [f"taken for empty (table.placeholders): {', '.join(words)}"] if words else []

    def _is_filled(self, texts: _Texts, start: int) -> np.ndarray:
        lengths = pc.utf8_length(texts.texts).to_numpy()
        short = np.flatnonzero((lengths > 0) & (lengths <= _LONGEST_PLACEHOLDER))
        filled = lengths > 0
        words = texts.texts.take(pa.array(short)).dictionary_encode()
        indices = words.indices.to_numpy()
        for number, word in enumerate(words.dictionary.to_pylist()):
            if placeholder_key(word) in self._placeholders:
                equal = short[indices == number]
                filled[equal] = False
                # Signs alone, as a dash, are no more than an empty cell to anybody.
                if any(map(str.isalnum, word)):
                    rows = self._stood_for_none.setdefault(word, [])
                    rows += (texts.rows[equal] + start).tolist()
        return filled

    def _too_long(self, texts: _Texts, name: str, start: int) -> Iterator[Violation]:
        lengths = pc.utf8_length(texts.texts).to_numpy()
        for index in np.flatnonzero(lengths > LONGEST_CELL):
            problem = f"holds {lengths[index]} characters, of {LONGEST_CELL} at most"
            remedy = "shorten it, or close the quote that opens it"
            row = self._table.positions[start + int(texts.rows[index])]
            yield Violation(row, name, problem, remedy, self._table.unit)


def placeholder_key(text: str) -> str:
    """What makes two placeholders the same: NFKC, one case, no spaces, dots or brackets around."""
    key = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    for dash in "‐‑‒–—―ー":
        key = key.replace(dash, "-")
    return key.strip(".*()[]<>{}\"'「」『』【】〈〉《》〔〕“”‘’") or key


def _strings(texts: Iterable[str]) -> pa.Array:
    return pa.array(list(texts), pa.string())


def _part(column: Column, start: int, size: int) -> pa.Array | Sequence[Any]:
    if isinstance(column, pa.ChunkedArray):
        return column.slice(start, size).combine_chunks()
    return column[start : start + size]


def _by_row(columns: Sequence[_Texts]) -> _Texts:
    if not columns:
        return _Texts(np.empty(0, np.int64), _strings([]), np.empty(0, bool))
    if len(columns) == 1:
        return columns[0]
    rows = np.concatenate([column.rows for column in columns])
    order = np.argsort(rows, kind="stable")
    texts = pa.concat_arrays([column.texts for column in columns]).take(pa.array(order))
    return _Texts(rows[order], texts, np.concatenate([one.plain for one in columns])[order])


def _first_of_each(texts: _Texts) -> _Texts:
    """Leaves out texts that say what one before in their row says; case and end mark apart."""
    # Plain texts are of ASCII signs and syllables, and single spaces.
    plain = pc.ascii_lower(pc.utf8_rtrim(texts.texts, _END_MARKS))
    others = change_where(texts.texts, pa.array(~texts.plain), _said)
    said = pc.if_else(pa.array(texts.plain), plain, others).dictionary_encode().indices
    pairs = pd.DataFrame({"row": texts.rows, "said": said.to_numpy()})
    return texts.filter(~pairs.duplicated().to_numpy())


def _said(text: str) -> str:
    return " ".join(text.split()).rstrip(_END_MARKS).casefold()


def _as_lists(texts: _Texts, size: int) -> pa.ListArray:
    offsets = np.searchsorted(texts.rows, np.arange(size + 1)).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), texts.texts)
