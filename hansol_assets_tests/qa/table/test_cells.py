"""Cells as lists of texts: on Arrow's columns as on Python's, and as each text by itself."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.table.cells import TextCells, placeholder_key
from hansol_assets.qa.table.raw_table import Column, RawTable
from hansol_assets.qa.table.repairs import mend

PLACEHOLDERS = ("없음", "-")
CELLS = st.text(alphabet='가나ß A.!?。"-없음\u200b\u1100\n', max_size=6)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12)
NAMES = ["질문_1", "질문_2", "질문_3"]


def cells_of_columns(columns: list[Column], names: list[str]) -> tuple[TextCells, Counter[str]]:
    table = RawTable("csv", names, columns, range(2, 2 + len(columns[0])))
    return TextCells(table, PLACEHOLDERS), table.repairs


def by_definition(row: tuple[str, ...], repairs: Counter[str]) -> list[str]:
    first_of: dict[str, str] = {}
    for text in [mend(cell, repairs) for cell in row]:
        if text and placeholder_key(text) not in PLACEHOLDERS:
            first_of.setdefault(" ".join(text.split()).rstrip(".!?。").casefold(), text)
    return list(first_of.values())


@given(ROWS)
def test_each_row_has_its_filled_texts_once(rows: list[tuple[str, str, str]]) -> None:
    expected_repairs: Counter[str] = Counter()
    expected = [by_definition(row, expected_repairs) for row in rows]
    columns = [[row[place] for row in rows] for place in range(3)]
    arrays = [pa.chunked_array([own[:4], own[4:]], pa.string()) for own in columns]

    for given_columns in (columns, arrays):
        cells, repairs = cells_of_columns(given_columns, NAMES)
        lists, violations = cells.lists(NAMES)
        assert lists.to_pylist() == expected
        assert violations == []
        assert +repairs == +expected_repairs


@given(st.lists(CELLS, max_size=12))
def test_a_column_is_mended_cell_by_cell(column: list[str]) -> None:
    expected_repairs: Counter[str] = Counter()
    expected = [mend(cell, expected_repairs) for cell in column]

    cells, repairs = cells_of_columns([pa.chunked_array([column], pa.string())], NAMES[:1])

    assert cells.column(NAMES[0]).to_pylist() == expected
    assert +repairs == +expected_repairs


@pytest.mark.parametrize(("cells", "is_empty"), [(["", " \u200b"], True), (["", "가"], False)])
def test_a_column_of_nothing_is_empty(cells: list[str], is_empty: bool) -> None:
    assert cells_of_columns([cells], NAMES[:1])[0].is_empty(NAMES[0]) is is_empty
