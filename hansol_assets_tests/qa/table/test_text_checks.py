"""Numbers by which a person is known: named by kind, masked where that is wished, never shown."""

from pathlib import Path

import pytest

from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.qa.table.row_warnings import row_warnings
from hansol_assets.qa.table.text_checks import CARD, PHONE, RESIDENT, kinds_in, masked

FOUND = [
    ("010-1234-5678로 주세요", PHONE, "***-****-****로 주세요"),
    ("010 1234 5678", PHONE, "*** **** ****"),
    ("01012345678", PHONE, "***********"),
    ("+82 10-1234-5678", PHONE, "+** **-****-****"),
    ("대표 02-345-6789", PHONE, "대표 **-***-****"),
    ("(031) 123-4567", PHONE, "(***) ***-****"),
    ("900101-1234567입니다", RESIDENT, "******-*******입니다"),
    ("210305-3123456", RESIDENT, "******-*******"),
    ("카드 4111 1111 1111 1111", CARD, "카드 **** **** **** ****"),
    ("4111-1111-1111-1111", CARD, "****-****-****-****"),
    ("연락처.01012345678.", PHONE, "연락처.***********."),
    ("2.010-1234-5678", PHONE, "2.***-****-****"),
    ("5309136012499991", CARD, "****************"),
]
HONEST = [
    "4111 1111 1111 1112", "900132-1234567", "9001011234567", "2024-03-01 09:30", "1,234,567,890원",
    "주문 20240301-12345", "1588-1234로 전화하세요", "규격 600x600x10", "0000 0000 0000 0000",
    "3.141592653589", "0.5309136012499991%", "5309136012499991.25", "5.309136012499991e-05",
    "-.5309136012499991", "0.01012345678", "12.9001011234568", "ISBN 978-89-01-12345-6",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "without"), FOUND)
def test_a_personal_number_is_named_and_masked(text: str, kind: str, without: str) -> None:
    assert kinds_in(text) == [kind]
    assert masked(text) == without
    assert kinds_in(without) == []


@pytest.mark.parametrize("text", HONEST)
def test_other_numbers_are_left_alone(text: str) -> None:
    assert kinds_in(text) == []
    assert masked(text) == text


def table_of(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    path.write_text(
        "id,질문,답변,연락처\nA,제 번호는 010-1234-5678인데 언제 오시나요?,"
        "내일 가서 보고 010-8765-4321로,010-1111-2222\n",
        encoding="utf-8",
    )
    return path


def test_rows_are_warned_of_by_kind_and_no_number_is_shown(tmp_path: Path) -> None:
    warnings = row_warnings(read_train(table_of(tmp_path), TableSettings()).frame)

    personal = warnings[warnings["kind"] == "personal_data"]
    assert personal[["id", "column", "detail"]].to_numpy().tolist() == [
        ["A", "question 1", "holds a phone number"],
        ["A", "answer 1", "holds a phone number"],
    ]
    assert "1234" not in warnings.to_string()
    assert "8765" not in warnings.to_string()


def test_a_setting_masks_them_wherever_they_stand(tmp_path: Path) -> None:
    table = read_train(table_of(tmp_path), TableSettings(personal_data="mask"))

    row = table.frame.iloc[0]
    assert row["questions"][0] == "제 번호는 ***-****-****인데 언제 오시나요?"
    assert row["answers"][0] == "내일 가서 보고 ***-****-****로"
    assert row["연락처"] == "***-****-****"
    assert "personal numbers were masked in 3 cells" in table.notes
