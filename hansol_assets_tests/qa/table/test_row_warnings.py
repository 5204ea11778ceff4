from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.qa.contract import read_train
from hansol_assets.qa.row_quality import RowQualitySettings, without_dropped
from hansol_assets.qa.row_warnings import KINDS, row_warnings


def found(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    warnings = row_warnings(rows)
    return list(warnings[["id", "column", "kind"]].itertuples(index=False, name=None))


def test_good_rows_raise_no_warning(rows: pd.DataFrame) -> None:
    assert found(rows) == []
    assert list(row_warnings(rows).columns) == ["id", "column", "kind", "detail"]


@pytest.mark.parametrize(
    ("first", "second", "detail"),
    [
        ("합지의 장점은 무엇인가요?", "합지의 단점을 알려 주세요.", "장점 and 단점"),
        ("합지의 단점은?", "합지는 어떤 좋은 점이 있나요?", "단점 and 좋은 점"),
        ("강마루의 이점은?", "강마루의 문제점은 무엇인가요?", "이점 and 문제점"),
    ],
)
def test_paraphrases_that_ask_for_opposites(
    rows: pd.DataFrame, first: str, second: str, detail: str
) -> None:
    rows.loc[1, ["질문_1", "질문_2"]] = [first, second]
    (warning,) = row_warnings(rows).to_dict("records")
    assert warning == {
        "id": "TRAIN_001",
        "column": "질문_2",
        "kind": "contradiction",
        "detail": f"the paraphrases ask for opposites: {detail}",
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("합지의 장점은?", "합지는 무엇이 좋은가요?"),
        ("합지의 장점과 단점은?", "합지의 단점과 장점을 알려 주세요."),
        ("합지의 장단점은?", "합지의 단점도 알려 주세요."),
        ("합지의 안 좋은 점은?", "합지의 단점은 무엇인가요?"),
    ],
)
def test_paraphrases_that_agree(rows: pd.DataFrame, first: str, second: str) -> None:
    rows.loc[1, ["질문_1", "질문_2"]] = [first, second]
    assert found(rows) == []


@pytest.mark.parametrize(
    "drift",
    [
        "벽지는 The wallpaper should be removed before painting the wall 합니다.",
        "벽지는 壁紙を剥がしてから新しいものを貼ります 라고 합니다.",
        "벽지는 обои нужно снять перед покраской стены 합니다.",
    ],
)
def test_answers_that_drift_into_another_language(rows: pd.DataFrame, drift: str) -> None:
    rows.loc[2, "답변_4"] = drift
    assert found(rows) == [("TRAIN_002", "답변_4", "other_language")]


def test_the_trades_own_words_are_no_drift(rows: pd.DataFrame) -> None:
    rows.loc[2, "답변_4"] = (
        "중밀도 섬유판(MDF, Medium Density Fibreboard)이며 木材를 갈아 만듭니다."
    )
    assert found(rows) == []


@pytest.mark.parametrize(
    ("answer", "is_whole"),
    [
        ("벽지를 뜯고 바탕을", False),
        ("벽지를 뜯습니다. 그다음", False),
        ("벽지를 뜯습니다", True),
        ("벽지를 뜯습니다.", True),
    ],
)
def test_answers_that_break_off(rows: pd.DataFrame, answer: str, is_whole: bool) -> None:
    rows.loc[3, "답변_2"] = answer
    assert found(rows) == ([] if is_whole else [("TRAIN_003", "답변_2", "unfinished")])


def test_questions_asked_twice_within_a_row_and_across_rows(rows: pd.DataFrame) -> None:
    rows.loc[1, "질문_2"] = f" {rows.loc[1, '질문_1']}"
    rows.loc[4, "질문_1"] = rows.loc[2, "질문_2"].rstrip("?")
    assert found(rows) == [
        ("TRAIN_001", "질문_2", "doubled_question"),
        ("TRAIN_004", "질문_1", "doubled_question"),
    ]
    assert row_warnings(rows)["detail"].tolist() == [
        "질문_1 asks the same",
        "row TRAIN_002 asks the same",
    ]


@pytest.mark.parametrize("text", ["😀😀", "...", "?!", "―", "()"])
def test_cells_without_a_word(rows: pd.DataFrame, text: str) -> None:
    rows.loc[5, "답변_3"] = text
    assert found(rows) == [("TRAIN_005", "답변_3", "wordless")]


def test_a_setting_for_each_kind_keeps_or_drops_its_rows(rows: pd.DataFrame) -> None:
    rows.loc[1, ["질문_1", "질문_2"]] = ["합지의 장점은?", "합지의 단점은?"]
    rows.loc[2, "답변_4"] = "This answer has drifted into English for good."
    rows.loc[3, "답변_2"] = "벽지를 뜯고 바탕을"
    rows.loc[4, "질문_1"] = rows.loc[0, "질문_1"]
    rows.loc[5, "답변_3"] = "😀"
    warnings = row_warnings(rows)
    assert warnings["kind"].tolist() == [
        "contradiction",
        "other_language",
        "unfinished",
        "doubled_question",
        "wordless",
    ]
    for kind, place in zip(KINDS, range(1, 6), strict=True):
        only = RowQualitySettings(**{name: "drop" if name == kind else "keep" for name in KINDS})
        kept = without_dropped(rows, warnings, only)
        assert set(rows["id"]) - set(kept["id"]) == {f"TRAIN_{place:03d}"}
        assert kept.index.tolist() == list(range(len(kept)))
    keep = RowQualitySettings(**dict.fromkeys(KINDS, "keep"))
    assert without_dropped(rows, warnings, keep).equals(rows)


def test_every_kind_has_a_setting() -> None:
    assert tuple(RowQualitySettings.model_fields) == KINDS


@pytest.mark.real
def test_the_known_faults_of_the_real_rows_are_found(real_dir: Path) -> None:
    warnings = row_warnings(read_train(real_dir / "train.csv").frame)
    assert ("TRAIN_631", "other_language") in set(
        warnings[["id", "kind"]].itertuples(index=False, name=None)
    )
    counts = warnings["kind"].value_counts()
    assert counts["contradiction"] == 9
    assert counts["doubled_question"] == 2
    assert 5 <= counts["unfinished"] <= 12
    assert "wordless" not in counts
