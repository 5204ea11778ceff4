"""For how long what models are trained on is held still."""

from collections.abc import Collection, Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.answering.holding import drift, held_still, recipe_of, text_keys
from hansol_assets.qa.prompts import PromptSettings

QUESTION, ANSWER = (
    "방화문 {}번은 왜 무거운가요?",
    "방화문 {}번은 강판 사이에 단열재를 채워 무겁습니다.",
)
IDENTITY = ["recipe", "question", "answer"]


def table(places: Sequence[int]) -> pd.DataFrame:
    questions, answers = ([text.format(place) for place in places] for text in (QUESTION, ANSWER))
    read = [text_keys(own) for own in zip(questions, answers, strict=True)]
    texts = {"question": questions, "answer": answers, "read": read}
    return pd.DataFrame({name: pd.Series(own, dtype=object) for name, own in texts.items()}).assign(
        recipe="one"
    )


TWENTY = table(range(20))


def hold(
    previous: pd.DataFrame | None, current: pd.DataFrame, held_out: Collection[str], most: float
) -> pd.DataFrame:
    return held_still(previous, current[IDENTITY], held_out, most, lambda: current)


def test_a_recipe_names_the_retriever_and_the_settings() -> None:
    prompts = PromptSettings(), PromptSettings(context_rows=5)
    names = {recipe_of(retriever, prompt=own) for retriever in ("a", "b") for own in prompts}
    assert len(names) == 4
    assert recipe_of("a", prompt=PromptSettings()) in names


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (range(20), True),
        (reversed(range(20)), True),
        ([*range(18), 90, 91], True),
        ([*range(17), 90, 91, 92], False),
        (range(18), True),
        (range(17), False),
        (range(22), True),
        (range(23), False),
    ],
    ids=["same", "reordered", "two", "three", "two gone", "three gone", "two new", "three new"],
)
def test_it_is_kept_until_more_than_a_tenth_has_changed(now: Sequence[int], stands: bool) -> None:
    current = table(list(now))
    assert hold(TWENTY, current, [], 0.1) is (TWENTY if stands else current)


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.format(3),
        ANSWER.format(3),
        ANSWER.format(3).replace(" ", "  ").rstrip("."),
        f"“{QUESTION.format(3)}”",
    ],
)
def test_a_table_with_a_text_that_is_held_out_now_is_never_kept(text: str) -> None:
    current = table([*range(3), *range(4, 20)])
    assert hold(TWENTY, current, [text], 1.0) is current
    assert hold(TWENTY, current, ["창틀의 결로", ""], 1.0) is TWENTY


def test_the_same_rows_of_another_recipe_are_another_table() -> None:
    current = TWENTY.assign(recipe="another")
    assert hold(TWENTY, current, [], 0.1) is current


def test_what_only_judges_is_not_read() -> None:
    # A held-out example stands in the table, and its own row is held out by definition.
    table = TWENTY.assign(read=[[]] * 20)
    assert hold(table, TWENTY, [QUESTION.format(3)], 0.1) is table


def test_without_a_table_of_before_it_is_a_new_one() -> None:
    assert hold(None, TWENTY, [], 1.0) is TWENTY


def test_a_table_without_rows_is_never_kept() -> None:
    empty = TWENTY.head(0)
    assert hold(empty, TWENTY, [], 1.0) is TWENTY
    assert hold(TWENTY, empty, [], 1.0) is empty


def test_what_is_kept_is_not_made() -> None:
    def make() -> pd.DataFrame:
        raise AssertionError

    assert held_still(TWENTY, TWENTY[IDENTITY], [], 0.0, make) is TWENTY


_places = st.sets(st.integers(0, 12), max_size=9).map(sorted)


@given(before=_places, now=_places, most=st.floats(0, 1))
def test_what_is_returned_is_within_the_drift(
    before: list[int], now: list[int], most: float
) -> None:
    current = table(now)
    kept = hold(table(before), current, [], most)
    assert drift(kept, current[IDENTITY]) <= most
    assert drift(kept, current[IDENTITY]) == drift(current, kept[IDENTITY])
    assert 0 <= drift(table(before), current[IDENTITY]) <= 1
