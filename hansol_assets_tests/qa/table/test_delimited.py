"""CSV as people have it: separators, quotes, line ends, and what is swallowed."""

from pathlib import Path

import pytest

from hansol_assets.qa.table import ContractError, TableSettings, read_test, read_train
from hansol_assets_tests.qa.rows import training_file

SETTINGS = TableSettings()
FILE = training_file()


def refusal(path: Path, text: str | bytes) -> str:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ContractError) as caught:
        read_test(path, SETTINGS)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "test.csv"


@pytest.mark.parametrize(
    "text",
    [
        'id,질문\nA_0,"벽지는?\nA_1,장판은 무엇인가요?\nA_2,타일은 무엇인가요?"\nA_3,네\n',
        'id;질문\n1;"벽지는?\n2;장판은 무엇인가요?"\n3;네?\n',
        'id,질문,비고\nA_0,"벽지는?\nA_1,장판은?,없음\nA_2,타일은?",없음\nA_3,네,없음\n',
    ],
)
def test_a_quote_that_swallows_rows_is_an_error_even_where_it_is_closed(
    path: Path, text: str
) -> None:
    assert "line 2: a quote opened here runs on over the rows that follow" in refusal(path, text)


@pytest.mark.parametrize("first", ["1", "Q1", "TRAIN_001"])
@pytest.mark.parametrize(
    "line", ["30,000원 안팎이면 됩니다.", "1, 표면을 닦습니다.", "Q1, 그다음 말립니다."]
)
def test_lines_of_a_cell_that_begin_like_rows_are_a_cell(path: Path, first: str, line: str) -> None:
    cell = f"이렇게 합니다.\n{line}\n2, 풀을 바릅니다."
    rows = FILE.assign(id=[f"{first.rstrip('01')}{number}" for number in range(1, 13)])
    rows.loc[3, "답변_2"] = cell
    rows.to_csv(path, index=False)

    assert read_train(path, SETTINGS).frame.loc[3, "answers"][1] == cell


@pytest.mark.parametrize("line", ["30,000원 안팎인가요?", "1, 표면을 닦나요?"])
def test_lines_of_a_cell_in_a_narrow_table_are_a_cell(path: Path, line: str) -> None:
    path.write_text(f'id,질문\n1,"무엇을 하나요?\n{line}"\n2,왜 하나요?\n', encoding="utf-8")

    assert read_test(path, SETTINGS).frame.loc[0, "question"] == f"무엇을 하나요?\n{line}"


def test_a_carriage_return_that_is_not_quoted_is_named(path: Path) -> None:
    said = refusal(path, "id,질문\nA,벽지는?\nB,장판은\r무엇인가요?\nC,타일은?\n")

    assert "1 violation" in said
    assert "line 3: holds a carriage return (CR) that is not quoted" in said


def test_a_quoted_carriage_return_is_read_and_lines_count_as_an_editor_shows(path: Path) -> None:
    said = refusal(path, 'id,질문\nA,"벽지는\r무엇?"\nA,장판은?\n')

    assert "line 3, column id: 'A' already stands on line 2" in said


@pytest.mark.parametrize(
    "cell", ["가격은 1,000원;2,000원인가요?", "하나|둘\t셋인가요?", 'a;b;c;d"e"?']
)
def test_signs_in_quoted_cells_do_not_separate(path: Path, cell: str) -> None:
    quoted = cell.replace('"', '""')
    path.write_text(f'id,질문\nA,"{quoted}"\nB,"{quoted} 왜?"\n', encoding="utf-8")

    table = read_test(path, SETTINGS)

    assert table.separator == ","
    assert table.frame.loc[0, "question"] == cell


def test_lines_above_the_header_are_left_out_and_said(path: Path) -> None:
    path.write_text("도배 문의\n2026년\n\n번호,질문\n1,벽지는?\n", encoding="utf-8")

    table = read_test(path, SETTINGS)

    assert table.frame["question"].tolist() == ["벽지는?"]
    assert table.notes[0] == "lines 1 to 2 stand above the header and are left out"


def test_broken_quotes_of_many_lines_are_each_named(path: Path) -> None:
    lines = "".join(f'A_{number},"벽지"는?\n' for number in range(2000))
    said = refusal(path, f"id,질문\n{lines}")

    assert "2001 violations" in said
    assert "file: holds a header but no data row" in said
    assert "line 20: is not valid CSV" in said


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"", "file: the file is empty"),
        (b"\xef\xbb\xbf", "holds no row"),
        (b"\n\n", "holds no row"),
        ("id,질문\n".encode(), "holds a header but no data row"),
        ("id,질문\nA,나\nB,다".encode() + b"\0\n", "line 3: holds a NUL byte"),
        ("id,질문\nA,나\nB,".encode() + b"\xff\xb8\n", "line 3: holds bytes that are not utf-8"),
        ("id,질문\nA,".encode("cp949") + b"\xff\n", "line 2: holds bytes that are not cp949"),
        ("id,question\nA,나는?\nB,너는?\nC,".encode() + b"\xb0\xa1\n", "line 4: holds bytes"),
        ("id,질문\nA_0,".encode() + b"\xb0\xa1\n", "line 2: holds bytes that are not utf-8 text"),
        ("id,질문\nA,나".encode("utf-16")[:-1], "starts as utf-16 text and is damaged at byte"),
    ],
)
def test_text_that_cannot_be_decoded_is_named_by_its_lines(
    path: Path, data: bytes, says: str
) -> None:
    assert says in refusal(path, data)
