import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.vectors import highest, unit
from hansol_assets.scoring.neighbours import (
    NeighbourSettings,
    choose_temperature,
    nearest_rows,
)

ROWS = np.array([[1.0, 0.2], [0.2, 1.0], [-1.0, 0.1]])
CENTROID = ROWS.mean(axis=0)


def test_the_row_with_the_nearest_answer_comes_first() -> None:
    found = nearest_rows(np.array([[1.0, 0.0], [0.0, 1.0]]), ROWS, 2)

    assert found.places[:, 0].tolist() == [0, 1]
    assert (found.cosines[:, 0] >= found.cosines[:, 1]).all()


def test_of_equally_near_rows_the_first_comes_first() -> None:
    found = nearest_rows(np.array([[1.0, 0.0]]), np.vstack([ROWS, ROWS]), 6)

    assert found.places.tolist() == [[0, 3, 1, 4, 2, 5]]


def test_a_low_temperature_leaves_one_row_and_a_high_one_all() -> None:
    found = nearest_rows(np.array([[1.0, 0.1]]), ROWS, 3)

    assert found.mix(ROWS, 1e-3) == pytest.approx(ROWS[:1])
    assert found.mix(ROWS, 1e6) == pytest.approx(CENTROID[None], abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_so_many_rows_weigh_something_and_all_weights_add_up(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    rows = unit(generator.normal(size=(10, 4)))
    weights = nearest_rows(generator.normal(size=(3, 4)), rows, count).weights(0.5)

    assert weights.shape == (3, min(count, 10))
    assert weights.sum(axis=1) == pytest.approx(np.ones(3))
    assert (np.diff(weights, axis=1) <= 0).all()


def test_many_questions_are_answered_as_one_by_one() -> None:
    generator = np.random.default_rng(0)
    rows, asked = unit(generator.normal(size=(40, 8))), generator.normal(size=(300, 8))
    together = nearest_rows(asked, rows, 5)

    assert together.places[299].tolist() == nearest_rows(asked[299:], rows, 5).places[0].tolist()


def test_the_temperature_that_does_best_on_held_out_questions_is_chosen() -> None:
    settings = NeighbourSettings(temperatures=(0.01, 100.0))
    asked = np.array([[1.0, 0.2]])

    assert choose_temperature(asked, unit(ROWS[:1]), ROWS, settings) == 0.01
    assert choose_temperature(asked, unit(CENTROID[None]), ROWS, settings) == 100.0


@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_the_highest_are_those_that_sorting_finds(seed: int, count: int) -> None:
    # So few values that many are equal.
    scores = np.random.default_rng(seed).integers(0, 4, (5, 12)) / 4
    wanted = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    assert np.array_equal(highest(scores, count), wanted)
