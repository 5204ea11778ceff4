import hashlib
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hansol_assets.errors import InputError
from hansol_assets.qa.folds import (
    FoldSettings,
    assign_folds,
    find_leaks,
    held_out_texts,
    natural_order,
    stock_answers,
)
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets_tests.qa.rows import canonical

SMALL = FoldSettings(count=4, validation=1, calibration=1)


def table(cells: list[tuple[str, str, str, str]], category: str = "시공") -> pd.DataFrame:
    """Rows of an id, two questions and one answer."""
    frame = pd.DataFrame(cells, columns=["id", "질문_1", "질문_2", "답변_1"])
    return canonical(frame.assign(category=category))


def test_every_row_gets_one_fold_and_small_tables_fill_every_split(rows: pd.DataFrame) -> None:
    folds = assign_folds(rows, SMALL)

    assert list(folds.columns) == ["id", "category", "leak_group", "fold", "split"]
    assert folds["id"].tolist() == rows["id"].tolist()
    assert folds["fold"].value_counts().to_dict() == {0: 3, 1: 3, 2: 3, 3: 3}
    assert folds["split"].value_counts().to_dict() == {
        "training": 6,
        "calibration": 3,
        "validation": 3,
    }


def test_categories_are_spread_over_the_folds(rows: pd.DataFrame) -> None:
    many = pd.concat(
        [
            rows.assign(
                id=rows["id"] + f"_{copy}",
                **{
                    name: [[f"{text} {copy}" for text in own] for own in rows[name]]
                    for name in ("questions", "answers")
                },
            )
            for copy in range(5)
        ],
        ignore_index=True,
    )

    folds = assign_folds(many, FoldSettings(count=5))

    counts = pd.crosstab(folds["category"], folds["fold"])
    assert (counts.max(axis=1) - counts.min(axis=1)).max() == 0


def test_order_of_rows_does_not_matter_and_the_salt_does(rows: pd.DataFrame) -> None:
    folds = assign_folds(rows, SMALL)

    pd.testing.assert_frame_equal(assign_folds(rows.iloc[::-1], SMALL), folds)
    redrawn = assign_folds(rows, SMALL.model_copy(update={"salt": "another"}))
    assert redrawn["fold"].tolist() != folds["fold"].tolist()


def test_appended_rows_move_none_of_the_earlier_ones(rows: pd.DataFrame) -> None:
    earlier = assign_folds(rows.iloc[:9], SMALL)

    later = assign_folds(rows, SMALL)

    pd.testing.assert_frame_equal(later.iloc[:9], earlier)


def hashed(numbers: range, classes: int) -> pd.DataFrame:
    """Rows whose ids have no order, as those that are made from the content."""
    return pd.DataFrame(
        {
            "id": [
                f"row_{hashlib.sha256(bytes([n % 256, n // 256])).hexdigest()}" for n in numbers
            ],
            "questions": [[f"{n}번째 물음은?"] for n in numbers],
            "category": [f"분류 {n % 7 % classes}" for n in numbers],
            "answers": [[f"{n}번째 답입니다."] for n in numbers],
        }
    )


@pytest.mark.parametrize("classes", [1, 3])
@pytest.mark.parametrize(("added", "most_moved"), [(1, 15), (10, 40), (100, 80)])
def test_rows_added_among_others_move_few(classes: int, added: int, most_moved: int) -> None:
    earlier = assign_folds(hashed(range(500), classes), FoldSettings()).set_index("id")

    rows = hashed(range(500 + added), classes)
    later = assign_folds(rows, FoldSettings()).set_index("id")

    moved = (later.loc[earlier.index, "fold"] != earlier["fold"]).sum()
    assert moved <= most_moved
    sizes = pd.crosstab(later["category"], later["fold"])
    assert (sizes.max(axis=1) - sizes.min(axis=1)).max() <= 1
    assert later["fold"].value_counts().max() - later["fold"].value_counts().min() <= 1
    backwards = assign_folds(rows.iloc[::-1], FoldSettings()).set_index("id")
    assert (backwards["fold"] == later["fold"]).all()


def test_a_group_that_is_most_of_a_table_leaves_no_split_empty() -> None:
    rows = hashed(range(24), 1).assign(row_number=[min(n, 4) for n in range(24)])

    folds = assign_folds(rows, SMALL)

    assert folds["leak_group"].nunique() == 5
    assert set(folds["split"]) == {"training", "calibration", "validation"}


