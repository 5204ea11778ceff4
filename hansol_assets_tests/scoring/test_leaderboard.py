"""Figures of questions of which some, or all, have a single reference."""

import numpy as np
import pandas as pd
import pytest

from hansol_assets.scoring.evaluate import ONE_REFERENCE, ScoreSettings
from hansol_assets.scoring.leaderboard import Experiment, compare_with_best, figures, leaderboard

SETTINGS = ScoreSettings()
NAN = float("nan")
TRUST = {"hit_at_1": 0.9, "auroc": NAN}


def experiment(human: list[float], judge: str = "muse") -> Experiment:
    generator = np.random.default_rng(0)
    count = len(human)
    questions = pd.DataFrame(
        {
            "id": [f"Q{number}" for number in range(count)],
            "kind": "single",
            "group": [f"R{number}" for number in range(count)],
            "public": [number % 2 == 0 for number in range(count)],
            "chrf": 30.0,
            "blend": generator.uniform(0.5, 0.7, count),
            "text": generator.uniform(0.3, 0.5, count),
            "centroid": 0.4,
            "human": human,
        }
    )
    return Experiment("f", "tiny", judge, "blend", {}, questions, TRUST, 1.0, "2026-01-01")


def test_one_reference_a_question_leaves_human_and_parity_open_and_says_so() -> None:
    board = leaderboard([experiment([NAN] * 8)], SETTINGS).set_index("name")

    assert board.loc["human", ["private", "public", "low", "high", "parity"]].isna().all()
    assert board["parity"].isna().all()
    assert board.loc["submission (blend)", "private"] > board.loc["centroid", "private"]
    assert board.loc["submission (blend)", "note"] == ONE_REFERENCE
    assert board.loc["human", "note"] == ONE_REFERENCE
    assert board.index[-1] == "human"
    assert board.loc["submission (blend)", "hit_at_1"] == 0.9
    assert board["hit_at_1"].count() == 1
    assert board["rank"].tolist() == list(range(1, len(board) + 1))


def test_some_references_give_a_measure_of_their_questions_alone() -> None:
    one = experiment([NAN, 0.8, NAN, 0.9, 0.7, 0.8, 0.8, 0.8])
    human = figures(one.questions, "human", SETTINGS)
    blend = figures(one.questions, "blend", SETTINGS)

    measured = one.questions.dropna()
    assert human["private"] == pytest.approx(0.8)
    assert human["low"] <= 0.8 <= human["high"]
    assert human["parity"] == pytest.approx(1)
    assert blend["private"] == pytest.approx(one.questions["blend"].mean())
    assert blend["parity"] == pytest.approx((measured["blend"].mean() - 0.4) / 0.4)


def test_experiments_of_two_judges_stand_together_but_are_not_compared() -> None:
    mine, other = experiment([0.8] * 40), experiment([0.8] * 40, judge="another")

    assert compare_with_best([other, mine], SETTINGS.bootstrap) is None
    assert compare_with_best([mine, mine], SETTINGS.bootstrap) is not None
    board = leaderboard([other, mine], SETTINGS)
    assert set(board.loc[board["kind"] == "experiment", "judge"]) == {"muse", "another"}
