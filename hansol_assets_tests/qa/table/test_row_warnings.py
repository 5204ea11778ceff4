from pathlib import Path
from typing import get_args

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.qa.table.row_warnings import row_warnings, without_dropped
from hansol_assets.qa.table.table_settings import Kind
from hansol_assets_tests.qa.rows import canonical, training_file


@pytest.fixture
def rows() -> pd.DataFrame:
    return training_file()


def found(rows: pd.DataFrame) -> list[tuple[str, str, str]]:
    warnings = row_warnings(canonical(rows))
    return list(warnings[["id", "column", "kind"]].itertuples(index=False, name=None))


def test_good_rows_raise_no_warning(rows: pd.DataFrame) -> None:
    assert found(rows) == []
    assert list(row_warnings(canonical(rows)).columns) == [
        "id",
        "row_number",
        "column",
        "kind",
        "detail",
    ]


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
    (warning,) = row_warnings(canonical(rows)).to_dict("records")
    assert warning == {
        "id": "TRAIN_001",
        "row_number": 2,
        "column": "question 2",
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
    assert found(rows) == [("TRAIN_002", "answer 4", "other_language")]


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
    assert found(rows) == ([] if is_whole else [("TRAIN_003", "answer 2", "unfinished")])


def test_questions_asked_twice_within_a_row_and_across_rows(rows: pd.DataFrame) -> None:
    rows.loc[1, "질문_2"] = f" {rows.loc[1, '질문_1']}"
    rows.loc[4, "질문_1"] = rows.loc[2, "질문_2"].rstrip("?")
    assert found(rows) == [
        ("TRAIN_001", "question 2", "doubled_question"),
        ("TRAIN_004", "question 1", "doubled_question"),
    ]
    assert row_warnings(canonical(rows))["detail"].tolist() == [
        "question 1 asks the same",
        "row TRAIN_002 asks the same",
    ]


@pytest.mark.parametrize("text", ["😀😀", "...", "?!", "―", "()"])
def test_cells_without_a_word(rows: pd.DataFrame, text: str) -> None:
    rows.loc[5, "답변_3"] = text
    assert found(rows) == [("TRAIN_005", "answer 3", "wordless")]


def test_a_setting_for_each_kind_keeps_or_drops_its_rows(rows: pd.DataFrame) -> None:
    rows.loc[1, ["질문_1", "질문_2"]] = ["합지의 장점은?", "합지의 단점은?"]
    rows.loc[2, "답변_4"] = "This answer has drifted into English for good."
    rows.loc[3, "답변_2"] = "벽지를 뜯고 바탕을"
    rows.loc[4, "질문_1"] = rows.loc[0, "질문_1"]
    rows.loc[5, "답변_3"] = "😀"
    rows.loc[6, "답변_2"] = "벽�를 다시 바릅니다."
    table = canonical(rows)
    warnings = row_warnings(table)
    assert warnings["kind"].tolist() == [
        "contradiction",
        "other_language",
        "unfinished",
        "doubled_question",
        "wordless",
        "damaged_text",
    ]
    for kind, place in zip(get_args(Kind), range(1, 7), strict=True):
        kept = without_dropped(table, warnings, (kind,))
        assert set(table["id"]) - set(kept["id"]) == {f"TRAIN_{place:03d}"}
        assert kept.index.tolist() == list(range(len(kept)))
    assert without_dropped(table, warnings, ()).equals(table)


@pytest.mark.real
def test_the_known_faults_of_the_real_rows_are_found(real_dir: Path) -> None:
    warnings = row_warnings(read_train(real_dir / "train.csv", TableSettings()).frame)
    assert ("TRAIN_631", "other_language") in set(
        warnings[["id", "kind"]].itertuples(index=False, name=None)
    )
    counts = warnings["kind"].value_counts()
    assert counts["contradiction"] == 9
    assert counts["doubled_question"] == 2
    assert 5 <= counts["unfinished"] <= 12
    assert "wordless" not in counts
    assert "damaged_text" not in counts


@pytest.mark.parametrize(
    ("text", "detail"),
    [
        ("벽�를 다시 바릅니다.", "holds characters that were lost (U+FFFD)"),
        ("占쏙옙지를 바릅니다.", "holds characters that were lost (U+FFFD)"),
        ("벽지를 바릅니다.".encode().decode("latin-1"), "looks decoded wrongly"),
        ("벽지를 바릅니다.".encode("cp949").decode("latin-1"), "looks decoded wrongly"),
    ],
)
def test_text_that_was_decoded_wrongly_is_named(rows: pd.DataFrame, text: str, detail: str) -> None:
    rows.loc[5, "답변_3"] = text
    damaged = row_warnings(canonical(rows)).query("kind == 'damaged_text'")
    assert damaged[["id", "column"]].to_numpy().tolist() == [["TRAIN_005", "answer 3"]]
    assert damaged["detail"].item().startswith(detail)


@pytest.mark.parametrize(
    "text",
    [
        "온도는 20℃±2, 두께는 ½인치(1.2㎜)쯤으로 맞춥니다.",
        "“도배”와 ‘장판’ — 둘 다… 시공합니다.",
        "카페(café)와 파사드(façade)를 함께 꾸밉니다.",
        "면적은 3×4m², 각도는 45°로 합니다.",
        "木材와 ペンキ를 씁니다.",
    ],
)
def test_honest_signs_are_no_damage(rows: pd.DataFrame, text: str) -> None:
    rows.loc[5, "답변_3"] = text
    assert found(rows) == []


PARTS = st.sampled_from(
    [
        *(
            "벽지는 ",
            "합니다.",
            "요.",
            "다",
            "왜? ",
            "가. ",
            "3. ",
            "…",
            "을.",
            "장점",
            "단점",
            "좋은 점",
        ),
        *(
            "그리고 ",
            "\u3000또한, ",
            "PVC ",
            "one two three four five six ",
            "漢字 ",
            "\ufffd",
            "?",
            "\n",
        ),
    ]
)
TEXTS = st.lists(PARTS, min_size=1, max_size=4).map("".join)
LISTS = st.lists(TEXTS, min_size=1, max_size=3)


@given(st.lists(st.tuples(LISTS, LISTS), min_size=1, max_size=5))
def test_no_row_is_passed_over_that_would_be_warned_of(
    cells: list[tuple[list[str], list[str]]],
) -> None:
    rows = pd.DataFrame(cells, columns=["questions", "answers"])
    rows.insert(0, "id", [f"R{place}" for place in range(len(rows))])
    # With an answer of no word beside the others, each row is looked at by itself.
    looked_at = rows.assign(answers=[["?", *own] for own in rows["answers"]])

    every = row_warnings(looked_at)
    every = every[every["column"] != "answer 1"]
    shifted = every["column"].replace(
        {f"answer {place + 1}": f"answer {place}" for place in range(1, 4)}
    )

    expected = every.assign(column=shifted).to_dict("records")
    assert row_warnings(rows).to_dict("records") == expected


def test_an_answer_that_is_a_question_of_the_table_is_warned_of_and_left_out() -> None:
    table = pd.DataFrame(
        [
            ("A", ["왜 뜨나요?"], ["왜 뜨나요?", "풀이 말랐습니다."]),
            ("B", ["곰팡이는요?"], ["왜 뜨나요"]),
            ("C", ["장판은요?"], ["왜 뜨나요? 풀이 말랐습니다."]),
        ],
        columns=["id", "questions", "answers"],
    )
    warnings = row_warnings(table)
    again = warnings[warnings["kind"] == "asked_again"]

    assert again[["id", "column"]].to_numpy().tolist() == [["A", "answer 1"], ["B", "answer 1"]]
    kept = without_dropped(table, again, ("wordless",))
    assert kept[["id", "answers"]].to_numpy().tolist() == [
        ["A", ["풀이 말랐습니다."]],
        ["C", ["왜 뜨나요? 풀이 말랐습니다."]],
    ]


@pytest.mark.parametrize(
    "answer",
    [
        "https://www.example.co.kr/faq/how/to/clean/the/wall.html?no=1.2 을 보세요.",
        "문의는 help.desk@example.co.kr 로 주세요.",
        "Samsung Bespoke Grande Infinite Line Washer Dryer Combo 제품을 씁니다.",
        "/usr/share/local/lib/wall/paper/data 폴더에 있습니다.",
    ],
)
def test_addresses_and_names_are_no_drift(rows: pd.DataFrame, answer: str) -> None:
    rows.loc[2, "답변_4"] = answer
    assert found(rows) == []


def english(*answers: str) -> pd.DataFrame:
    table = [(f"R{n}", [f"How do I clean wall {n}?"], [text]) for n, text in enumerate(answers)]
    return pd.DataFrame(table, columns=["id", "questions", "answers"])


def test_an_english_table_drifts_into_other_languages_alone() -> None:
    sound = ["Wipe it with a damp cloth and let it dry.", "Yes", "Click Save", "Use 3 coats of it"]
    broken = ["Wipe the wall with a damp cloth and", "벽을 젖은 천으로 닦고 나서 잘 말려 둡니다"]
    warnings = row_warnings(english(*sound * 5, *broken))
    assert warnings[["id", "kind"]].to_numpy().tolist() == [
        ["R20", "unfinished"],
        ["R21", "other_language"],
    ]


@pytest.mark.parametrize(
    ("first", "second", "is_opposite"),
    [
        ("네, 가능합니다.", "불가능합니다.", True),
        ("할 수 있습니다.", "아니요, 안 됩니다.", True),
        ("네, 가능합니다.", "가능합니다. 다만 물에 오래 두지는 마세요.", False),
        ("네, 가능합니다.", "바탕을 말리고 붙입니다.", False),
    ],
)
def test_rows_that_answer_the_opposite_are_named(
    first: str, second: str, is_opposite: bool
) -> None:
    rows = [("A", ["덧방이 가능한가요?"], [first]), ("B", ["덧방이 가능한가요"], [second])]
    warnings = row_warnings(pd.DataFrame(rows, columns=["id", "questions", "answers"]))
    kinds = warnings.loc[warnings["id"] == "B", "kind"].tolist()
    assert kinds == ["doubled_question", *["contradiction"] * is_opposite]