def test_shared_texts_bind_rows_over_several_steps() -> None:
    rows = table(
        [
            ("A_10", "퍼티는 언제 바르나요?", "퍼티를 쓰는 때는?", "칠하기 전입니다."),
            ("A_9", "퍼티 작업은 왜 하나요?", "퍼티는  언제 바르나요", "메우기 위해서입니다."),
            ("A_11", "면을 고르려면 무엇을 하나요?", "면을 고르는 법은?", "메우기 위해서입니다"),
            ("A_12", "몰딩은 무엇인가요?", "몰딩이 뭐야?", "모서리를 꾸미는 띠입니다."),
            ("A_13", "초배지는 무엇인가요?", "초배지가 뭐야?", "먼저 바르는 종이입니다."),
        ]
    )

    folds = assign_folds(rows, FoldSettings(count=3, validation=1, calibration=1))

    groups = dict(zip(folds["id"], folds["leak_group"], strict=True))
    assert groups == {"A_9": "A_9", "A_10": "A_9", "A_11": "A_9", "A_12": "A_12", "A_13": "A_13"}
    assert folds.groupby("leak_group")["fold"].nunique().max() == 1
    assert find_leaks(rows, folds, SMALL) == []


def test_a_question_like_an_answer_is_no_leak() -> None:
    rows = table(
        [
            ("A_0", "도배", "벽지를 바르는 일은?", "정배"),
            ("A_1", "정배", "마지막에 바르는 벽지는?", "도배"),
        ]
    )

    folds = assign_folds(rows, FoldSettings(count=2, validation=1, calibration=0))

    assert folds["leak_group"].tolist() == ["A_0", "A_1"]


def test_planted_leaks_are_found_whatever_the_groups_say(rows: pd.DataFrame) -> None:
    folds = assign_folds(rows, SMALL)
    by_split = folds.groupby("split")["id"].first()
    first, second = sorted([by_split["training"], by_split["validation"]])
    leaky = rows.set_index("id")
    leaky.loc[second, "questions"][1] = leaky.loc[first, "questions"][0].replace(" ", "") + "!"
    leaky.loc[second, "answers"][4] = leaky.loc[first, "answers"][1]

    leaks = find_leaks(leaky.reset_index(), folds, SMALL)

    assert [(leak.kind, leak.first_id, leak.second_id) for leak in leaks] == [
        ("question", first, second),
        ("answer", first, second),
    ]
    assert {leaks[0].first_split, leaks[0].second_split} == {"training", "validation"}


def test_leaks_need_the_folds_of_the_same_rows(rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="different ids"):
        find_leaks(rows, assign_folds(rows.iloc[:8], SMALL), SMALL)


@given(start=st.integers(0, 9))
def test_rotation_moves_the_splits_and_not_the_folds(start: int) -> None:
    settings = FoldSettings(validation_fold=start)
    splits = {fold: settings.split_of(fold) for fold in range(10)}

    assert splits[start] == splits[(start + 1) % 10] == "validation"
    assert splits[(start + 2) % 10] == "calibration"
    assert list(splits.values()).count("training") == 7


@pytest.mark.parametrize(
    "values",
    [
        {"count": 3, "validation": 2, "calibration": 1},
        {"count": 4, "validation": 1, "validation_fold": 4},
        {"count": 1},
        {"folds": 10},
    ],
)
def test_impossible_settings_are_refused(values: dict[str, int]) -> None:
    with pytest.raises(ValidationError):
        FoldSettings(**values)


@pytest.mark.parametrize(
    ("count", "remedy"),
    [
        (1, "add rows, since 3 groups are needed"),
        (2, "add rows, since 3 groups are needed"),
        (4, r"lower folds.count \(now 10\) to at most 4, or add rows"),
    ],
)
def test_too_few_rows_say_what_to_do(rows: pd.DataFrame, count: int, remedy: str) -> None:
    with pytest.raises(InputError, match=f"{count} rows in .* leave no row for .*: {remedy}"):
        assign_folds(rows.iloc[:count], FoldSettings())


def test_doubled_ids_are_refused(rows: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="unique"):
        assign_folds(pd.concat([rows, rows.iloc[:1]]), SMALL)


def test_natural_order_counts() -> None:
    keys = ["A_10", "A_9", "B", "A_09", "10", "９"]

    assert sorted(keys, key=natural_order) == ["10", "A_09", "A_9", "A_10", "B", "９"]


WORDS = st.sampled_from(["벽지", "장판", "타일", "몰딩", "퍼티", "결로"])


