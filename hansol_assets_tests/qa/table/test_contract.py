import csv
import hashlib
import io
import unicodedata
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.table import (
    ContractError,
    TableSettings,
    read_references,
    read_test,
    read_train,
)
from hansol_assets_tests.qa.rows import as_read, training_file

QUESTION = "벽지의 이음매가 벌어지면 어떻게 하나요?"
SETTINGS = TableSettings()
CANONICAL = ["id", "questions", "category", "answers"]


@pytest.fixture
def rows() -> pd.DataFrame:
    return training_file()


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def write_train(path: Path, rows: pd.DataFrame) -> Path:
    return write(path, rows.to_csv(index=False, lineterminator="\n"))


def places(error: ContractError) -> list[tuple[int | None, str]]:
    return [(violation.row, violation.column) for violation in error.violations]


def test_valid_table_keeps_cells_and_gains_file_and_row(tmp_path: Path, rows: pd.DataFrame) -> None:
    path = write_train(tmp_path / "train.csv", rows)

    table = read_train(path, SETTINGS)

    assert list(table.frame.columns) == [*CANONICAL, "file_sha256", "row_number"]
    pd.testing.assert_frame_equal(table.frame[CANONICAL], as_read(rows))
    assert table.frame["row_number"].tolist() == list(range(1, 13))
    assert table.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert set(table.frame["file_sha256"]) == {table.sha256}
    assert (table.form, table.encoding, table.separator) == ("csv", "utf-8", ",")
    assert set(table.repairs.values()) == {0}
    assert table.notes == ()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_every_line_ending_is_read(tmp_path: Path, newline: str) -> None:
    path = write(tmp_path / "test.csv", newline.join(["id,질문", f"A_0,{QUESTION}", ""]))

    assert read_test(path, SETTINGS).frame["question"].tolist() == [QUESTION]


def test_the_order_of_columns_is_free(tmp_path: Path, rows: pd.DataFrame) -> None:
    path = write_train(tmp_path / "train.csv", rows[list(reversed(rows.columns))])

    pd.testing.assert_frame_equal(read_train(path, SETTINGS).frame[CANONICAL], as_read(rows))


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

    table = read_test(path, SETTINGS)

    assert table.frame["question"].tolist() == [
        "도배풀은 무엇인가요?",
        "초배지는 무엇인가요?",
        "타일은 무엇인가요?",
        "천장은 무엇인가요?",
        '"몰딩"이란 무엇인가요?',
    ]
    assert table.repairs == {
        "nfc": 0,
        "outer_spaces": 2,
        "stray_quotes": 2,
        "blank_lines": 1,
        "column_names": 0,
    }


def test_decomposed_korean_is_composed_in_cells_and_header(tmp_path: Path) -> None:
    text = unicodedata.normalize("NFD", f"id,질문\nA_0,{QUESTION}\n")
    path = write(tmp_path / "test.csv", text)

    table = read_test(path, SETTINGS)

    assert table.frame["question"].tolist() == [QUESTION]
    assert table.repairs["nfc"] == 2


@pytest.mark.parametrize(
    "empty",
    [
        "",
        "  ",
        "\u200b",
        "없음",
        " 없음. ",
        "해당 없음",
        "-",
        "—",
        "nan",
        "NaN",
        "N/A",
        "NULL",
        "（없음）",
    ],
)
def test_empty_cells_and_placeholders_are_no_answers(
    tmp_path: Path, rows: pd.DataFrame, empty: str
) -> None:
    rows.loc[2, ["질문_1", "답변_2", "답변_5"]] = empty

    read = read_train(write_train(tmp_path / "train.csv", rows), SETTINGS)

    table = read.frame
    assert table.loc[2, "questions"] == [training_file().loc[2, "질문_2"]]
    assert (
        table.loc[2, "answers"] == training_file().loc[2, ["답변_1", "답변_3", "답변_4"]].tolist()
    )
    # A word may be meant, and is named; a dash is as good as an empty cell.
    is_word = any(map(str.isalnum, empty))
    named = f"taken for empty (table.placeholders): {empty.strip()} (line 4)"
    assert (named in read.notes) is is_word


