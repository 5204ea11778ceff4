from pathlib import Path

import pytest

from hansol_assets.qa.table import ContractError
from hansol_assets.qa.table.contract import describe_test, describe_train
from hansol_assets.qa.table.table_settings import TableSettings


def test_a_description_says_what_was_recognised(tmp_path: Path) -> None:
    train, test = tmp_path / "train.tsv", tmp_path / "test.csv"
    train.write_text(
        "질문\t답변1\t답변2\t비고\n왜?\t풀입니다.\t\tㄱ\n뭐?\t네.\t예.\t\n", encoding="cp949"
    )
    test.write_text("물음\n왜?\n", encoding="utf-8")

    assert describe_train(train, TableSettings()) == [
        "2 rows, 1 to 2 answers a row",
        "read as csv, cp949, separated by tabs",
        "questions: 질문",
        "answers: 답변1, 답변2",
        "id: made from the content",
        "category: none: one class",
        "columns carried along, not used: 비고",
    ]
    assert describe_test(test, TableSettings())[:3] == [
        "1 questions",
        "read as csv, utf-8, separated by commas",
        "questions: 물음",
    ]


def test_a_description_says_what_keeps_a_file_from_being_read(tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("질문,비고\n왜?,ㄱ\n", encoding="utf-8")

    with pytest.raises(ContractError, match="no column is known to hold answers") as error:
        describe_train(path, TableSettings())

    said = str(error.value)
    assert "table:\n  answers: [" in said
