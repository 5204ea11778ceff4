from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansol_assets.scoring.confidence import (
    Confidence,
    ConfidenceSettings,
    calibration_table,
    coverage_area,
    coverage_curve,
    expected_calibration_error,
    needs_review,
)

SETTINGS = ConfidenceSettings()


def drawn(count: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    """Scores that one signal tells something about, and another nothing."""
    generator = np.random.default_rng(seed)
    told, noise = generator.normal(size=count), generator.normal(size=count)
    scores = 0.6 + 0.1 * told + 0.05 * generator.normal(size=count)
    return pd.DataFrame({"told": told, "noise": noise}), scores


def test_expected_scores_hold_for_questions_never_seen() -> None:
    known, unseen = drawn(300, 0), drawn(300, 1)
    confidence = Confidence.fit(*known, SETTINGS)
    expected = confidence.predict(unseen[0])

    assert expected_calibration_error(expected, unseen[1]) < 0.03
    assert np.corrcoef(expected, unseen[1])[0, 1] > 0.8


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
def test_more_of_what_tells_never_lowers_the_expectation(seed: int, count: int) -> None:
    signals, scores = drawn(count, seed)
    confidence = Confidence.fit(signals, scores, SETTINGS)
    name = signals.columns[int(np.abs(confidence.slopes).argmax())]
    ladder = pd.DataFrame({"told": np.zeros(9), "noise": np.zeros(9)})
    ladder[name] = np.linspace(-4, 4, 9)
    steps = np.diff(confidence.predict(ladder)) * np.sign(
        confidence.slopes[list(signals).index(name)]
    )

    assert (steps >= 0).all()
    assert scores.min() - 1e-9 <= confidence.predict(ladder).min()
    assert confidence.predict(ladder).max() <= scores.max() + 1e-9


def test_signals_are_known_by_name_and_the_calibration_is_kept(tmp_path: Path) -> None:
    signals, scores = drawn(50, 2)
    confidence = Confidence.fit(signals, scores, SETTINGS)
    confidence.save(tmp_path / "confidence.json")
    loaded = Confidence.load(tmp_path / "confidence.json")

    assert np.array_equal(loaded.predict(signals[["noise", "told"]]), confidence.predict(signals))


def test_from_one_question_every_answer_is_expected_to_be_as_good() -> None:
    signals, scores = drawn(5, 0)
    confidence = Confidence.fit(signals[:1], scores[:1], SETTINGS)

    assert confidence.predict(signals).tolist() == pytest.approx([scores[0]] * 5)
    with pytest.raises(ValueError, match="no question"):
        Confidence.fit(signals[:0], scores[:0], SETTINGS)


def test_below_the_level_an_answer_needs_review() -> None:
    found = needs_review(np.array([0.59, 0.6, 0.61]), ConfidenceSettings(review_below=0.6))

    assert found.tolist() == [True, False, False]


def test_the_calibration_error_is_the_mean_distance_over_the_bins() -> None:
    expected, scores = np.array([0.1, 0.2, 0.8, 0.9]), np.array([0.2, 0.3, 0.8, 0.9])

    assert calibration_table(expected, scores, bins=2)["score"].tolist() == pytest.approx(
        [0.25, 0.85]
    )
    assert expected_calibration_error(expected, scores, bins=2) == pytest.approx(0.05)


def test_answering_the_confident_first_is_worth_what_the_order_knows() -> None:
    scores = np.array([0.2, 0.9, 0.4, 0.7])
    curve = coverage_curve(scores, scores)

    assert curve["coverage"].tolist() == [0.25, 0.5, 0.75, 1.0]
    assert curve["score"].tolist() == pytest.approx([0.9, 0.8, 2 / 3, 0.55])
    assert coverage_area(scores, scores) > scores.mean() > coverage_area(-scores, scores)