def test_what_counts_as_a_placeholder_is_a_setting(tmp_path: Path, rows: pd.DataFrame) -> None:
    rows.loc[2, "답변_2"] = "없음"
    rows.loc[2, "답변_3"] = "추후 안내"
    settings = TableSettings(placeholders=("추후 안내",))

    table = read_train(write_train(tmp_path / "train.csv", rows), settings).frame

    assert table.loc[2, "answers"][1] == "없음"
    assert len(table.loc[2, "answers"]) == 4


def test_a_text_that_stands_in_a_row_twice_counts_once(tmp_path: Path, rows: pd.DataFrame) -> None:
    rows["질문_2"] = rows["질문_1"]
    for number in (3, 4, 5):
        rows[f"답변_{number}"] = rows["답변_1"].str.rstrip(".") + " "

    table = read_train(write_train(tmp_path / "train.csv", rows), SETTINGS).frame

    assert table["questions"].tolist() == [[text] for text in rows["질문_1"]]
    assert table["answers"].tolist() == rows[["답변_1", "답변_2"]].to_numpy().tolist()


def test_one_error_lists_every_row_and_column(tmp_path: Path, rows: pd.DataFrame) -> None:
    rows.loc[2, ["질문_1", "질문_2"]] = "  "
    rows.loc[4, [f"답변_{number}" for number in range(1, 6)]] = "없음"
    rows.loc[6, "category"] = '"'
    rows.loc[8, "id"] = "TRAIN_001"
    rows.loc[9, "id"] = ""
    path = write_train(tmp_path / "train.csv", rows)

    with pytest.raises(ContractError) as caught:
        read_train(path, SETTINGS)

    assert places(caught.value) == [(4, ""), (6, ""), (8, "category"), (10, "id"), (11, "id")]
    assert "line 4: has no question: 질문_1, 질문_2 are empty; fill one, or" in str(caught.value)
    assert "'TRAIN_001' already stands on line 3" in str(caught.value)
    assert str(path) in str(caught.value)


def test_bad_header_does_not_hide_bad_rows(tmp_path: Path, rows: pd.DataFrame) -> None:
    rows.loc[3, "id"] = ""
    path = write_train(tmp_path / "train.csv", rows.rename(columns={"질문_1": "질믄_1"}))

    with pytest.raises(ContractError) as caught:
        read_train(path, SETTINGS)

    assert places(caught.value) == [(1, "질믄_1"), (5, "id")]
    assert caught.value.violations[0].remedy.startswith("rename it to 질문_1")


def test_rows_of_another_length_name_their_line(tmp_path: Path) -> None:
    text = f'id,질문\nA_0,"{QUESTION}\n둘째 줄"\nA_1,하나,둘\nA_2\nA_3,{QUESTION}\n'
    path = write(tmp_path / "test.csv", text)

    with pytest.raises(ContractError) as caught:
        read_test(path, SETTINGS)

    # The first row takes two lines, so the next one starts on line 4.
    assert places(caught.value) == [(4, ""), (5, "")]


def test_unclosed_quote_names_its_line_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", f'id,질문\nA_0,{QUESTION}\nA_1,"벽지는?\nA_2,\nA_3,둘?\n')

    with pytest.raises(ContractError) as caught:
        read_test(path, SETTINGS)

    assert places(caught.value) == [(3, ""), (4, "질문")]


