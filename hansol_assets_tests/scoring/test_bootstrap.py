import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.scoring.bootstrap import bootstrap_interval, paired_bootstrap, parity


def test_the_interval_agrees_with_the_normal_approximation() -> None:
    scores = np.random.default_rng(3).normal(0.5, 0.1, size=400)
    low, high = bootstrap_interval(scores)
    margin = 1.96 * scores.std() / np.sqrt(400)

    assert low == pytest.approx(scores.mean() - margin, abs=0.002)
    assert high == pytest.approx(scores.mean() + margin, abs=0.002)


def test_questions_of_one_row_make_the_interval_wider() -> None:
    rows = np.repeat(np.random.default_rng(5).normal(size=40), 5)
    groups = np.repeat(np.arange(40), 5).astype(str).tolist()
    alone = bootstrap_interval(rows)
    together = bootstrap_interval(rows, groups)

    assert together.high - together.low > 1.8 * (alone.high - alone.low)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30))
def test_the_interval_lies_within_the_scores_and_repeats(scores: list[float]) -> None:
    interval = bootstrap_interval(np.array(scores))

    assert min(scores) - 1e-9 <= interval.low <= interval.high <= max(scores) + 1e-9
    assert interval == bootstrap_interval(np.array(scores))


def test_no_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="no scores"):
        bootstrap_interval(np.array([]))


def test_pairing_sees_a_small_steady_gain_that_separate_intervals_hide() -> None:
    generator = np.random.default_rng(7)
    second = generator.normal(0.5, 0.2, size=100)
    first = second + 0.02 + generator.normal(0, 0.01, size=100)
    result = paired_bootstrap(first, second)

    assert bootstrap_interval(first).low < bootstrap_interval(second).high
    assert 0 < result.low < result.difference < result.high
    assert result.p_better == 1.0


def test_equal_scores_are_not_called_better() -> None:
    result = paired_bootstrap(np.ones(5), np.ones(5))

    assert result == (0.0, 0.0, 0.0, 0.0)


def test_pairs_must_be_of_the_same_questions() -> None:
    with pytest.raises(ValueError, match="same questions: 3 and 2"):
        paired_bootstrap(np.ones(3), np.ones(2))


def test_parity_runs_from_the_centroid_to_the_human() -> None:
    assert parity(0.4, centroid=0.4, human=0.7) == 0.0
    assert parity(0.7, centroid=0.4, human=0.7) == 1.0
    assert parity(0.35, centroid=0.4, human=0.5) == pytest.approx(-0.5)
    assert np.isnan(parity(0.5, centroid=0.7, human=0.7))
