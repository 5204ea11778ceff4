"""Whatever stands in a file, the reader gives a table or an error for people."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hansol_assets.qa.table import (
    ContractError,
    TableRead,
    TableSettings,
    read_template,
    read_test,
    read_train,
)
from hansol_assets.qa.table.row_warnings import ASKED_AGAIN, PERSONAL_DATA, row_warnings
from hansol_assets.qa.table.table_settings import Kind
from hansol_assets_tests.qa.rows import FILE_COLUMNS

TEST_COLUMNS = ("id", "질문")
SIGNS = st.sampled_from(["가", "벽지", "A_1", ",", '"', "\n", "\r", "\t", "\0", "\ufeff", " ", "é"])
CELLS = st.lists(SIGNS, max_size=6).map("".join)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("generated") / "table.csv"


@given(content=st.one_of(st.binary(max_size=200), st.lists(SIGNS, max_size=60).map("".join)))
@example(content=b"")
@example(content="id,문서\nA,나".encode("utf-16"))
def test_any_bytes_are_a_table_or_an_error_that_names_the_file(
    path: Path, content: bytes | str
) -> None:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    for read in (
        lambda: read_train(path, TableSettings()),
        lambda: read_test(path, TableSettings()),
        lambda: read_template(path),
    ):
        with pytest.raises(ContractError) as raised:
            read()
        assert str(path) in str(raised.value)
        assert str(raised.value).endswith("Nothing was taken from this file.")


def outcome(
    path: Path, read: Callable[[Path, TableSettings], TableRead]
) -> pd.DataFrame | ContractError:
    try:
        return read(path, TableSettings()).frame
    except ContractError as error:
        return error


@given(rows=st.lists(st.lists(CELLS, min_size=9, max_size=9), min_size=1, max_size=4))
def test_any_cells_are_kept_or_refused_with_their_line(path: Path, rows: list[list[str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, lineterminator="\n").writerows([FILE_COLUMNS, *rows])
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    table = outcome(path, read_train)
    if isinstance(table, ContractError):
        assert all(found.remedy for found in table.violations)
        assert str(path) in str(table)
    else:
        assert len(table) == len(rows)
        assert set(row_warnings(table)["kind"]) <= {*get_args(Kind), ASKED_AGAIN, PERSONAL_DATA}


@given(name=st.sampled_from(TEST_COLUMNS), cell=CELLS)
def test_one_cell_of_many_is_never_taken_for_another(path: Path, name: str, cell: str) -> None:
    good = {"id": "A_0", "질문": "벽지는 왜 들뜨나요?"}
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, TEST_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows([{**good, name: cell}, {**good, "id": "B_1"}])
    path.write_text(buffer.getvalue(), encoding="utf-8", newline="")
    table = outcome(path, read_test)
    if isinstance(table, ContractError):
        assert str(path) in str(table)
    else:
        assert table["id"].iloc[-1] == "B_1"
        assert table["question"].iloc[-1] == good["질문"]