def test_ids_are_made_from_content_whatever_the_order(tmp_path: Path, rows: pd.DataFrame) -> None:
    without = pd.concat([rows, rows.iloc[:1]]).drop(columns="id")
    forward = read_train(write_train(tmp_path / "train.csv", without), SETTINGS)
    backward = read_train(write_train(tmp_path / "train.csv", without.iloc[::-1]), SETTINGS)

    ids = forward.frame["id"]
    assert ids.is_unique
    assert ids.iloc[-1] == f"{ids.iloc[0]}_2"
    assert set(ids) == set(backward.frame["id"])
    by_id = backward.frame.set_index("id")
    assert by_id.loc[ids, "answers"].tolist() == forward.frame["answers"].tolist()
    assert forward.mapping.id is None


def test_unknown_columns_are_carried_along_and_said(tmp_path: Path, rows: pd.DataFrame) -> None:
    path = tmp_path / "train.csv"
    rows.assign(비고="확인함", ID_NUMBER="7").to_csv(path)

    table = read_train(path, SETTINGS)

    assert list(table.frame.columns) == [
        *CANONICAL,
        "Unnamed: 0",
        "비고",
        "ID_NUMBER",
        "file_sha256",
        "row_number",
    ]
    assert table.frame["Unnamed: 0"].tolist() == [str(number) for number in range(12)]
    assert table.notes == ("columns carried along, not used: Unnamed: 0, 비고, ID_NUMBER",)
    assert table.facts()["column_carried"] == "Unnamed: 0, 비고, ID_NUMBER"


def test_a_carried_column_never_takes_the_place_of_a_canonical_one(
    tmp_path: Path, rows: pd.DataFrame
) -> None:
    path = write_train(tmp_path / "train.csv", rows.assign(Row_Number="a", file_sha256="b"))

    table = read_train(path, SETTINGS)

    assert table.frame["Row_Number_2"].unique().tolist() == ["a"]
    assert table.frame["file_sha256_2"].unique().tolist() == ["b"]
    assert set(table.frame["file_sha256"]) == {table.sha256}


def test_settings_name_what_is_carried_and_ignored(tmp_path: Path, rows: pd.DataFrame) -> None:
    path = write_train(tmp_path / "train.csv", rows.assign(비고="a", 점수="b", 메모="c"))

    chosen = read_train(path, TableSettings(carry=("점수",)))
    ignored = read_train(path, TableSettings(ignore=("점수", "category")))

    assert chosen.mapping.carried == ("점수",)
    assert chosen.mapping.ignored == ("비고", "메모")
    assert ignored.mapping.carried == ("비고", "메모")
    assert set(ignored.frame["category"]) == {""}


def test_empty_columns_without_a_name_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", f"id,질문,,\nA_0,{QUESTION},,\nA_1,{QUESTION} 왜?,,\n")

    table = read_test(path, SETTINGS)

    assert list(table.frame.columns) == ["id", "question", "file_sha256", "row_number"]
    assert table.notes == ("2 columns without name and content are left out",)


