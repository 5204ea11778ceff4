import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.scoring import consensus
from hansol_assets.scoring.consensus import LengthRange, choose_text, consensus_vector

LENGTHS = LengthRange(5, 60)
TARGET = np.array([1.0, 0.0])
NOTHING = np.zeros(1)
"""No candidate is worth more than its similarity."""
FINISHED = "벽지는 풀로 붙입니다."
UNFINISHED = "벽지는 풀로 붙이고 나서"


def test_the_candidate_nearest_to_the_target_is_chosen() -> None:
    vectors = np.array([[1.0, 0.0], [0.6, 0.8], [0.0, 1.0]])
    choice = choose_text([FINISHED] * 3, vectors, np.array([0.5, 0.9]), NOTHING, LENGTHS)

    assert choice.index == 1
    assert choice.votes.argmax() == 1


def test_without_a_target_the_candidate_that_agrees_with_the_others_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = np.array([[1.0, 0.0], [0.7, 0.7], [0.9, 0.4], [-1.0, 0.0]])
    monkeypatch.setattr(consensus, "_TARGET_WEIGHT", 0.0)
    choice = choose_text([FINISHED] * 4, vectors, TARGET * -1, NOTHING, LENGTHS)

    assert choice.index == 2


def test_an_unfinished_answer_loses_to_one_that_is_almost_as_near() -> None:
    vectors = np.array([[1.0, 0.0], [0.95, 0.3]])
    choice = choose_text([UNFINISHED, FINISHED], vectors, TARGET, NOTHING, LENGTHS)

    assert choice.votes.argmax() == 0
    assert choice.index == 1


@pytest.mark.parametrize("odd", ["네.", f"{FINISHED} " * 9])
def test_an_answer_of_unusual_length_loses_to_one_that_is_almost_as_near(odd: str) -> None:
    vectors = np.array([[1.0, 0.0], [0.98, 0.2]])
    choice = choose_text([odd, FINISHED], vectors, TARGET, NOTHING, LENGTHS)

    assert choice.votes.argmax() == 0
    assert choice.index == 1


def test_what_a_candidate_is_worth_beside_its_similarity_may_decide() -> None:
    vectors = np.array([[1.0, 0.0], [0.98, 0.2]])
    worth = np.array([0.0, 0.1])
    choice = choose_text([FINISHED] * 2, vectors, TARGET, worth, LENGTHS)

    assert choice.similarities.argmax() == 0
    assert choice.index == 1


def test_usual_lengths_cost_nothing() -> None:
    choice = choose_text([FINISHED], np.ones((1, 2)), np.ones(2), NOTHING, LENGTHS)

    assert choice.scores.tolist() == choice.votes.tolist()


def test_lengths_are_taken_from_the_references() -> None:
    texts = ["가" * length for length in range(1, 102)]

    assert LengthRange.of(texts) == pytest.approx((6, 96))
    with pytest.raises(ValueError, match="no reference answers"):
        LengthRange.of([])


def test_no_candidates_are_refused() -> None:
    with pytest.raises(ValueError, match="no candidates"):
        choose_text([], np.zeros((0, 2)), np.ones(2), NOTHING, LENGTHS)


@given(st.integers(0, 2**32 - 1), st.integers(1, 9))
def test_the_consensus_is_as_near_as_theory_says(seed: int, count: int) -> None:
    vectors = np.random.default_rng(seed).normal(size=(count, 5)) + 1
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    reference = np.full(5, 5**-0.5)
    cosines = directions @ directions.T
    pairwise = (cosines.sum() - count) / max(1, count * (count - 1))
    expected = (directions @ reference).mean() / np.sqrt((1 + (count - 1) * pairwise) / count)

    assert consensus_vector(vectors) @ reference == pytest.approx(expected)
