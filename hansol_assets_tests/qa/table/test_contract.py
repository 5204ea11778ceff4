import csv
import hashlib
import io
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.columns import TRAIN_COLUMNS
from hansol_assets.qa.contract import (
    ContractError,
    Violation,
    read_references,
    read_submission,
    read_template,
    read_test,
    read_train,
)

QUESTION = "벽지의 이음매가 벌어지면 어떻게 하나요?"


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def write_train(path: Path, rows: pd.DataFrame) -> Path:
    return write(path, rows.to_csv(index=False, lineterminator="\n"))


def places(error: ContractError) -> list[tuple[int | None, str]]:
    return [(violation.row, violation.column) for violation in error.violations]


def test_valid_table_keeps_cells_and_gains_file_and_row(tmp_path: Path, rows: pd.DataFrame) -> None:
    path = write_train(tmp_path / "train.csv", rows)

    table = read_train(path)

    assert list(table.frame.columns) == [*TRAIN_COLUMNS, "file_sha256", "row_number"]
    pd.testing.assert_frame_equal(table.frame[list(TRAIN_COLUMNS)], rows)
    assert table.frame["row_number"].tolist() == list(range(1, 13))
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(table.frame["file_sha256"]) == {table.sha256}
    assert table.encoding == "utf-8"
    assert table.repairs == {"nfc": 0, "outer_spaces": 0, "stray_quotes": 0, "blank_lines": 0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
def test_known_encodings_give_the_same_table(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path / "test.csv", f"id,질문\nA_0,{QUESTION}\n", encoding)

    table = read_test(path)

    assert table.encoding == encoding
    assert table.frame.loc[0, "질문"] == QUESTION


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(tmp_path: Path, newline: str) -> None:
    path = write(tmp_path / "test.csv", newline.join(["id,질문", f"A_0,{QUESTION}", ""]))

    assert read_test(path).frame["질문"].tolist() == [QUESTION]


def test_reordered_columns_are_put_in_order(tmp_path: Path, rows: pd.DataFrame) -> None:
    path = write_train(tmp_path / "train.csv", rows[list(reversed(TRAIN_COLUMNS))])

    pd.testing.assert_frame_equal(read_train(path).frame[list(TRAIN_COLUMNS)], rows)


def test_repairs_are_made_and_counted(tmp_path: Path) -> None:
    text = (
        "id, 질문\n"
        'A_0,"도배풀은 무엇인가요?"""\n'
        'A_1,"""초배지는 무엇인가요?"\n'
        "\n"
        "A_2,\u200b 타일은 무엇인가요? \n"
        "A_3,천장은 무엇인가요?\n"
        'A_4,"""몰딩""이란 무엇인가요?"\n'
    )
    path = write(tmp_path / "test.csv", text)

    table = read_test(path)

    assert table.frame["질문"].tolist() == [
        "도배풀은 무엇인가요?",
        "초배지는 무엇인가요?",
        "타일은 무엇인가요?",
        "천장은 무엇인가요?",
        '"몰딩"이란 무엇인가요?',
    ]
    assert table.repairs == {"nfc": 0, "outer_spaces": 2, "stray_quotes": 2, "blank_lines": 1}


def test_decomposed_korean_is_composed_in_cells_and_header(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", f"id,질문\nA_0,{QUESTION}\n")
    path = write(tmp_path / "test.csv", text)

    table = read_test(path)

    assert table.frame["질문"].tolist() == [QUESTION]
    assert table.repairs["nfc"] == 2


def test_one_error_lists_every_row_and_column(tmp_path: Path, rows: pd.DataFrame) -> None:
    rows.loc[2, "질문_1"] = "  "
    rows.loc[4, "답변_5"] = ""
    rows.loc[6, "category"] = '"'
    rows.loc[8, "id"] = "TRAIN_001"
    rows.loc[9, "id"] = ""
    path = write_train(tmp_path / "train.csv", rows)

    with pytest.raises(ContractError) as caught:
        read_train(path)

    assert places(caught.value) == [
        (4, "질문_1"),
        (6, "답변_5"),
        (8, "category"),
        (10, "id"),
        (11, "id"),
    ]
    assert "'TRAIN_001' already stands on line 3" in str(caught.value)
    assert str(path) in str(caught.value)


def test_bad_header_does_not_hide_bad_rows(tmp_path: Path, rows: pd.DataFrame) -> None:
    rows.loc[3, "답변_2"] = ""
    renamed = rows.rename(columns={"질문_1": "질문1", "category": "분류"})
    path = write_train(tmp_path / "train.csv", renamed)

    with pytest.raises(ContractError) as caught:
        read_train(path)

    assert places(caught.value) == [(1, "질문1"), (1, "분류"), (1, "category"), (5, "답변_2")]
    assert caught.value.violations[0].remedy == "rename it to 질문_1"


def test_doubled_and_unknown_columns_are_named(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", f"id,질문,질문,비고\nA_0,{QUESTION},{QUESTION},없음\n")

    with pytest.raises(ContractError) as caught:
        read_test(path)

    assert places(caught.value) == [(1, "질문"), (1, "비고")]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_other_separators_are_named(tmp_path: Path, separator: str) -> None:
    path = write(tmp_path / "test.csv", f"id{separator}질문\nA_0{separator}{QUESTION}\n")

    with pytest.raises(ContractError) as caught:
        read_test(path)

    assert caught.value.violations == (
        Violation(
            1,
            "",
            "has one column only; its names are separated by "
            + {";": "semicolons", "\t": "tabs", "|": "bars"}[separator],
            "separate columns by commas",
        ),
    )


def test_rows_of_another_length_name_their_line(tmp_path: Path) -> None:
    text = f'id,질문\nA_0,"{QUESTION}\n둘째 줄"\nA_1,하나,둘\nA_2\nA_3,{QUESTION}\n'
    path = write(tmp_path / "test.csv", text)

    with pytest.raises(ContractError) as caught:
        read_test(path)

    # The first row takes two lines, so the next one starts on line 4.
    assert places(caught.value) == [(4, ""), (5, "")]


def test_unclosed_quote_names_its_line_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", f'id,질문\nA_0,{QUESTION}\nA_1,"벽지는?\nA_2,\nA_3,둘?\n')

    with pytest.raises(ContractError) as caught:
        read_test(path)

    assert places(caught.value) == [(3, ""), (4, "질문")]


def test_quote_that_swallows_rows_is_an_error_even_where_it_is_closed(tmp_path: Path) -> None:
    text = 'id,질문\nA_0,"벽지는?\nA_1,장판은 무엇인가요?\nA_2,타일은 무엇인가요?"\nA_3,네\n'
    path = write(tmp_path / "test.csv", text)

    with pytest.raises(ContractError) as caught:
        read_test(path)

    assert places(caught.value) == [(2, "")]


@pytest.mark.parametrize(
    ("data", "row", "word"),
    [
        (b"", None, "empty"),
        (b"\xef\xbb\xbf", None, "no row"),
        (b"\n\n", None, "no row"),
        ("id,질문\n".encode(), None, "no data row"),
        ("id,질문\nA,나\n".encode("utf-16"), None, "UTF-16"),
        ("id,질문\nA,나\n".encode("utf-16-le"), 1, "NUL"),
        ("id,질문\nA,나\nB,다".encode() + b"\0\n", 3, "NUL"),
        ("id,질문\nA,나\nB,".encode() + b"\xff\xb8\n", 3, "not utf-8"),
        ("id,질문\nA,".encode("cp949") + b"\xff\n", 2, "not cp949"),
        (b"PK\x03\x04 workbook", None, "workbook"),
    ],
)
def test_files_that_are_no_text_table_are_refused(
    tmp_path: Path, data: bytes, row: int | None, word: str
) -> None:
    path = tmp_path / "test.csv"
    path.write_bytes(data)

    with pytest.raises(ContractError, match=word) as caught:
        read_test(path)

    assert places(caught.value) == [(row, "")]


def test_damaged_utf8_is_not_taken_for_cp949(tmp_path: Path) -> None:
    # Both bytes form a valid cp949 character, and the header shows that the file is UTF-8.
    path = tmp_path / "test.csv"
    path.write_bytes("id,질문\nA_0,".encode() + b"\xb0\xa1\n")

    with pytest.raises(ContractError) as caught:
        read_test(path)

    assert places(caught.value) == [(2, "")]


def test_missing_file_is_a_contract_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such file"):
        read_test(tmp_path / "test.csv")


def test_long_lists_are_cut_in_the_text_only(tmp_path: Path) -> None:
    lines = "".join(f"A_{number},\n" for number in range(25))
    path = write(tmp_path / "test.csv", "id,질문\n" + lines)

    with pytest.raises(ContractError, match="25 violations") as caught:
        read_test(path)

    assert len(caught.value.violations) == 25
    assert "… and 5 more" in str(caught.value)


def test_template_gives_order_and_width(tmp_path: Path) -> None:
    path = write(tmp_path / "template.csv", "id,vec_0,vec_1,vec_2\nB,0,0,0\nA,0,0,0\n")

    table = read_template(path)

    assert table.width == 3
    assert table.frame["id"].tolist() == ["B", "A"]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("id,vec_1,vec_0", [(1, "vec_1"), (1, "vec_0")]),
        ("id,vec_0,vec_2", [(1, "vec_2")]),
        ("id,vec_0,vec_00", [(1, "vec_00")]),
        ("vec_0,id,vec_1", [(1, "vec_0"), (1, "id")]),
        ("id,vector,text", [(1, "vector"), (1, "text")]),
    ],
)
def test_template_columns_must_be_contiguous_and_ordered(
    tmp_path: Path, header: str, expected: list[tuple[int, str]]
) -> None:
    path = write(tmp_path / "template.csv", f"{header}\nA,0,0\n")

    with pytest.raises(ContractError) as caught:
        read_template(path)

    assert places(caught.value) == expected


def test_submission_values_become_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "submission.csv", "id,vec_1,vec_0\nA,-1e-3, 2\nB,0,0.5\n")

    table = read_submission(path)

    assert table.frame[["vec_0", "vec_1"]].to_numpy().tolist() == [[2.0, -0.001], [0.5, 0.0]]
    assert list(table.frame.columns) == ["id", "vec_0", "vec_1", "file_sha256", "row_number"]


