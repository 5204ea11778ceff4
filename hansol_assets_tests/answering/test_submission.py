from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.submission import publish, submission_frame, submission_problems

TEMPLATE = pd.DataFrame({"id": ["T_2", "T_0", "T_1"], "vec_0": 0.0, "vec_1": 0.0})
VECTORS = np.array([[0.0, 0.5], [1.0, 0.25], [0.125, 1 / 3]], dtype=np.float32)


def test_rows_follow_the_template() -> None:
    frame = submission_frame(TEMPLATE, ["T_0", "T_1", "T_2"], VECTORS)
    assert frame["id"].tolist() == ["T_2", "T_0", "T_1"]
    assert frame.columns.tolist() == ["id", "vec_0", "vec_1"]
    assert frame.iloc[0].tolist() == ["T_2", 0.125, 0.33333334]
    assert submission_problems(frame, TEMPLATE, 2) == []


@pytest.mark.parametrize(
    ("ids", "problem"),
    [
        (["T_0", "T_1"], "1 ids are missing: T_2"),
        (["T_0", "T_1", "T_2", "T_1"], "1 ids are doubled: T_1"),
        (["T_0", "T_1", "T_2", "T_9"], "1 ids are unknown to the template: T_9"),
    ],
)
def test_ids_that_do_not_fit_are_named(ids: list[str], problem: str) -> None:
    frame = submission_frame(TEMPLATE, ids, np.ones((len(ids), 2)))
    assert submission_problems(frame, TEMPLATE, 2) == [problem]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_must_be_finite(value: float) -> None:
    vectors = VECTORS.copy()
    vectors[1, 0] = value
    frame = submission_frame(TEMPLATE, ["T_0", "T_1", "T_2"], vectors)
    assert submission_problems(frame, TEMPLATE, 2) == [
        "1 rows hold a value that is not finite: T_1"
    ]


def test_width_and_order_must_be_the_templates() -> None:
    frame = submission_frame(TEMPLATE, ["T_0", "T_1", "T_2"], VECTORS)
    assert submission_problems(frame, TEMPLATE, 3) == ["vectors have 2 dimensions, the template 3"]
    assert submission_problems(frame[::-1], TEMPLATE, 2) == [
        "the rows are not in the template's order"
    ]


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
