import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.scoring.confidence import (
    calibration_table,
    coverage_at,
    expected_calibration_error,
    risk_coverage,
)

CONFIDENCE = np.array([0.2, 0.9, 0.6, 0.8])
RIGHT = np.array([False, True, False, True])


def test_the_surest_are_answered_first() -> None:
    curve = risk_coverage(CONFIDENCE, RIGHT)

    assert curve["coverage"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve["risk"].tolist() == pytest.approx([0, 0, 1 / 3, 1 / 2])


@pytest.mark.parametrize(
    ("precision", "coverage"), [(1.0, 0.5), (0.95, 0.5), (0.6, 0.75), (0.5, 1.0), (0.0, 1.0)]
)
def test_coverage_is_the_most_that_keeps_a_precision(precision: float, coverage: float) -> None:
    assert coverage_at(precision, CONFIDENCE, RIGHT) == coverage


def test_a_first_mistake_is_made_up_for_by_what_follows() -> None:
    confidence, right = np.linspace(1, 0.5, 20), np.array([False, *[True] * 19])

    assert coverage_at(0.95, confidence, right) == 1
    assert coverage_at(0.96, confidence, right) == 0


def test_where_nothing_is_right_nothing_is_covered() -> None:
    assert coverage_at(0.95, CONFIDENCE, np.zeros(4, dtype=bool)) == 0
    assert coverage_at(0.95, CONFIDENCE[:0], RIGHT[:0]) == 0


def test_the_calibration_error_is_the_mean_distance_over_the_bins() -> None:
    table = calibration_table(CONFIDENCE, RIGHT, bins=2)

    assert table["questions"].tolist() == [1, 3]
    assert table["confidence"].tolist() == pytest.approx([0.2, 2.3 / 3])
    assert table["right"].tolist() == pytest.approx([0, 2 / 3])
    # A quarter of the questions is 0.2 off, three quarters are 0.1 off.
    assert expected_calibration_error(CONFIDENCE, RIGHT, bins=2) == pytest.approx(0.125)


def test_the_last_bin_holds_what_is_certain() -> None:
    table = calibration_table(np.array([1.0, 0.95]), np.array([True, True]))

    assert table["questions"].tolist() == [2]


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40))
def test_figures_of_any_answers_lie_between_none_and_all(told: list[tuple[float, bool]]) -> None:
    confidence, right = (np.array(own) for own in zip(*told, strict=True))
    curve = risk_coverage(confidence, right)

    assert curve["risk"].iloc[-1] == pytest.approx(1 - right.mean())
    assert curve["risk"].between(0, 1).all()
    assert 0 <= expected_calibration_error(confidence, right) <= 1
    assert coverage_at(1 - curve["risk"].iloc[-1], confidence, right) == 1
