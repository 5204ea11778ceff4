"""The tables that models are trained on, and how long they are reused."""

import json
from collections.abc import Collection, Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.answering.training_tables import (
    CORPUS_COLUMNS,
    asked_once,
    context_rows,
    corpus_table,
    drawn_documents,
    drift,
    empty_table,
    recipe_of,
    reuse_or_make,
    text_keys,
    training_examples,
)
from hansol_assets.qa.folds import TRAINING, FoldSettings, assign_folds
from hansol_assets.qa.pairing import build_pairs
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table.columns import answers_of
from hansol_assets.retrieval.ranking import RowSearcher
from hansol_assets.retrieval.search import Hit

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


def reused(
    previous: pd.DataFrame | None, current: pd.DataFrame, held_out: Collection[str], most: float
) -> pd.DataFrame:
    return reuse_or_make(previous, current[IDENTITY], held_out, most, lambda: current)


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
def test_it_is_reused_until_more_than_a_tenth_has_changed(now: Sequence[int], stands: bool) -> None:
    current = table(list(now))
    assert reused(TWENTY, current, [], 0.1) is (TWENTY if stands else current)


@pytest.mark.parametrize(
    "text",
    [
        QUESTION.format(3),
        ANSWER.format(3),
        ANSWER.format(3).replace(" ", "  ").rstrip("."),
        f"“{QUESTION.format(3)}”",
    ],
)
def test_a_table_with_a_text_that_is_held_out_now_is_never_reused(text: str) -> None:
    current = table([*range(3), *range(4, 20)])
    assert reused(TWENTY, current, [text], 1.0) is current
    assert reused(TWENTY, current, ["창틀의 결로", ""], 1.0) is TWENTY


def test_the_same_rows_of_another_recipe_are_another_table() -> None:
    current = TWENTY.assign(recipe="another")
    assert reused(TWENTY, current, [], 0.1) is current


def test_what_only_judges_is_not_read() -> None:
    # A held-out example stands in the table, and its own row is held out by definition.
    table = TWENTY.assign(read=[[]] * 20)
    assert reused(table, TWENTY, [QUESTION.format(3)], 0.1) is table


def test_without_a_table_of_before_it_is_a_new_one() -> None:
    assert reused(None, TWENTY, [], 1.0) is TWENTY


def test_a_table_without_rows_is_never_reused() -> None:
    empty = TWENTY.head(0)
    assert reused(empty, TWENTY, [], 1.0) is TWENTY
    assert reused(TWENTY, empty, [], 1.0) is empty


def test_what_is_reused_is_not_made() -> None:
    def make() -> pd.DataFrame:
        raise AssertionError

    assert reuse_or_make(TWENTY, TWENTY[IDENTITY], [], 0.0, make) is TWENTY


_places = st.sets(st.integers(0, 12), max_size=9).map(sorted)


@given(before=_places, now=_places, most=st.floats(0, 1))
def test_what_is_returned_is_within_the_drift(
    before: list[int], now: list[int], most: float
) -> None:
    current = table(now)
    kept = reused(table(before), current, [], most)
    assert drift(kept, current[IDENTITY]) <= most
    assert drift(kept, current[IDENTITY]) == drift(current, kept[IDENTITY])
    assert 0 <= drift(table(before), current[IDENTITY]) <= 1


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
    kept = asked_once(build_pairs(rows, folds, NONE_JOINED))
    training = rows[rows["id"].isin(folds.loc[folds["split"] == TRAINING, "id"])]
    assert set(kept["question"]) >= set(training["questions"].str[0])
    assert set(kept["answer"]) == set(answers_of(training))


def test_a_document_is_the_example_in_turns() -> None:
    question, answer = "방화문은 왜 무거운가요?", "강판 사이에 단열재를 채워 무겁습니다."
    pairs = pd.DataFrame({"recipe": ["가"], "question": [question], "answer": [answer]})
    prompt = [[{"role": "user", "content": f"질문: {question}"}]]
    table = corpus_table(pairs, pd.DataFrame({"messages": prompt, "answer": [answer]}))
    assert table.columns.tolist() == CORPUS_COLUMNS == empty_table(CORPUS_COLUMNS).columns.tolist()
    assert table["text"].tolist() == [
        f"<start_of_turn>user\n질문: {question}<end_of_turn>\n"
        f"<start_of_turn>model\n{answer}<end_of_turn>"
    ]
    assert table["read"].tolist() == [text_keys([question, answer])]


def test_of_many_documents_a_draw_by_their_ids_is_kept() -> None:
    pairs = pd.concat([of_row(f"행{place}", 1, 1) for place in range(20)], ignore_index=True)
    pairs["id"] = [f"id{place}" for place in range(20)]
    few, more = (drawn_documents(pairs, count) for count in (5, 6))

    assert len(few) == 5
    assert set(few["id"]) < set(more["id"])
    assert drawn_documents(pairs, 20).equals(pairs)


ROWS = {
    name: Hit(
        row_key=name,
        dense_rank=place,
        fts_rank=None,
        rank=place,
        id=name,
        questions=(f"{name}을 닦는 방법은?", f"{name}은 어떻게 닦나요?"),
        answers=(f"{name}을 젖은 천으로 닦습니다.", f"{name}을 닦습니다."),
        probability=0.9 / place,
    )
    for place, name in enumerate(("강마루", "장판", "타일", "벽지", "코르크"), start=1)
}
PROMPT = PromptSettings(context_rows=2)


class InOrder(RowSearcher):
    """A searcher that finds every row, always in one order."""

    def __init__(self) -> None:
        """Opens nothing."""

    def search(self, questions, k, splits):  # type: ignore[no-untyped-def]
        return [list(ROWS.values())[:k] for _ in questions]


def shown(known_share: float, count: int = 200) -> pd.DataFrame:
    pairs = pd.DataFrame(
        {
            "source_ids": [["강마루"]] * count,
            "question": [f"{number}번 집 강마루은 어떻게 닦나요?" for number in range(count)],
            "answer": "강마루을 닦습니다.",
        }
    )
    return training_examples(pairs, InOrder(), PROMPT, known_share=known_share)


def test_so_many_prompts_show_the_row_that_answers() -> None:
    assert not any("강마루" in own for own in shown(0.0)["shown_ids"])
    assert all(own == ["강마루", "장판"] for own in shown(1.0)["shown_ids"])

    ids = shown(0.85)["shown_ids"]
    assert 0.78 < sum("강마루" in own for own in ids) / len(ids) < 0.92
    assert all(len(own) == 2 for own in ids)
    assert ids.tolist() == shown(0.85)["shown_ids"].tolist()
    # A larger share shows the rows that a smaller one did, and more.
    few = shown(0.3)["shown_ids"]
    assert all("강마루" in more for own, more in zip(few, ids, strict=True) if "강마루" in own)


def test_a_prompt_does_not_show_its_question_as_that_of_a_row() -> None:
    said = json.dumps(shown(1.0)["messages"].tolist(), ensure_ascii=False)

    assert "강마루을 닦는 방법은?" in said
    assert said.count("강마루은 어떻게 닦나요?") == 200
    (row,) = context_rows([ROWS["장판"]], "장판을 닦는 방법은?")
    assert (row.question, row.answer) == ("장판은 어떻게 닦나요?", "장판을 닦습니다.")
