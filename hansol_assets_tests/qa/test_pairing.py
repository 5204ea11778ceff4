from collections import Counter
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa import pairing
from hansol_assets.qa.connectives import KINDS, join_answers, join_questions
from hansol_assets.qa.connectives import NONE as SIDE_BY_SIDE
from hansol_assets.qa.folds import FoldSettings, assign_folds
from hansol_assets.qa.pairing import PairingSettings, build_held_out, build_pairs
from hansol_assets.qa.splitting import QuestionMix, question_mix, take_apart
from hansol_assets.qa.table import TableSettings, read_test, read_train
from hansol_assets_tests.qa.rows import training_table

HALF = QuestionMix(joined_share=0.5, connectives={"그리고": 0.6, "또한,": 0.4})
NONE = QuestionMix(joined_share=0.0, connectives={})
SETTINGS = PairingSettings()


@pytest.fixture
def folds(rows: pd.DataFrame) -> pd.DataFrame:
    return assign_folds(rows, FoldSettings(count=4, validation=1, calibration=1))


def ids_of(folds: pd.DataFrame, split: str) -> set[str]:
    return set(folds.loc[folds["split"] == split, "id"])


def test_singles_are_every_question_with_every_answer(
    rows: pd.DataFrame, folds: pd.DataFrame
) -> None:
    pairs = build_pairs(rows, folds, NONE)

    training = rows[rows["id"].isin(ids_of(folds, "training"))]
    expected = {
        (question, answer)
        for _, row in training.iterrows()
        for question in row["questions"]
        for answer in row["answers"]
    }
    assert set(pairs["kind"]) == {"single"}
    assert len(pairs) == 6 * 10
    assert set(zip(pairs["question"], pairs["answer"], strict=True)) == expected


def test_joined_examples_follow_the_mix(rows: pd.DataFrame, folds: pd.DataFrame) -> None:
    pairs = build_pairs(rows, folds, QuestionMix(0.25, HALF.connectives))
    joined = pairs[pairs["kind"] == "joined"]

    assert len(joined) == 20
    connectives = Counter("또한," in question for question in joined["question"])
    assert connectives == {False: 12, True: 8}
    uses = Counter(key for sources in joined["source_ids"] for key in sources)
    assert set(uses) == ids_of(folds, "training")
    assert max(uses.values()) - min(uses.values()) <= 2
    assert pairs["id"].is_unique


def test_joined_parts_belong_to_their_rows(rows: pd.DataFrame, folds: pd.DataFrame) -> None:
    pairs = build_pairs(rows, folds, HALF)
    by_id = rows.set_index("id")

    for example in pairs[pairs["kind"] == "joined"].itertuples():
        first, second = (by_id.loc[key] for key in example.source_ids)
        connective = "또한," if "또한," in example.question else "그리고"
        assert example.question in {
            join_questions(one, two, connective)
            for one in first["questions"]
            for two in second["questions"]
        }
        assert example.answer in {
            join_answers(one, two, connective)
            for one in first["answers"]
            for two in second["answers"]
        }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_joining_is_written(
    rows: pd.DataFrame, folds: pd.DataFrame, kind: str
) -> None:
    mix = QuestionMix(0.25, {kind: 1.0})

    joined = build_pairs(rows, folds, mix).query("kind == 'joined'")["question"].tolist()
    asked = build_held_out(rows, folds, mix, SETTINGS).query("kind == 'joined'")

    assert {taken.joins for taken in take_apart(joined)} == {(kind,)}
    assert {taken.joins for taken in take_apart(asked["question"].tolist())} == {(kind,)}
    assert question_mix(joined).connectives == {kind: 1.0}


def test_kinds_are_dealt_by_their_weights(rows: pd.DataFrame, folds: pd.DataFrame) -> None:
    mix = QuestionMix(0.25, {"그리고": 0.5, SIDE_BY_SIDE: 0.25, "slash": 0.25})

    joined = build_pairs(rows, folds, mix).query("kind == 'joined'")["question"].tolist()

    counts = Counter(kind for taken in take_apart(joined) for kind in taken.joins)
    assert counts == {"그리고": 10, SIDE_BY_SIDE: 5, "slash": 5}


