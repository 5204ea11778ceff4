"""Rows in Arrow's columns are dealt and paired as rows of Python objects are."""

from functools import partial

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa import pairing
from hansol_assets.qa.folds import (
    FoldSettings,
    assign_folds,
    find_leaks,
    held_out_texts,
    natural_indices,
    natural_order,
    rows_and_folds,
    stock_answers,
    with_folds,
)
from hansol_assets.qa.pairing import (
    BLOCK_BYTES,
    PairingSettings,
    build_held_out,
    build_pairs,
    pair_blocks,
)
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets_tests.qa.rows import arrow_backed

SETTINGS = FoldSettings(count=3, validation=1, calibration=1, stock_share=0.3)
MIX = QuestionMix(0.4, {"그리고": 0.6, "또한,": 0.4})
WORDS = ["벽지", "벽지!", "장판", "타일 A", "타일a", "몰딩", "??"]
TEXTS = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3)


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Rows that share some texts, and four that share none, in any order."""
    shared = draw(st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12))
    own = [([f"{number}?"], [f"{number}.", f"{number}번"]) for number in range(4)]
    questions, answers = zip(*shared, *own, strict=True)
    numbers = draw(st.permutations(range(len(questions))))
    return pd.DataFrame(
        {
            "id": [f"A_{number}" for number in numbers],
            "questions": questions,
            "category": [f"분류 {number % 2}" for number in numbers],
            "answers": answers,
            "row_number": [number + 1 for number in numbers],
        }
    ).map(lambda value: list(value) if isinstance(value, tuple) else value)


@given(rows=tables(), chunk=st.integers(1, 20))
def test_both_forms_give_the_same(rows: pd.DataFrame, chunk: int) -> None:
    columnar = arrow_backed(rows, chunk)
    folds = assign_folds(rows, SETTINGS)
    others = folds.assign(split=folds["split"].tolist()[::-1])
    dealt = with_folds(columnar, others)

    pd.testing.assert_frame_equal(assign_folds(columnar, SETTINGS), folds)
    assert find_leaks(columnar, others, SETTINGS) == find_leaks(rows, others, SETTINGS)
    assert stock_answers(columnar, SETTINGS) == stock_answers(rows, SETTINGS)
    assert held_out_texts(dealt, SETTINGS) == held_out_texts(with_folds(rows, others), SETTINGS)
    for build in (build_pairs, partial(build_held_out, settings=PairingSettings())):
        made = build(*rows_and_folds(dealt), MIX)
        pd.testing.assert_frame_equal(made, build(rows, others, MIX))


@given(rows=tables(), size=st.integers(1, 3_000))
def test_blocks_of_any_size_hold_the_same_examples(rows: pd.DataFrame, size: int) -> None:
    folds = assign_folds(rows, SETTINGS)
    whole, *none = pair_blocks(rows, folds, MIX, BLOCK_BYTES)

    blocks = list(pair_blocks(rows, folds, MIX, size))

    assert pa.concat_tables(blocks).equals(whole)
    assert not none
    assert {block.schema for block in blocks} == {whole.schema}


def test_a_thousand_joined_examples_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pairing, "JOINED_LIMIT", 2_500)
    ids = [f"R_{number}" for number in range(80)]
    rows = pd.DataFrame({"id": ids, "questions": [[key] for key in ids], "answers": [["예"]] * 80})
    folds = pd.DataFrame({"id": ids, "leak_group": ids, "fold": 0, "split": "training"})

    blocks = pair_blocks(rows, folds, QuestionMix(1, MIX.connectives), 1)

    assert [block.num_rows for block in blocks][80:] == [1_000, 1_000, 500]


@pytest.mark.parametrize("split", ["training", "validation"])
def test_no_rows_give_no_examples(split: str) -> None:
    rows = pd.DataFrame({"id": ["A"], "questions": [["?"]], "answers": [["예"]]})
    folds = pd.DataFrame({"id": ["B"], "leak_group": ["B"], "fold": 0, "split": split})

    pairs = build_pairs(rows, folds, MIX)

    assert pairs.empty
    assert pairs.columns.tolist() == ["id", "kind", "source_ids", "question", "answer"]


IDS = st.lists(
    st.from_regex(r"[AB]_[0-9]{3}", fullmatch=True) | st.text(st.sampled_from("A_09１\0"))
)


@given(ids=IDS | st.lists(st.from_regex(r"[A]-[0-9]{2}b[0-9]", fullmatch=True)))
def test_places_are_in_natural_order(ids: list[str]) -> None:
    assert [ids[place] for place in natural_indices(ids)] == sorted(ids, key=natural_order)