@pytest.mark.parametrize("value", ["", "nan", "inf", "-inf", "영", "1_0", "0x1", "1,0", "True"])
def test_submission_values_must_be_finite_numbers(tmp_path: Path, value: str) -> None:
    quoted = f'"{value}"'
    path = write(tmp_path / "submission.csv", f"id,vec_0,vec_1\nA,1,1\nB,1,{quoted}\n")

    with pytest.raises(ContractError) as caught:
        read_submission(path)

    assert places(caught.value) == [(3, "vec_1")]


def test_references_may_have_any_number_of_answers_and_gaps(tmp_path: Path) -> None:
    text = "id,답변_2,답변_1,답변_10\nA,둘입니다.,,열입니다.\nB,,하나입니다.,\n"
    path = write(tmp_path / "references.csv", text)

    table = read_references(path)

    assert table.frame[["답변_1", "답변_2", "답변_10"]].to_numpy().tolist() == [
        ["", "둘입니다.", "열입니다."],
        ["하나입니다.", "", ""],
    ]


def test_training_rows_can_serve_as_references(tmp_path: Path, rows: pd.DataFrame) -> None:
    table = read_references(write_train(tmp_path / "references.csv", rows))

    assert list(table.frame.columns) == [
        "id",
        *[f"답변_{number}" for number in range(1, 6)],
        "file_sha256",
        "row_number",
    ]


