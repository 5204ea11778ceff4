"""What runs by itself, judged by Dagster's own evaluation of sensors and conditions."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from hansol_assets.automation import watch_raw_files
from hansol_assets.definitions import build_defs
from hansol_assets.resources import LakeResource
from hansol_assets.settings import load_settings
from hansol_assets_tests.graph import write_raw_files

Tick = Callable[[], tuple[set[str], set[str]]]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return write_raw_files(folder, rows=24, questions=6)


@pytest.fixture
def tick(raw: Path, tmp_path: Path) -> Tick:
    """One look of both sensors: which files changed, and what is asked for."""
    settings = load_settings(raw_dir=str(raw), lake_dir=str(tmp_path / "lake"))
    definitions = build_defs(settings=settings)
    lake = LakeResource(values=settings.as_values())
    instance = dg.DagsterInstance.ephemeral()
    cursors: dict[str, object] = {"sensor": None, "conditions": None}

    def look() -> tuple[set[str], set[str]]:
        with dg.build_sensor_context(
            instance=instance,
            cursor=cursors["sensor"],  # type: ignore[arg-type]
            resources={"lake": lake},
            definitions=definitions,
        ) as context:
            seen = watch_raw_files(context)
        cursors["sensor"] = seen.cursor
        for event in seen.asset_events:
            instance.report_runless_asset_event(event)
        result = dg.evaluate_automation_conditions(
            defs=definitions,
            instance=instance,
            cursor=cursors["conditions"],  # type: ignore[arg-type]
        )
        cursors["conditions"] = result.cursor
        changed = {event.asset_key.to_user_string() for event in seen.asset_events}
        asked = {item.key.to_user_string() for item in result.results if item.true_subset.size}
        return changed, asked

    return look


def append_row(raw: Path) -> None:
    path = raw / "train.csv"
    text = path.read_text(encoding="utf-8")
    last = text.splitlines()[-1]
    path.write_text(text + last.replace("TRAIN_023", "TRAIN_900") + "\n", encoding="utf-8")


def test_files_are_seen_once_they_stand_still_and_then_nothing_runs(tick: Tick) -> None:
    assert tick() == (set(), set())
    changed, asked = tick()
    assert changed == {"train_csv", "test_csv", "submission_template"}
    assert {"raw_qa", "submission", "leaderboard"} <= asked
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


def test_a_changed_file_asks_once_for_what_it_reaches_with_its_checks(
    tick: Tick, raw: Path
) -> None:
    for _ in range(3):
        tick()
    append_row(raw)
    assert tick() == (set(), set()), "a file that just moved may still be being written"
    changed, asked = tick()
    assert changed == {"train_csv"}
    assert "raw_questions" not in asked
    assert {"raw_qa", "lora_adapter", "submission", "qa_folds:folds_do_not_leak"} <= asked
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


def test_a_touched_file_is_no_change(tick: Tick, raw: Path) -> None:
    for _ in range(3):
        tick()
    os.utime(raw / "train.csv", (1, 1))
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


@pytest.mark.parametrize(("switch", "status"), [("off", "STOPPED"), ("on", "RUNNING")])
def test_automation_is_on_unless_it_is_switched_off(
    switch: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSOL_AUTOMATION", switch)
    definitions = build_defs()
    for name in ("raw_files", "refresh_on_change"):
        assert definitions.resolve_sensor_def(name).default_status.value == status
    assert definitions.resolve_schedule_def("nightly_refresh").default_status.value == status
