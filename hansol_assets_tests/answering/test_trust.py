"""What the ranks and probabilities of asked questions add up to."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.answering.trust import (
    TRUST_FACTS,
    calibration_table,
    coverage_at,
    expected_calibration_error,
    risk_coverage,
    trust_facts,
    trust_of,
    trust_pictures,
)
from hansol_assets.answering.verdicts import VerdictSettings

NEVER = float("inf")
VERDICTS = VerdictSettings(answered_from=0.5, related_from=0.2)
COLUMNS = ["kind", "full_text_rank", "dense_rank", "ranked_rank", "confidence"]
ASKED = pd.DataFrame(
    [
        ("known", 1, 2, 1, 0.9),
        ("known", NEVER, 1, 1, 0.8),
        ("known", 4, 1, 2, 0.4),
        ("known", NEVER, NEVER, NEVER, 0.6),
        ("unknown", NEVER, NEVER, NEVER, 0.7),
        ("unknown", NEVER, NEVER, NEVER, 0.1),
        ("unrelated", NEVER, NEVER, NEVER, 0.0),
        ("unrelated", NEVER, NEVER, NEVER, 0.1),
    ],
    columns=COLUMNS,
)


@pytest.fixture(scope="module")
def facts() -> dict[str, float]:
    return trust_facts(ASKED, VERDICTS)


def test_ranks_of_known_questions_are_counted(facts: dict[str, float]) -> None:
    assert facts["asked_questions"] == 4
    assert facts["hit_at_1"] == 0.5
    assert facts["hit_at_3"] == 0.75
    assert facts["mrr_at_10"] == facts["mrr_ranked"] == pytest.approx(2.5 / 4)
    assert facts["mrr_full_text"] == pytest.approx(1.25 / 4, abs=1e-4)
    assert facts["mrr_dense"] == pytest.approx(2.5 / 4)


def test_beyond_the_tenth_a_row_counts_as_not_found() -> None:
    far = ASKED.assign(ranked_rank=[10, 11, *ASKED["ranked_rank"][2:]])

    assert trust_facts(far, VERDICTS)["mrr_at_10"] == pytest.approx(0.6 / 4)


def test_what_is_answered_is_told_by_kind(facts: dict[str, float]) -> None:
    assert facts["answered_known"] == 0.75
    assert facts["answered_unknown"] == 0.5
    assert facts["answered_unrelated"] == 0
    # Of four answers two are of the right row.
    assert facts["precision"] == 0.5


def test_known_questions_are_surer_than_others(facts: dict[str, float]) -> None:
    # Of the sixteen pairs, 0.4 and 0.6 lose against 0.7.
    assert facts["auroc"] == 14 / 16
    assert facts["auroc_unrelated"] == 1
    ties = ASKED.assign(confidence=0.3)
    assert trust_facts(ties, VERDICTS)["auroc"] == 0.5


def test_the_surest_answers_are_right(facts: dict[str, float]) -> None:
    assert facts["coverage_at_95"] == 2 / 8
    assert 0 < facts["calibration_error"] < 1


def test_figures_lie_within_their_intervals(facts: dict[str, float]) -> None:
    for name in ("hit_at_1", "hit_at_3", "mrr_at_10", "auroc", "auroc_unrelated"):
        assert facts[f"{name}_low"] <= facts[name] <= facts[f"{name}_high"]


def test_what_cannot_be_measured_is_left_out() -> None:
    single = ASKED[ASKED["kind"] != "known"].assign(confidence=0.1)
    facts = trust_facts(single, VERDICTS)

    assert facts["asked_questions"] == 0
    assert {"hit_at_1", "auroc", "precision", "answered_known"}.isdisjoint(facts)
    assert facts["coverage_at_95"] == 0
    board = trust_of(facts)
    assert tuple(board) == TRUST_FACTS
    assert np.isnan(board["hit_at_1"])
    assert "hits" not in trust_pictures(single)


def test_pictures_are_drawn() -> None:
    pictures = trust_pictures(ASKED)

    assert set(pictures) == {"risk_coverage", "calibration", "hits"}
    assert all(picture.startswith("![") for picture in pictures.values())


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