def test_without_measured_connectives_two_are_alike(
    rows: pd.DataFrame, folds: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "JOINED_LIMIT", 6)
    pairs = build_pairs(rows, folds, QuestionMix(1, {}))

    assert Counter("또한," in text for text in pairs.query("kind == 'joined'")["question"]) == {
        False: 3,
        True: 3,
    }


@pytest.mark.parametrize("share", [0.99, 1.0])
def test_joined_examples_end_where_the_pairs_do(
    rows: pd.DataFrame, folds: pd.DataFrame, share: float
) -> None:
    pairs = build_pairs(rows, folds, QuestionMix(share, HALF.connectives))

    # Six training rows make thirty ordered pairs.
    assert (pairs["kind"] == "joined").sum() == 30


def test_limit_bounds_the_measured_count(
    rows: pd.DataFrame, folds: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pairing, "JOINED_LIMIT", 5)
    pairs = build_pairs(rows, folds, HALF)

    assert (pairs["kind"] == "joined").sum() == 5


def test_rows_of_one_leak_group_are_not_joined(rows: pd.DataFrame) -> None:
    for answers in rows.loc[1:, "answers"]:
        answers[4] = "같은 답입니다."
    folds = assign_folds(rows, FoldSettings(count=2, validation=0, calibration=0, stock_share=1))
    group_of = dict(zip(folds["id"], folds["leak_group"], strict=True))

    pairs = build_pairs(rows, folds, HALF)

    joined = pairs[pairs["kind"] == "joined"]
    assert len(joined) == 22
    assert all(group_of[one] != group_of[two] for one, two in joined["source_ids"])


def test_a_paraphrase_that_says_the_same_is_kept_once(
    rows: pd.DataFrame, folds: pd.DataFrame
) -> None:
    rows["questions"] = rows["questions"].map(lambda own: [own[0], own[0]])

    assert len(build_pairs(rows, folds, NONE)) == 6 * 5


def test_held_out_rows_are_asked_both_ways(rows: pd.DataFrame, folds: pd.DataFrame) -> None:
    held_out = build_held_out(rows, folds, HALF, SETTINGS)

    for split in ("calibration", "validation"):
        asked = held_out[held_out["split"] == split]
        singles, joined = (asked[asked["kind"] == kind] for kind in ("single", "joined"))
        ids = ids_of(folds, split)
        assert sorted(key for (key,) in singles["source_ids"]) == sorted(ids)
        assert len(joined) == len(singles) == 3
        assert {key for sources in joined["source_ids"] for key in sources} == ids
    assert held_out["id"].is_unique
    assert all(len(references) == 5 for references in held_out["references"])


def test_joined_references_join_the_same_answers(rows: pd.DataFrame, folds: pd.DataFrame) -> None:
    by_id = rows.set_index("id")
    held_out = build_held_out(rows, folds, HALF, SETTINGS)

    for asked in held_out[held_out["kind"] == "joined"].itertuples():
        connective = "또한," if "또한," in asked.question else "그리고"
        first, second = (by_id.loc[key] for key in asked.source_ids)
        assert asked.references == [
            join_answers(one, two, connective)
            for one, two in zip(first["answers"], second["answers"], strict=True)
        ]
        assert len(take_apart([asked.question])[0].parts) == 2


def test_a_split_of_one_row_is_asked_singly(rows: pd.DataFrame) -> None:
    folds = assign_folds(rows.iloc[:4], FoldSettings(count=4, validation=1, calibration=1))

    held_out = build_held_out(rows.iloc[:4], folds, HALF, SETTINGS)

    assert held_out["kind"].tolist() == ["single", "single"]


def test_nothing_held_out_gives_an_empty_table(rows: pd.DataFrame) -> None:
    folds = assign_folds(rows, FoldSettings(count=2, validation=0, calibration=0))

    held_out = build_held_out(rows, folds, HALF, SETTINGS)

    assert list(held_out.columns) == ["id", "split", "kind", "source_ids", "question", "references"]
    assert held_out.empty


