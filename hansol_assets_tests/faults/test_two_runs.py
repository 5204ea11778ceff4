"""Runs at once over one lake, each from a process of its own."""

from pathlib import Path

import pytest

from hansol_assets.lake.inventory import verify
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import ForkServer, submitted
from hansol_assets_tests.faults.test_damage import NAMED_BY_CONTENT
from hansol_assets_tests.graph import SMALL_PROFILE, begin_with_texts_of

pytestmark = pytest.mark.slow


def test_two_runs_of_a_profile_and_one_of_another_do_the_work_once(
    server: ForkServer, undisturbed: Reference, texts: Lake, raw_dir: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    begin_with_texts_of(texts, lake)
    other = tmp_path / "other.yaml"
    other.write_text(f"extends: {SMALL_PROFILE}\nblend: {{}}\n", encoding="utf-8")
    profiles = (SMALL_PROFILE, other, SMALL_PROFILE)
    names = [server.start(lake, raw_dir, profile=str(profile)) for profile in profiles]
    runs = [server.wait(name) for name in names]
    assert [(run.code, run.failures) for run in runs] == [(0, {})] * len(runs)
    assert verify(Lake(lake, "small")) == []
    assert submitted(lake) == submitted(undisturbed.lake)
    # The leaderboard is of all profiles, and gains an experiment of each.
    shared = set(undisturbed.ended.statuses) - {"leaderboard"}
    made = [asset for run in runs for asset in run.begun]
    assert {asset for asset in shared - NAMED_BY_CONTENT if made.count(asset) != 1} == set()
    one, two, three = ({asset: run.statuses[asset] for asset in shared} for run in runs)
    # Of a profile either run may come first, and the other does nothing.
    assert {"reused"} in (set(one.values()), set(three.values()))
    for asset in shared:
        assert sorted((one[asset], two[asset], three[asset])) in (
            ["new", "reused", "reused"],
            ["new", "new", "reused"],
        )
