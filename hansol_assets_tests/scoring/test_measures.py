import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.measures import (
    baseline_scores,
    ceiling_scores,
    centroid,
    chrf_scores,
    human_scores,
    public_mask,
    reference_cosines,
)


def test_each_vector_is_scored_against_its_own_references_only() -> None:
    vectors = np.array([[1.0, 0.0], [0.0, 1.0]])
    references = [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[0.0, -2.0]])]

    assert reference_cosines(vectors, references).tolist() == [0.5, -1.0]


def test_the_lengths_of_vectors_and_references_do_not_matter() -> None:
    short, long = np.array([[0.3, 0.4]]), np.array([[30.0, 40.0]])
    references = [np.array([[0.0, 0.8], [0.0, 100.0]])]

    assert reference_cosines(short, references) == pytest.approx([0.8])
    assert reference_cosines(long, references) == pytest.approx([0.8])


def test_a_zero_vector_scores_zero_and_stays_zero() -> None:
    zero = np.zeros((1, 2))

    assert reference_cosines(zero, [np.array([[1.0, 0.0]])]).tolist() == [0.0]
    assert unit(zero).tolist() == [[0.0, 0.0]]


def test_a_question_without_references_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one reference"):
        reference_cosines(np.ones((1, 2)), [np.zeros((0, 2))])


def test_vectors_and_questions_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="2 vectors for 1 questions"):
        reference_cosines(np.ones((2, 2)), [np.ones((1, 2))])


@given(st.integers(0, 2**32 - 1))
def test_no_vector_scores_higher_than_the_mean_direction(seed: int) -> None:
    generator = np.random.default_rng(seed)
    references = [generator.normal(size=(5, 4))]
    best = reference_cosines(mean_directions(references), references)
    other = reference_cosines(generator.normal(size=(1, 4)), references)

    assert best >= other - 1e-12


@given(st.lists(st.text(max_size=5), unique=True, max_size=30))
def test_the_public_draw_follows_the_id_whatever_the_order(ids: list[str]) -> None:
    drawn = dict(zip(ids, public_mask(ids), strict=True))
    again = dict(zip(ids[::-1], public_mask(ids[::-1]), strict=True))

    assert drawn == again
    assert abs(sum(drawn.values()) - 0.4 * len(ids)) <= 1


def test_the_human_score_leaves_each_reference_out_in_turn() -> None:
    references = np.array([[1.0, 0.0], [3.0, 4.0], [0.0, 2.0]])
    left_out = [
        reference_cosines(references[[place]], [np.delete(references, place, axis=0)])[0]
        for place in range(3)
    ]

    assert human_scores([references]) == pytest.approx(np.mean(left_out))


def test_a_single_reference_has_no_human_score() -> None:
    assert np.isnan(human_scores([np.ones((1, 3))])).all()


@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_a_human_never_beats_the_ceiling(seed: int, count: int) -> None:
    references = [np.random.default_rng(seed).normal(size=(count, 4))]

    assert human_scores(references) <= ceiling_scores(references) + 1e-12


def test_the_centroid_is_a_direction_to_which_long_vectors_count_no_more() -> None:
    assert centroid(np.array([[9.0, 0.0], [0.0, 1.0]])) == pytest.approx([0.5**0.5, 0.5**0.5])


def test_every_baseline_has_a_score_for_every_question() -> None:
    references = [np.array([[1.0, 0.0], [1.0, 0.0]]), np.array([[0.0, 1.0], [0.0, 1.0]])]
    table = baseline_scores(references, np.array([1.0, 0.0]), np.array([[0.0, 1.0], [0.0, 1.0]]))

    assert table["constant"].tolist() == pytest.approx([0.5**0.5, 0.5**0.5])
    assert table["centroid"].tolist() == [1.0, 0.0]
    assert table["nearest"].tolist() == [0.0, 1.0]
    assert table["human"].tolist() == [1.0, 1.0]
    assert table["ceiling"].tolist() == [1.0, 1.0]


def test_each_text_is_compared_with_the_best_of_its_own_references() -> None:
    texts = ["벽지는 풀로 붙입니다.", "벽지는 풀로 붙입니다."]
    references = [
        ["바닥은 본드로 깝니다.", "벽지는 풀로 붙입니다."],
        ["바닥은 본드로 깝니다."],
    ]
    same, other = chrf_scores(texts, references)

    assert same == 100.0
    assert 0 < other < 50
