from typing import TYPE_CHECKING

import numpy as np

from hansol_assets.embedding.embedder import encode
from hansol_assets.scoring.candidates import (
    GREEDY,
    candidate_table,
    generated_candidates,
    retrieved_candidates,
    vectors_of,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

ANSWER = "벽지는 풀로 붙입니다."


def test_every_candidate_says_where_it_is_from(embedder: "SentenceTransformer") -> None:
    candidates = [
        *generated_candidates("TEST_000", 0, GREEDY, [ANSWER]),
        *retrieved_candidates("TEST_000", 1, [("TRAIN_007", [ANSWER, "풀이 마르면 붙습니다."])], 2),
    ]
    table = candidate_table(candidates, embedder)

    assert table["origin"].tolist() == ["greedy", "retrieved", "retrieved"]
    assert table["part"].tolist() == [0, 1, 1]
    assert table["rank"].tolist() == [1, 1, 2]
    assert table["source_id"].tolist() == [None, "TRAIN_007", "TRAIN_007"]
    assert table["source_answer"].fillna(0).tolist() == [0, 1, 2]
    assert np.array_equal(
        vectors_of(table, 128), encode(embedder, [ANSWER, ANSWER, "풀이 마르면 붙습니다."])
    )


def test_an_empty_generation_is_no_candidate(embedder: "SentenceTransformer") -> None:
    table = candidate_table(generated_candidates("TEST_000", 0, GREEDY, [" ", ""]), embedder)

    assert table.empty
    assert "vector" in table
    assert vectors_of(table, 128).shape == (0, 128)


def test_of_a_rows_answers_the_shortest_are_candidates_in_their_order() -> None:
    answers = ["셋째로 짧은 답입니다.", "둘째입니다.", "짧다."]
    found = retrieved_candidates("TEST_000", 0, [("TRAIN_1", answers), ("TRAIN_2", ["하나."])], 2)

    assert [(own.source_id, own.source_answer, own.rank) for own in found] == [
        ("TRAIN_1", 2, 1),
        ("TRAIN_1", 3, 2),
        ("TRAIN_2", 1, 3),
    ]