def test_references_without_any_answer_in_a_row_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "references.csv", "id,답변_1,답변_2\nA, ,\nB,하나입니다.,\n")

    with pytest.raises(ContractError) as caught:
        read_references(path)

    assert places(caught.value) == [(2, "")]


def test_references_without_an_answer_column_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "references.csv", "id,answer\nA,하나입니다.\n")

    with pytest.raises(ContractError) as caught:
        read_references(path)

    assert places(caught.value) == [(1, "answer"), (1, "답변_1")]


# Text as people write it: no outer spaces, no unpaired quote, composed Korean.
CELL = (
    st.text(
        alphabet=st.sampled_from('가나다 벽지,"\n;?.A1'),
        min_size=1,
        max_size=20,
    )
    .map(str.strip)
    .filter(lambda text: text and text.count('"') % 2 == 0)
)


@given(questions=st.lists(CELL, min_size=1, max_size=8))
def test_what_the_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, questions: list[str]
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(["id", "질문"])
    writer.writerows((f"질문-{number}", question) for number, question in enumerate(questions))
    path = write(tmp_path_factory.mktemp("round") / "test.csv", buffer.getvalue())

    table = read_test(path)

    assert table.frame["질문"].tolist() == questions
    assert sum(table.repairs.values()) == 0


@pytest.mark.real
def test_real_files_keep_the_contract(real_dir: Path) -> None:
    train = read_train(real_dir / "train.csv")
    questions = read_test(real_dir / "test.csv")
    template = read_template(real_dir / "sample_submission.csv")

    assert len(train.frame) >= 500
    assert questions.encoding == "utf-8-sig"
    assert questions.repairs["stray_quotes"] == 12
    assert template.width == 512
    assert template.frame["id"].tolist() == questions.frame["id"].tolist()
