import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.cosine import public_mask, reference_cosines


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


@given(st.lists(st.text(max_size=5), unique=True, max_size=30), st.floats(0, 1))
def test_the_public_draw_follows_the_id_whatever_the_order(ids: list[str], share: float) -> None:
    drawn = dict(zip(ids, public_mask(ids, share, "salt"), strict=True))
    again = dict(zip(ids[::-1], public_mask(ids[::-1], share, "salt"), strict=True))

    assert drawn == again
    assert abs(sum(drawn.values()) - share * len(ids)) <= 1


def test_another_salt_draws_other_questions() -> None:
    ids = [f"TEST_{number:03}" for number in range(50)]

    assert public_mask(ids, 0.4, "a").tolist() != public_mask(ids, 0.4, "b").tolist()
    assert public_mask(ids, 0.4, "a").sum() == 20
