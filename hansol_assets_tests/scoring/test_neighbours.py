import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.neighbours import (
    NeighbourSettings,
    choose_temperature,
    neighbour_weights,
)

ROWS = np.array([[1.0, 0.2], [0.2, 1.0], [-1.0, 0.1]])
CENTROID = ROWS.mean(axis=0)


def test_the_row_with_the_nearest_answer_weighs_most() -> None:
    weights = neighbour_weights(np.array([[1.0, 0.0], [0.0, 1.0]]), ROWS, CENTROID, 3, 0.2)

    assert weights.argmax(axis=1).tolist() == [0, 1]


def test_a_low_temperature_leaves_one_row_and_a_high_one_all() -> None:
    asked = np.array([[1.0, 0.1]])

    assert neighbour_weights(asked, ROWS, CENTROID, 3, 1e-3).max() == pytest.approx(1)
    assert neighbour_weights(asked, ROWS, CENTROID, 3, 1e3) == pytest.approx(1 / 3, abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_so_many_rows_weigh_something_and_all_weights_add_up(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    rows = unit(generator.normal(size=(10, 4)))
    weights = neighbour_weights(
        generator.normal(size=(3, 4)), rows, rows.mean(axis=0), count, temperature=0.5
    )

    assert weights.sum(axis=1) == pytest.approx(np.ones(3))
    assert ((weights > 0).sum(axis=1) == min(count, 10)).all()


def test_the_temperature_that_does_best_on_held_out_questions_is_chosen() -> None:
    settings = NeighbourSettings(temperatures=(0.01, 100.0))
    asked = np.array([[1.0, 0.2]])

    assert choose_temperature(asked, unit(ROWS[:1]), ROWS, settings) == 0.01
    assert choose_temperature(asked, unit(CENTROID[None]), ROWS, settings) == 100.0
