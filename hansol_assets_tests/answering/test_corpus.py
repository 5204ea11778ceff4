"""What the base model reads."""

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.answering.corpus import (
    CORPUS_COLUMNS,
    asked_once,
    corpus_table,
    drawn_documents,
    no_corpus,
)
from hansol_assets.answering.holding import text_keys
from hansol_assets.qa.folds import TRAINING, FoldSettings, assign_folds
from hansol_assets.qa.pairing import PairingSettings, build_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table.columns import answers_of

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
    question, answer = "방화문은 왜 무거운가요?", "강판 사이에 단열재를 채워 무겁습니다."
    pairs = pd.DataFrame({"recipe": ["가"], "question": [question], "answer": [answer]})
    prompt = [[{"role": "user", "content": f"질문: {question}"}]]
    table = corpus_table(pairs, pd.DataFrame({"messages": prompt, "answer": [answer]}))
    assert tuple(table.columns) == CORPUS_COLUMNS == tuple(no_corpus().columns)
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