@given(
    order=st.permutations(range(12)),
    fold_order=st.permutations(range(12)),
    share=st.floats(0, 1),
    start=st.integers(0, 3),
)
def test_examples_are_the_same_in_any_order_and_never_cross_splits(
    order: list[int], fold_order: list[int], share: float, start: int
) -> None:
    rows = training_table()
    folds = assign_folds(
        rows, FoldSettings(count=4, validation=1, calibration=1, validation_fold=start)
    )
    mix = QuestionMix(share, HALF.connectives)

    pairs = build_pairs(rows.iloc[order], folds.iloc[fold_order], mix)
    held_out = build_held_out(rows.iloc[order], folds.iloc[fold_order], mix, SETTINGS)

    pd.testing.assert_frame_equal(pairs, build_pairs(rows, folds, mix))
    pd.testing.assert_frame_equal(held_out, build_held_out(rows, folds, mix, SETTINGS))
    assert {key for ids in pairs["source_ids"] for key in ids} == ids_of(folds, "training")
    for split, asked in held_out.groupby("split"):
        assert {key for ids in asked["source_ids"] for key in ids} == ids_of(folds, split)


@pytest.mark.real
def test_real_rows_mirror_the_real_questions(real_dir: Path) -> None:
    rows = read_train(real_dir / "train.csv", TableSettings()).frame
    asked = read_test(real_dir / "test.csv", TableSettings()).frame["question"]
    mix = question_mix(asked.tolist())
    folds = assign_folds(rows, FoldSettings())

    held_out = build_held_out(rows, folds, mix, SETTINGS)
    pairs = build_pairs(rows, folds, mix)

    for table in (held_out, pairs):
        joined = table[table["kind"] == "joined"]
        assert len(joined) / len(table) == pytest.approx(mix.joined_share, abs=0.01)
        shares = {
            name: joined["question"].str.contains(f" {name} ").mean() for name in mix.connectives
        }
        assert shares == pytest.approx(mix.connectives, abs=0.03)
        assert table["id"].is_unique


def ragged(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with one or two questions and one to five answers."""
    return rows.assign(
        questions=[own[: 1 + place % 2] for place, own in enumerate(rows["questions"])],
        answers=[own[: 1 + place % 5] for place, own in enumerate(rows["answers"])],
    )


def test_ragged_rows_give_what_they_have(rows: pd.DataFrame, folds: pd.DataFrame) -> None:
    table = ragged(rows)
    by_id = table.set_index("id")

    pairs = build_pairs(table, folds, HALF)
    held_out = build_held_out(table, folds, HALF, SETTINGS)

    singles = pairs[pairs["kind"] == "single"]
    own = by_id.loc[list(ids_of(folds, "training"))]
    assert len(singles) == (own["questions"].map(len) * own["answers"].map(len)).sum()
    for asked in held_out.itertuples():
        fewest = min(len(by_id.loc[key, "answers"]) for key in asked.source_ids)
        assert len(asked.references) == fewest


@given(
    count=st.integers(2, 60),
    share=st.sampled_from([0.0, 0.25, 0.5, 0.9, 1.0]),
)
def test_of_many_held_out_rows_a_sample_is_asked(count: int, share: float) -> None:
    ids = [f"R_{place}" for place in range(90)]
    rows = pd.DataFrame(
        {
            "id": ids,
            "category": "",
            "questions": [[f"{key}는 무엇인가요?"] for key in ids],
            "answers": [[f"{key}입니다."] for key in ids],
        }
    )
    splits = ["validation"] * 60 + ["calibration"] * 30
    folds = pd.DataFrame({"id": ids, "leak_group": ids, "fold": 0, "split": splits})
    mix = QuestionMix(share, HALF.connectives)
    questions = build_held_out(rows, folds, mix, PairingSettings(held_out_count=count))
    more = build_held_out(rows, folds, mix, PairingSettings(held_out_count=count + 1))

    # A row of each split is always asked, and a split's share is a whole number of rows.
    asked = {key for own in questions["source_ids"] for key in own}
    assert set(questions["split"]) == {"validation", "calibration"}
    assert len(questions) <= count + 6
    assert asked <= {key for own in more["source_ids"] for key in own}
