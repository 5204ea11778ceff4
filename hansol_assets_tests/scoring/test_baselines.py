import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.scoring.baselines import (
    baseline_scores,
    ceiling_scores,
    centroid,
    human_scores,
)
from hansol_assets.scoring.cosine import reference_cosines


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