def test_test_questions_need_no_id_and_keep_placeholders(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", f"질문\n{QUESTION}\n없음\n")

    table = read_test(path, SETTINGS)

    assert table.frame["question"].tolist() == [QUESTION, "없음"]
    assert table.frame["id"].str.startswith("question_").all()


def test_an_answer_column_beside_test_questions_is_carried(tmp_path: Path) -> None:
    path = write(tmp_path / "test.csv", f"id,질문,답변_1\nA,{QUESTION},네.\n")

    table = read_test(path, SETTINGS)

    assert table.mapping.carried == ("답변_1",)
    assert table.frame["답변_1"].tolist() == ["네."]


def test_long_lists_are_cut_in_the_text_only(tmp_path: Path) -> None:
    lines = "".join(f"A_{number},\n" for number in range(25))
    path = write(tmp_path / "test.csv", "id,질문\n" + lines)

    with pytest.raises(ContractError, match="25 violations") as caught:
        read_test(path, SETTINGS)

    assert len(caught.value.violations) == 25
    assert "… and 5 more" in str(caught.value)


def test_missing_file_is_a_contract_error(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="no such file"):
        read_test(tmp_path / "test.csv", SETTINGS)


def test_references_may_have_any_number_of_answers_and_gaps(tmp_path: Path) -> None:
    text = "id,답변_2,답변_1,답변_10\nA,둘입니다.,,열입니다.\nB,,하나입니다.,\n"
    path = write(tmp_path / "references.csv", text)

    table = read_references(path, SETTINGS)

    assert table.frame["answers"].tolist() == [["둘입니다.", "열입니다."], ["하나입니다."]]


@pytest.mark.parametrize("answers", [5, 3, 1])
def test_training_rows_can_serve_as_references(
    tmp_path: Path, rows: pd.DataFrame, answers: int
) -> None:
    few = rows.drop(columns=[f"답변_{number}" for number in range(answers + 1, 6)])
    table = read_references(write_train(tmp_path / "references.csv", few), SETTINGS)

    assert list(table.frame.columns) == ["id", "answers", "file_sha256", "row_number"]
    assert table.frame["answers"].tolist() == as_read(few)["answers"].tolist()


def test_references_without_any_answer_in_a_row_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "references.csv", "id,답변_1,답변_2\nA, ,\nB,하나입니다.,\n")

    with pytest.raises(ContractError) as caught:
        read_references(path, SETTINGS)

    assert places(caught.value) == [(2, "")]


@pytest.mark.parametrize("header", ["답변_1,답변_2", "id,메모"])
def test_references_need_ids_and_answers(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "references.csv", f"{header}\nA,하나입니다.\n")

    with pytest.raises(ContractError) as caught:
        read_references(path, SETTINGS)

    assert caught.value.violations[0].row == 1


# Text as people write it: no outer spaces, no unpaired quote, composed Korean.
CELL = (
    st.text(
        alphabet=st.sampled_from('가나다 벽지,"\n;?.A1\t|'),
        min_size=1,
        max_size=20,
    )
    .map(str.strip)
    .filter(lambda text: text and text.count('"') % 2 == 0)
)


@given(questions=st.lists(CELL, min_size=1, max_size=8), separator=st.sampled_from(",;\t|"))
def test_what_the_csv_writer_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory, questions: list[str], separator: str
) -> None:
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerow(["id", "질문"])
    writer.writerows((f"질문-{number}", question) for number, question in enumerate(questions))
    path = write(tmp_path_factory.mktemp("round") / "test.csv", buffer.getvalue())

    table = read_test(path, SETTINGS)

    assert table.frame["question"].tolist() == questions
    assert table.separator == separator
    assert sum(table.repairs.values()) == 0


@pytest.mark.real
def test_real_files_keep_the_contract(real_dir: Path) -> None:
    train = read_train(real_dir / "train.csv", SETTINGS)
    questions = read_test(real_dir / "test.csv", SETTINGS)

    assert len(train.frame) >= 500
    assert set(train.frame["answers"].map(len)) == {5}
    assert set(train.frame["questions"].map(len)) == {2}
    assert questions.encoding == "utf-8-sig"
    assert questions.repairs["stray_quotes"] == 12


def test_a_description_says_what_was_recognised(tmp_path: Path) -> None:
    train, test = tmp_path / "train.tsv", tmp_path / "test.csv"
    train.write_text(
        "질문\t답변1\t답변2\t비고\n왜?\t풀입니다.\t\tㄱ\n뭐?\t네.\t예.\t\n", encoding="cp949"
    )
    test.write_text("물음\n왜?\n", encoding="utf-8")

    assert read_train(train, TableSettings()).description() == [
        "2 rows, 1 to 2 answers a row",
        "read as csv, cp949, separated by tabs",
        "questions: 질문",
        "answers: 답변1, 답변2",
        "id: made from the content",
        "category: none: one class",
        "columns carried along, not used: 비고",
    ]
    assert read_test(test, TableSettings()).description()[:3] == [
        "1 questions",
        "read as csv, utf-8, separated by commas",
        "questions: 물음",
    ]