@given(texts=st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=6, max_size=30), salt=st.text())
def test_no_table_leaks(texts: list[tuple[str, str, str]], salt: str) -> None:
    # Words are few, so that chance makes chains of shared texts; the last rows share nothing.
    cells = [(f"A_{number}", *cell) for number, cell in enumerate(texts)]
    cells += [(f"B_{number}", f"q{number}", f"p{number}", f"a{number}") for number in range(4)]
    rows = table(cells)

    folds = assign_folds(rows, SMALL.model_copy(update={"salt": salt}))

    assert find_leaks(rows, folds, SMALL) == []
    assert sorted(folds["id"]) == sorted(rows["id"])
    assert set(folds["split"]) == {"training", "calibration", "validation"}


@pytest.mark.real
def test_real_rows_are_balanced_and_do_not_leak(real_dir: Path) -> None:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame

    folds = assign_folds(rows, FoldSettings())

    sizes = folds["fold"].value_counts()
    assert sizes.max() - sizes.min() <= 2
    assert find_leaks(rows, folds, SMALL) == []
    # Two of its questions and one of its answers stand twice.
    assert (folds["leak_group"] != folds["id"]).sum() == 3


COURTESY = "더 궁금한 점이 있으면 언제든 문의해 주세요."


def many(count: int, shared: int, own: bool = True) -> pd.DataFrame:
    """Rows of which the first ones end in one courtesy sentence, or have nothing else."""
    return pd.DataFrame(
        {
            "id": [f"A_{number}" for number in range(count)],
            "questions": [[f"자재 {number}번은 무엇인가요?"] for number in range(count)],
            "category": "",
            "answers": [
                [f"{number}번 자재입니다."] * (own or number >= shared)
                + [COURTESY + " " * (number % 2)] * (number < shared)
                for number in range(count)
            ],
        }
    )


@pytest.mark.parametrize("shared", [40, 20, 6])
def test_a_stock_phrase_ties_no_rows_that_have_other_answers(shared: int) -> None:
    rows = many(40, shared)

    folds = assign_folds(rows, FoldSettings())

    assert folds["leak_group"].nunique() == 40
    assert stock_answers(rows, FoldSettings()) == {COURTESY: shared}
    assert find_leaks(rows, folds, FoldSettings()) == []
    held_out = rows.assign(split="validation")
    assert COURTESY not in held_out_texts(held_out, FoldSettings())


@pytest.mark.parametrize("shared", [2, 5])
def test_an_answer_that_a_few_rows_share_ties_them(shared: int) -> None:
    folds = assign_folds(many(40, shared), FoldSettings())

    assert folds["leak_group"].nunique() == 40 - shared + 1


def test_rows_with_nothing_but_a_stock_phrase_are_tied_by_it() -> None:
    rows = many(40, 12, own=False)

    folds = assign_folds(rows, FoldSettings())

    assert folds["leak_group"].nunique() == 40 - 12 + 1
    assert folds.loc[folds["leak_group"] == "A_0", "fold"].nunique() == 1


def test_variants_of_a_question_with_one_answer_are_tied() -> None:
    """Twenty questions of ten rows each: each answer is 5 % of the rows, and a real one."""
    rows = pd.DataFrame(
        {
            "id": [f"A_{number}" for number in range(200)],
            "questions": [[f"{number}번째 물음은?"] for number in range(200)],
            "category": "",
            "answers": [
                [f"{number // 10}번 답입니다.", f"{number}번 덧붙임입니다."]
                for number in range(200)
            ],
        }
    )

    folds = assign_folds(rows, FoldSettings())

    assert folds["leak_group"].nunique() == 20
    assert find_leaks(rows, folds, FoldSettings()) == []


def test_too_few_groups_name_the_text_that_ties_most_rows(rows: pd.DataFrame) -> None:
    tied = rows.assign(questions=[["어떻게 하나요?"]] * len(rows))

    with pytest.raises(InputError, match="Most rows, 12, share '어떻게 하나요\\?'"):
        assign_folds(tied, SMALL)


def test_rows_of_one_record_share_a_fold(rows: pd.DataFrame) -> None:
    talks = rows.assign(row_number=[number // 3 for number in range(12)])

    folds = assign_folds(talks, SMALL)

    assert folds["leak_group"].nunique() == 4


def test_one_class_is_dealt_evenly(rows: pd.DataFrame) -> None:
    folds = assign_folds(rows.assign(category=""), SMALL)

    assert set(folds["fold"].value_counts()) == {3}
