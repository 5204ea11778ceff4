"""Text without a fault is read by Arrow, and to the letter as the careful reader reads it."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.table import ContractError, TableSettings, read_test
from hansol_assets.qa.table.arrow_csv import read_with_arrow
from hansol_assets.qa.table.content import open_content
from hansol_assets.qa.table.delimited import read_delimited
from hansol_assets.qa.table.raw_table import RawTable

HEADER = "id,질문\n"
SIGNS = st.sampled_from(["가", "벽지", "A_1", ",", '"', '""', "\n", "\r\n", "\r", "\t", " ", "é"])
CELLS = st.lists(SIGNS, max_size=5).map("".join)
ROWS = st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=6)


def is_header(names: object) -> bool:
    return "질문" in list(names)  # type: ignore[call-overload]


def faultless(path: Path, text: str) -> RawTable | None:
    path.write_bytes(text.encode())
    return read_with_arrow(open_content(path), is_header)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faultless") / "test.csv"


def assert_read_alike(table: RawTable, text: str) -> None:
    careful = read_delimited(text.removeprefix("\ufeff"), table.encoding, is_header)
    assert careful.violations == []
    assert careful.notes == []
    assert careful.blank_rows == 0
    assert (table.header, table.separator) == (careful.header, careful.separator)
    assert [column.to_pylist() for column in table.columns] == [
        column.to_pylist() for column in careful.columns
    ]
    assert list(table.positions) == list(careful.positions)
    assert table.header_position == careful.header_position


def written(rows: list[tuple[str, str]], quoting: int) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=quoting).writerows(rows)
    return text.getvalue()


@given(rows=ROWS, quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), mark=st.booleans())
def test_what_a_program_writes_is_read_alike(
    path: Path, rows: list[tuple[str, str]], quoting: int, mark: bool
) -> None:
    text = "\ufeff" * mark + HEADER + written(rows, quoting)
    table = faultless(path, text)

    if table is None:
        assert any(not "".join(row) for row in rows)
    else:
        assert_read_alike(table, text)


@given(st.lists(SIGNS, max_size=30).map("".join))
def test_whatever_is_taken_is_read_alike(path: Path, body: str) -> None:
    table = faultless(path, HEADER + body)

    if table is not None:
        assert_read_alike(table, HEADER + body)


@pytest.mark.parametrize(
    "body",
    [
        '1,"벽지"는?\n',
        '1,"벽지는?\n',
        '1,벽지는"?\n2,"장판은?"\n',
        "1,벽지는?\n\n2,장판은?\n",
        "1,벽지는?\n,\n",
        "1,벽지는?,\n",
        "1\n",
        "1,벽지는\0?\n",
        "",
    ],
)
def test_a_fault_is_left_to_the_careful_reader(path: Path, body: str) -> None:
    assert faultless(path, HEADER + body) is None


@pytest.mark.parametrize("text", ["id\n1\n", "질문 목록\nid,질문\n1,왜?\n", '{"질문":\n1,왜?\n'])
def test_a_header_that_is_not_known_at_once_is_left_to_it_too(path: Path, text: str) -> None:
    assert faultless(path, text) is None


def test_bytes_that_are_not_utf_8_are_left_to_it(path: Path) -> None:
    path.write_bytes((HEADER + "1,벽지는?\n").encode("cp949"))

    assert read_with_arrow(open_content(path), is_header) is None


def test_a_row_is_named_by_its_line(path: Path) -> None:
    path.write_text('id,질문\n1,"벽지는\n무엇?"\n2,\n', encoding="utf-8")

    assert read_with_arrow(open_content(path), is_header) is not None
    with pytest.raises(ContractError, match="line 4, column 질문"):
        read_test(path, TableSettings())


def test_a_file_that_changes_while_it_is_read_is_refused(path: Path) -> None:
    table = faultless(path, HEADER + "1,벽지는?\n")
    assert table is not None
    path.write_text(HEADER + "2,장판은?\n", encoding="utf-8")

    with pytest.raises(ContractError, match="changed while it was read"):
        table.positions[0]
