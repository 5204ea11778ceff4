"""Promotion on a real lake whose score tables are written by hand."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.promotion import Promotion, judge_promotion
from hansol_assets.answering.submission import publish_live
from hansol_assets.lake.reports import Report, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets.scoring.bootstrap import BootstrapSettings
from hansol_assets_tests.lake.handmade import make_artifact, make_table

BOOTSTRAP = BootstrapSettings(resamples=500)
QUESTIONS = 60


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, "tiny")


def score(lake: Lake, mean: float, version: str) -> None:
    """Makes an experiment live, with a submission made from it."""
    noise = np.random.default_rng(0).normal(0, 0.05, QUESTIONS)
    frame = pd.DataFrame(
        {
            "id": [f"Q{place}" for place in range(QUESTIONS)],
            "group": [f"R{place // 2}" for place in range(QUESTIONS)],
            "blend": mean + noise,
        }
    )
    scores = make_table(
        lake,
        Task("validation_scores", version, {}, {}),
        lambda: TableReport(frame=frame, facts={"strategy": "blend"}),
    ).manifest

    def build(folder: Path) -> Report:
        (folder / "submission.csv").write_text(version, encoding="utf-8")
        return Report()

    inputs = {"validation_scores": scores.fingerprint}
    make_artifact(lake, Task("submission", version, {}, inputs), build)


def verdict_of(lake: Lake) -> Promotion:
    return judge_promotion(lake, lake.live("submission"), BOOTSTRAP)


def published(lake: Lake) -> str:
    return (lake.paths.latest_submission / "submission.csv").read_text(encoding="utf-8")


def test_the_first_submission_is_published(lake: Lake) -> None:
    score(lake, 0.6, "first")
    assert verdict_of(lake).reason == "there is no submission yet"
    publish_live(lake)
    assert published(lake) == "first"
    assert verdict_of(lake).allowed


@pytest.mark.parametrize(
    ("mean", "allowed", "reason"),
    [
        (0.65, True, "moved by +0.05"),
        (0.60, True, "moved by +0.00"),
        (0.50, False, "fell by -0.1"),
    ],
)
def test_only_a_significant_fall_is_held_back(
    lake: Lake, mean: float, allowed: bool, reason: str
) -> None:
    score(lake, 0.6, "first")
    publish_live(lake)
    score(lake, mean, "second")
    verdict = verdict_of(lake)
    assert (verdict.allowed, reason in verdict.reason) == (allowed, True), verdict


def test_another_profile_is_not_compared(lake: Lake, tmp_path: Path) -> None:
    score(lake, 0.9, "first")
    publish_live(lake)
    other = Lake(tmp_path, "gemma-7b")
    score(other, 0.1, "second")
    assert verdict_of(other).allowed
    publish_live(other)
    assert published(lake) == "second"


def test_a_lost_publication_is_made_again(lake: Lake) -> None:
    score(lake, 0.6, "first")
    publish_live(lake)
    shutil.rmtree(lake.paths.latest_submission.resolve())
    publish_live(lake)
    assert published(lake) == "first"
