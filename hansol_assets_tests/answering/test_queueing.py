"""Questions that were asked by hand, put into the review file, whatever stands there."""

from pathlib import Path

import pytest

from hansol_assets.answering.reviewing import add_to_queue
from hansol_assets.qa.table import ContractError
from hansol_assets.qa.table.reviewed import read_reviewed
from hansol_assets_tests.answering.review_files import asked, rows_of

HEADER = "id,question,confidence,draft,nearest_row,category,answer,note"
OPEN = "T1,벽지는 왜 우나요?,0.4,풀이 마릅니다.,R1,하자,,나중에"
FILLED = "T2,마루는 왜 뜨나요?,0.3,물이 샙니다.,R2,하자, 습기 때문에 뜹니다. ,확인함"


def review_file(folder: Path, *lines: str, encoding: str = "utf-8-sig") -> Path:
    path = folder / "review.csv"
    path.write_text("\n".join([HEADER, *lines, ""]), encoding=encoding)
    return path


def test_a_file_is_made_that_holds_the_question_with_its_draft(tmp_path: Path) -> None:
    path = tmp_path / "lake" / "review.csv"

    assert add_to_queue(asked(), path)

    (row,) = rows_of(path)
    assert row["id"].startswith("asked_")
    assert row["question"] == asked().question
    assert row["draft"] == asked().answer
    assert (row["nearest_row"], row["category"], row["answer"]) == ("17", "하자", "")
    assert len(read_reviewed(path)) == 0


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp949", "utf-16"])
def test_what_stands_in_the_file_stays_as_it_is(tmp_path: Path, encoding: str) -> None:
    path = review_file(tmp_path, OPEN, FILLED, encoding=encoding)

    assert add_to_queue(asked(), path)

    before, filled, added = rows_of(path)
    assert list(before.values()) == OPEN.split(",")
    assert list(filled.values()) == FILLED.split(",")
    assert (added["question"], added["answer"], added["note"]) == (asked().question, "", "")


def test_a_question_stands_once_answered_or_not(tmp_path: Path) -> None:
    path = review_file(tmp_path, OPEN, FILLED)
    before = path.read_bytes()

    assert not add_to_queue(asked("벽지는 왜 우나요?"), path)
    assert not add_to_queue(asked(" 마루는 왜 뜨나요?\n"), path)
    assert path.read_bytes() == before
    assert add_to_queue(asked(), path)
    assert not add_to_queue(asked(), path)
    assert len(rows_of(path)) == 3


def test_a_file_that_cannot_be_read_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "review.csv"
    path.write_text("id,question\nT1,벽지는 왜 우나요?\n", encoding="utf-8")
    before = path.read_bytes()

    with pytest.raises(ContractError, match="answer"):
        add_to_queue(asked(), path)
    assert path.read_bytes() == before
