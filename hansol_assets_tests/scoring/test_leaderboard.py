"""Figures of questions of which some, or all, have a single reference."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from hansol_assets.scoring.evaluate import ONE_REFERENCE
from hansol_assets.scoring.leaderboard import Experiment, compare_with_best, figures, leaderboard
from hansol_assets.scoring.measures import weigh

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
            "asked": "unknown",
            "weight": 1 / count,
            "blend": generator.uniform(0.5, 0.7, count),
            "answer": generator.uniform(0.3, 0.5, count),
            "centroid": 0.4,
            "human": human,
        }
    )
    return Experiment("f", "tiny", judge, "blend", {}, questions, TRUST, 1.0, "2026-01-01")


def test_one_reference_a_question_leaves_human_and_parity_open_and_says_so() -> None:
    board = leaderboard([experiment([NAN] * 8)]).set_index("name")

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
    human = figures(one.questions, "human")
    blend = figures(one.questions, "blend")

    measured = one.questions.dropna()
    assert human["private"] == pytest.approx(0.8)
    assert human["low"] <= 0.8 <= human["high"]
    assert human["parity"] == pytest.approx(1)
    assert blend["private"] == pytest.approx(one.questions["blend"].mean())
    assert blend["parity"] == pytest.approx((measured["blend"].mean() - 0.4) / 0.4)


def test_a_column_that_is_no_score_has_no_row() -> None:
    one = experiment([0.8] * 8)
    told = one.questions.assign(verdict="answered", seconds=1.5, without_rows=0.5)
    board = leaderboard([replace(one, questions=told)]).set_index("name")
    assert {"verdict", "seconds"}.isdisjoint(board.index)
    assert board.loc["without_rows", "kind"] == board.loc["answer", "kind"] == "ablation"
    assert board.loc["human", "kind"] == "baseline"


def test_experiments_of_two_judges_stand_together_but_are_not_compared() -> None:
    mine, other = experiment([0.8] * 40), experiment([0.8] * 40, judge="another")

    assert compare_with_best([other, mine]) is None
    assert compare_with_best([mine, mine]) is not None
    board = leaderboard([other, mine])
    assert set(board.loc[board["kind"] == "experiment", "judge"]) == {"muse", "another"}


def of_both_kinds(known: list[float], unknown: list[float], known_share: float) -> pd.DataFrame:
    """Two singles and a joined question of known rows, and unknown questions."""
    table = pd.DataFrame(
        {
            "asked": ["known"] * len(known) + ["unknown"] * len(unknown),
            "kind": ["single", "single", "joined"] + ["single"] * len(unknown),
            "blend": known + unknown,
            "without_rows": [NAN] * len(known) + unknown,
            "centroid": 0.4,
            "human": 0.8,
            "public": True,
        }
    )
    ids = [f"Q{number}" for number in range(len(table))]
    return weigh(table.assign(id=ids, group=ids), known_share, joined_share=0.5)


def test_kinds_are_weighed_as_they_are_asked() -> None:
    found = figures(of_both_kinds([0.8, 0.9, 0.7], [0.5, 0.6], 0.8), "blend")

    # Half of the known are joined: (0.85 + 0.7) / 2.
    assert found["known"] == pytest.approx(0.775)
    assert found["unknown"] == pytest.approx(0.55)
    assert found["private"] == pytest.approx(0.8 * 0.775 + 0.2 * 0.55)
    assert found["low"] <= found["private"] <= found["high"]
    assert found["parity"] == pytest.approx((found["private"] - 0.4) / 0.4)
    assert found["known_parity"] == pytest.approx((0.775 - 0.4) / 0.4)


def test_what_is_scored_for_one_kind_alone_has_no_figure_for_the_mix() -> None:
    questions = of_both_kinds([0.8, 0.9, 0.7], [0.5, 0.6], 0.8)
    found = figures(questions, "without_rows")

    assert np.isnan([found[name] for name in ("private", "low", "parity", "known")]).all()
    assert found["unknown"] == pytest.approx(0.55)


def test_a_strategy_without_known_scores_says_so() -> None:
    questions = of_both_kinds([0.8, 0.9, 0.7], [0.5, 0.6], 0.8)
    scored = questions.assign(text=questions["without_rows"], answer=0.6, chrf=30.0)
    one = Experiment("f", "tiny", "muse", "text", {}, scored, TRUST, 1.0, "2026-01-01")
    row = leaderboard([one]).set_index("name").loc["submission (text)"]

    assert np.isnan(row["private"])
    assert row["unknown"] == pytest.approx(0.55)
    assert "no figure for the mix" in row["note"]


@pytest.mark.parametrize(("share", "private"), [(0.0, 0.55), (1.0, 0.775)])
def test_a_kind_that_is_not_asked_is_judged_all_the_same(share: float, private: float) -> None:
    found = figures(of_both_kinds([0.8, 0.9, 0.7], [0.5, 0.6], share), "blend")

    assert found["private"] == pytest.approx(private)
    assert found["known"] == pytest.approx(0.775)
    assert found["unknown"] == pytest.approx(0.55)


def test_without_known_questions_the_unknown_ones_are_the_mix() -> None:
    table = of_both_kinds([0.8, 0.9, 0.7], [0.5, 0.6], 0.8)
    unknown = weigh(table[table["asked"] == "unknown"].drop(columns="weight"), 0.8, 0.5)

    assert unknown["weight"].sum() == pytest.approx(1)
    assert figures(unknown, "blend")["private"] == pytest.approx(0.55)
