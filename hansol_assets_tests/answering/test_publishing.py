"""The file that is handed in; promotion on a real lake whose score tables are written by hand."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.publishing import (
    Promotion,
    judge_promotion,
    publish,
    publish_live,
    submission_frame,
    submission_problems,
)
from hansol_assets.lake.reports import Report, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table.submission_form import SubmissionForm
from hansol_assets_tests.lake.handmade import make_artifact, make_table

FORM = SubmissionForm(("T_2", "T_0", "T_1"), 2)
VECTORS = np.array([[0.0, 0.5], [1.0, 0.25], [0.125, 1 / 3]], dtype=np.float32)


def test_rows_follow_the_template() -> None:
    frame = submission_frame(FORM.ids, ["T_0", "T_1", "T_2"], VECTORS)
    assert frame["id"].tolist() == ["T_2", "T_0", "T_1"]
    assert frame.columns.tolist() == ["id", "vec_0", "vec_1"]
    assert frame.iloc[0].tolist() == ["T_2", 0.125, 0.33333334]
    assert submission_problems(frame, FORM) == []


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["T_0", "T_1"], "1 ids are missing: T_2"),
        (["T_0", "T_1", "T_2", "T_1"], "1 ids are doubled: T_1"),
        (["T_0", "T_1", "T_2", "T_9"], "1 ids are unknown to the template: T_9"),
    ],
)
def test_ids_that_do_not_fit_are_named(ids: list[str], problem: str) -> None:
    frame = submission_frame(FORM.ids, ids, np.ones((len(ids), 2)))
    assert submission_problems(frame, FORM) == [problem]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_must_be_finite(value: float) -> None:
    vectors = VECTORS.copy()
    vectors[1, 0] = value
    frame = submission_frame(FORM.ids, ["T_0", "T_1", "T_2"], vectors)
    assert submission_problems(frame, FORM) == ["1 rows hold a value that is not finite: T_1"]


def test_width_and_order_must_be_the_templates() -> None:
    frame = submission_frame(FORM.ids, ["T_0", "T_1", "T_2"], VECTORS)
    assert submission_problems(frame, replace(FORM, width=3)) == [
        "vectors have 2 dimensions, the template 3"
    ]
    assert submission_problems(frame[::-1], FORM) == ["the rows are not in the template's order"]


def test_latest_always_leads_to_the_last_published(tmp_path: Path) -> None:
    latest = tmp_path / "submissions" / "latest"
    for name in ("one", "two", "one"):
        artifact = tmp_path / name
        artifact.mkdir(exist_ok=True)
        (artifact / "submission.csv").write_text(name, encoding="utf-8")
        (tmp_path / "manifest.json").write_text(f'"{name}"', encoding="utf-8")
        publish(artifact, tmp_path / "manifest.json", name, latest)
        assert (latest / "submission.csv").read_text(encoding="utf-8") == name
        assert (latest / "manifest.json").read_text(encoding="utf-8") == f'"{name}"'
    assert sorted(path.name for path in latest.parent.iterdir()) == ["latest", "one", "two"]


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
    return judge_promotion(lake, lake.live("submission"))


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
