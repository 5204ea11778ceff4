"""What runs by itself, judged by Dagster's own evaluation of sensors and conditions."""

import itertools
import os
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import dagster as dg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansol_assets.definitions import build_defs
from hansol_assets.orchestration.automation import watch_raw_files
from hansol_assets.orchestration.resources import LakeResource
from hansol_assets.settings import load_settings
from hansol_assets_tests.graph import write_raw_files

FIRST_TICKS = 4
"""Looks until the files as they are have been asked for."""

QUIET_TICKS = 5
"""More than a change needs until it is answered."""

Tick = Callable[[], tuple[set[str], set[str]]]


@pytest.fixture
def tick(raw: Path) -> Tick:
    return looking_at(raw)


@cache
def definitions() -> dg.Definitions:
    """The graph; where the files lie is told to its sensors by the lake alone."""
    return build_defs()


def looking_at(raw: Path) -> Tick:
    """One look of both sensors: which files changed, and what is asked for."""
    loaded = load_settings(raw_dir=str(raw), lake_dir=str(raw.parent / "lake"))
    lake = LakeResource.open(loaded)
    instance = dg.DagsterInstance.ephemeral()
    cursors: dict[str, object] = {"sensor": None, "conditions": None}

    def look() -> tuple[set[str], set[str]]:
        with dg.build_sensor_context(
            instance=instance,
            cursor=cursors["sensor"],  # type: ignore[arg-type]
            resources={"lake": lake},
            definitions=definitions(),
        ) as context:
            seen = watch_raw_files(context)
        cursors["sensor"] = seen.cursor
        for event in seen.asset_events:
            instance.report_runless_asset_event(event)
        result = dg.evaluate_automation_conditions(
            defs=definitions(),
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


def rewrite(path: Path) -> None:
    """Changes the content and keeps the rows: the last line break goes, or comes back."""
    text = path.read_text(encoding="utf-8")
    path.write_text(text.rstrip("\n") if text.endswith("\n") else text + "\n", encoding="utf-8")


def test_files_are_seen_once_they_stand_still_and_then_nothing_runs(tick: Tick) -> None:
    assert tick() == (set(), set())
    assert tick() == ({"train_csv", "test_csv", "submission_template"}, set())
    changed, asked = tick()
    assert changed == set()
    assert {"raw_qa", "submission", "leaderboard"} <= asked
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


def test_a_changed_file_asks_once_for_what_it_reaches_with_its_checks(
    tick: Tick, raw: Path
) -> None:
    for _ in range(FIRST_TICKS):
        tick()
    append_row(raw)
    assert tick() == (set(), set()), "a file that just moved may still be being written"
    assert tick() == ({"train_csv"}, set()), "another file may have changed with it"
    changed, asked = tick()
    assert changed == set()
    assert "raw_questions" not in asked
    assert {"raw_qa", "lora_adapter", "submission", "qa_folds:folds_do_not_leak"} <= asked
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


def test_files_that_change_one_after_the_other_are_one_change(tick: Tick, raw: Path) -> None:
    for _ in range(FIRST_TICKS):
        tick()
    append_row(raw)
    assert tick() == (set(), set())
    rewrite(raw / "test.csv")
    assert tick() == ({"train_csv"}, set())
    assert tick() == ({"test_csv"}, set())
    changed, asked = tick()
    assert changed == set()
    assert {"raw_qa", "raw_questions", "submission"} <= asked
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


def test_a_change_that_comes_as_the_last_one_is_asked_for_is_asked_for_too(
    tick: Tick, raw: Path
) -> None:
    for _ in range(FIRST_TICKS):
        tick()
    append_row(raw)
    tick()
    rewrite(raw / "test.csv")
    tick()
    rewrite(raw / "train.csv")
    results = [tick() for _ in range(6)]
    asked = [own for _, own in results if own]
    assert {"raw_qa", "raw_questions", "submission"} <= asked[0]
    assert "raw_qa" in asked[-1]
    assert len(asked) <= 2
    assert results[-1] == (set(), set())


def test_a_touched_file_is_no_change(tick: Tick, raw: Path) -> None:
    for _ in range(FIRST_TICKS):
        tick()
    os.utime(raw / "train.csv", (1, 1))
    assert [tick() for _ in range(3)] == [(set(), set())] * 3


def test_of_the_review_queue_only_an_answer_that_was_filled_in_asks_for_a_run(
    tick: Tick, raw: Path
) -> None:
    path = raw.parent / "lake" / "review.csv"
    path.parent.mkdir(exist_ok=True)
    for _ in range(FIRST_TICKS):
        tick()
    written = "question,draft,answer\n벽지는 왜 우나요?,풀이 마릅니다.,"
    for left_open in (f"{written}\n", f"{written}보류\n", f"{written}\n타일은 왜 깨지나요?,,\n"):
        path.write_text(left_open, encoding="utf-8")
        assert [tick() for _ in range(QUIET_TICKS)] == [(set(), set())] * QUIET_TICKS

    for answered in (f"{written}풀이 말라서 웁니다.\n", f"{written}\n"):
        path.write_text(answered, encoding="utf-8")
        looks = [tick() for _ in range(QUIET_TICKS)]
        assert [changed for changed, _ in looks if changed] == [{"review_csv"}]
        (asked,) = [asked for _, asked in looks if asked]
        assert {"reviewed_answers", "raw_qa", "submission"} <= asked
        assert "raw_questions" not in asked


@pytest.mark.parametrize(("switch", "status"), [("off", "STOPPED"), ("on", "RUNNING")])
def test_automation_is_on_unless_it_is_switched_off(
    switch: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSOL_AUTOMATION", switch)
    definitions = build_defs()
    for name in ("raw_files", "refresh_on_change"):
        assert definitions.resolve_sensor_def(name).default_status.value == status
    assert definitions.resolve_schedule_def("nightly_refresh").default_status.value == status


CHANGES = st.lists(st.sets(st.sampled_from(["train.csv", "test.csv"])), max_size=6)


@given(changes=CHANGES)
@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
def test_every_change_is_answered_and_nothing_is_asked_for_without_one(
    changes: list[set[str]],
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        tick = looking_at(write_raw_files(raw, rows=24, questions=6))
        for _ in range(FIRST_TICKS):
            tick()
        looks = []
        for files in [*changes, *[set[str]()] * QUIET_TICKS]:
            for name in sorted(files):
                rewrite(raw / name)
            looks.append(tick())
    changed = [place for place, (files, _) in enumerate(looks) if files]
    asked = [place for place, (_, assets) in enumerate(looks) if assets]
    for place in changed:
        later = [looks[other][1] for other in asked if other > place]
        for file, asset in (("train_csv", "raw_qa"), ("test_csv", "raw_questions")):
            assert file not in looks[place][0] or any(asset in assets for assets in later)
    for before, after in itertools.pairwise([-1, *asked]):
        assert any(before < place < after for place in changed)
