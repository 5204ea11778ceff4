"""The review file as people save it: filled in part, by Excel, and with mistakes."""

from pathlib import Path

import pytest

from hansol_assets.qa.table.columns import ANSWERS, CATEGORY, ID, QUESTIONS
from hansol_assets.qa.table.reviewed import (
    REVIEWED_COLUMNS,
    as_rows,
    guarded,
    no_reviewed,
    read_every_row,
    read_reviewed,
    unguarded,
)
from hansol_assets.qa.table.violations import ContractError

HEADER = "id,question,confidence,draft,nearest_row,category,answer"
OPEN = "T1,벽지는 왜 우나요?,0.4,풀이 마릅니다.,R1,하자,"
FILLED = "T2,마루는 왜 뜨나요?,0.3,물이 샙니다.,R2,하자,습기 때문에 뜹니다."
OTHER = "T3,타일은 왜 깨지나요?,0.3,물이 샙니다.,R2,,충격을 받아 깨집니다."


def review_file(folder: Path, *lines: str, encoding: str = "utf-8-sig") -> Path:
    path = folder / "review.csv"
    path.write_text("\r\n".join([HEADER, *lines, ""]), encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-8", "cp949", "utf-16"])
def test_what_is_filled_in_is_read_however_it_was_saved(tmp_path: Path, encoding: str) -> None:
    reviewed = read_reviewed(review_file(tmp_path, OPEN, FILLED, OTHER, encoding=encoding))

    assert reviewed.columns.tolist() == REVIEWED_COLUMNS
    texts = reviewed.set_index("question")["answer"].to_dict()
    assert texts == {
        "마루는 왜 뜨나요?": "습기 때문에 뜹니다.",
        "타일은 왜 깨지나요?": "충격을 받아 깨집니다.",
    }


def test_personal_numbers_are_masked_where_the_table_s_are(tmp_path: Path) -> None:
    path = review_file(tmp_path, f"{FILLED} 문의: 010-1234-5678")

    assert read_reviewed(path)["answer"][0].endswith("010-1234-5678")
    assert read_reviewed(path, masks=True)["answer"][0].endswith("***-****-****")


def test_the_order_of_the_file_and_open_questions_change_nothing(tmp_path: Path) -> None:
    first = read_reviewed(review_file(tmp_path, FILLED, OTHER))
    second = read_reviewed(review_file(tmp_path, OTHER, OPEN, FILLED))

    assert first.equals(second)
    assert first["id"].is_unique


def test_nothing_filled_in_is_as_no_file(tmp_path: Path) -> None:
    assert read_reviewed(review_file(tmp_path, OPEN)).equals(no_reviewed())


def test_a_header_alone_is_as_no_file(tmp_path: Path) -> None:
    assert read_reviewed(review_file(tmp_path)).equals(no_reviewed())
    assert read_every_row(review_file(tmp_path)).columns.tolist() == HEADER.split(",")


@pytest.mark.parametrize(
    "put_off",
    ["없음", "-", "N/A", "보류", " 보류. ", "(확인 중)", "#NAME?", "TBD", "?", "'-", "..."],
)
def test_what_stands_for_no_answer_is_none(tmp_path: Path, put_off: str) -> None:
    path = review_file(tmp_path, f"{OPEN}{put_off}", FILLED)

    assert read_reviewed(path)["question"].tolist() == ["마루는 왜 뜨나요?"]
    assert len(read_every_row(path)) == 2


def test_a_table_may_have_placeholders_of_its_own(tmp_path: Path) -> None:
    path = review_file(tmp_path, f"{OPEN}담당 부서로", f"{OTHER.removesuffix('.')}")

    assert read_reviewed(path, ["담당부서로"])["answer"].tolist() == ["충격을 받아 깨집니다"]


@pytest.mark.parametrize("cell", ["=1+1", "+82-2-555-0100", "- 먼저 말립니다.", "@SUM(A1)", "＝1"])
def test_a_guarded_cell_is_no_formula_and_is_read_as_it_was(tmp_path: Path, cell: str) -> None:
    assert guarded(cell) == f"'{cell}"
    path = review_file(tmp_path, f"{OPEN}{guarded(cell)}")

    assert read_reviewed(path)["answer"].tolist() == [cell]
    assert read_every_row(path)["answer"].tolist() == [cell]
    assert (
        guarded("벽지는 'A=B'입니다.") == unguarded("벽지는 'A=B'입니다.") == "벽지는 'A=B'입니다."
    )
    assert unguarded("'인용'입니다.") == "'인용'입니다."


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([FILLED, FILLED.replace("습기", "물")], r"line 3, column question: is answered before"),
        (["T2,,0.3,물이 샙니다.,R2,하자,습기 때문에 뜹니다."], "is empty beside an answer"),
    ],
)
def test_a_mistake_is_told_with_its_line(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(ContractError, match=said):
        read_reviewed(review_file(tmp_path, *lines))


def test_a_lost_column_is_told_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_text("id,question\nT1,벽지는 왜 우나요?\n", encoding="utf-8")
    with pytest.raises(ContractError, match=r"column answer: is missing; .*hansol review --export"):
        read_reviewed(path)


def test_an_answer_becomes_a_row_of_one_question_and_one_answer(tmp_path: Path) -> None:
    rows = as_rows(read_reviewed(review_file(tmp_path, FILLED)))

    (row,) = rows.to_dict("records")
    assert row[ID].startswith("reviewed_")
    assert row[QUESTIONS] == ["마루는 왜 뜨나요?"]
    assert row[ANSWERS] == ["습기 때문에 뜹니다."]
    assert row[CATEGORY] == "하자"
