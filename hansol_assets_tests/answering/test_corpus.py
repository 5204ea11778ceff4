"""What the base model reads, and for how long the corpus is held still."""

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.answering.corpus import (
    CORPUS_COLUMNS,
    asked_once,
    corpus_table,
    drift,
    held_still,
    no_corpus,
)
from hansol_assets.qa.folds import TRAINING, FoldSettings, assign_folds
from hansol_assets.qa.pairing import PairingSettings, build_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table.columns import answers_of

QUESTION, ANSWER = (
    "방화문 {}번은 왜 무거운가요?",
    "방화문 {}번은 강판 사이에 단열재를 채워 무겁습니다.",
)


def corpus(places: Sequence[int]) -> pd.DataFrame:
    pairs = pd.DataFrame(
        {
            "question": [QUESTION.format(place) for place in places],
            "answer": [ANSWER.format(place) for place in places],
        }
    )
    prompts = [[{"role": "user", "content": f"질문: {text}"}] for text in pairs["question"]]
    return corpus_table(pairs, pd.DataFrame({"messages": prompts, "answer": pairs["answer"]}))


TWENTY = corpus(range(20))
NONE_JOINED = QuestionMix(joined_share=0.0, connectives={})


def of_row(row: str, questions: int, answers: int) -> pd.DataFrame:
    return pd.DataFrame(
        [
            ([row], f"{row} 질문 {question}", f"{row} 답변 {answer}")
            for question in range(questions)
            for answer in range(answers)
        ],
        columns=["source_ids", "question", "answer"],
    )


@given(shapes=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 7)), min_size=1, max_size=5))
def test_every_answer_is_asked_for_once(shapes: list[tuple[int, int]]) -> None:
    pairs = pd.concat([of_row(f"행{place}", *shape) for place, shape in enumerate(shapes)])
    kept = asked_once(pairs)
    assert sorted(kept["answer"]) == sorted(set(pairs["answer"]))
    asked = kept.groupby(kept["source_ids"].map(tuple), sort=False)["question"].nunique()
    assert asked.tolist() == [min(shape) for shape in shapes]


def test_the_questions_of_a_row_take_turns() -> None:
    kept = asked_once(of_row("행", 2, 5))
    assert [text[-1] for text in kept.sort_values("answer")["question"]] == list("01010")


def test_answers_that_are_one_text_are_one_answer() -> None:
    pairs = (
        of_row("행", 2, 3).replace("행 답변 2", "행 답변 1").drop_duplicates(["question", "answer"])
    )
    assert sorted(asked_once(pairs)["answer"]) == ["행 답변 0", "행 답변 1"]


def test_an_answer_that_two_rows_share_is_asked_for_in_each() -> None:
    pairs = pd.concat([of_row("가", 1, 1), of_row("나", 1, 1).replace("나 답변 0", "가 답변 0")])
    assert asked_once(pairs)["answer"].tolist() == ["가 답변 0"] * 2


def test_all_that_a_prompt_may_show_stands_among_what_documents_are_made_of(
    rows: pd.DataFrame,
) -> None:
    folds = assign_folds(rows, FoldSettings(count=4, validation=1, calibration=1))
    kept = asked_once(build_pairs(rows, folds, NONE_JOINED, PairingSettings()))
    training = rows[rows["id"].isin(folds.loc[folds["split"] == TRAINING, "id"])]
    assert set(kept["question"]) >= set(training["questions"].str[0])
    assert set(kept["answer"]) == set(answers_of(training))


def test_a_document_is_the_example_in_turns() -> None:
    table = corpus([7])
    assert tuple(table.columns) == CORPUS_COLUMNS
    assert table["text"].tolist() == [
        f"<start_of_turn>user\n질문: {QUESTION.format(7)}<end_of_turn>\n"
        f"<start_of_turn>model\n{ANSWER.format(7)}<end_of_turn>"
    ]


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
    current = corpus(list(now))
    assert held_still(TWENTY, current, [], 0.1) is (TWENTY if stands else current)


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.format(3),
        ANSWER.format(3),
        ANSWER.format(3).replace(" ", "  ").rstrip("."),
        f"“{QUESTION.format(3)}”",
    ],
)
def test_a_corpus_with_a_text_that_is_held_out_now_is_never_kept(text: str) -> None:
    current = corpus([*range(3), *range(4, 20)])
    assert held_still(TWENTY, current, [text], 1.0) is current
    assert held_still(TWENTY, current, ["창틀의 결로", ""], 1.0) is TWENTY


def test_a_held_out_text_counts_though_it_stands_within_no_document_alone() -> None:
    # The documents hold other words around it; what they were made of decides.
    assert held_still(TWENTY, TWENTY, [TWENTY["text"][0]], 1.0) is TWENTY


def test_another_prompt_around_the_same_rows_is_another_corpus() -> None:
    current = TWENTY.assign(text=TWENTY["text"].str.replace("질문:", "물음:"))
    assert held_still(TWENTY, current, [], 0.1) is current


def test_without_a_corpus_of_before_it_is_the_current_one() -> None:
    assert held_still(None, TWENTY, [], 1.0) is TWENTY


def test_a_released_model_leaves_no_corpus_to_keep() -> None:
    assert held_still(no_corpus(), TWENTY, [], 1.0) is TWENTY
    assert held_still(TWENTY, no_corpus(), [], 1.0).empty


_places = st.sets(st.integers(0, 12), max_size=9).map(sorted)


@given(before=_places, now=_places, most=st.floats(0, 1))
def test_what_is_returned_is_within_the_drift(
    before: list[int], now: list[int], most: float
) -> None:
    kept, current = held_still(corpus(before), corpus(now), [], most), corpus(now)
    assert drift(kept, current) <= most
    assert drift(kept, current) == drift(current, kept)
    assert 0 <= drift(corpus(before), current) <= 1
