"""Two runs at once over one lake, from two processes."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from hansol_assets.lake.inventory import verify
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import Ended, ForkServer, submitted
from hansol_assets_tests.faults.test_damage import NAMED_BY_CONTENT
from hansol_assets_tests.graph import SMALL_PROFILE, begin_with_texts_of, write_raw_files

pytestmark = pytest.mark.slow


def both_end_well(server: ForkServer, names: Sequence[str], lake: Path) -> list[Ended]:
    """Waits for two runs that were started over one lake."""
    runs = [server.wait(name) for name in names]
    assert [(run.code, run.failures) for run in runs] == [(0, {}), (0, {})]
    assert verify(Lake(lake, "small")) == []
    return runs


def test_two_runs_of_a_profile_do_the_work_once(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, untrained: Path
) -> None:
    runs = both_end_well(server, [server.start(untrained, raw_dir) for _ in range(2)], untrained)
    # Either may come first; lists, since sets are ordered by inclusion and would not be sorted.
    statuses = sorted(sorted(set(run.statuses.values())) for run in runs)
    assert statuses == [["new", "reused"], ["reused"]]
    assert submitted(untrained) == submitted(undisturbed.lake)


def test_two_profiles_share_what_they_have_in_common(
    server: ForkServer, undisturbed: Reference, texts: Lake, raw_dir: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    begin_with_texts_of(texts, lake)
    other = tmp_path / "other.yaml"
    other.write_text(f"extends: {SMALL_PROFILE}\nblend: {{}}\n", encoding="utf-8")
    names = [server.start(lake, raw_dir), server.start(lake, raw_dir, profile=str(other))]
    runs = both_end_well(server, names, lake)
    for asset in undisturbed.ended.statuses:
        assert sorted(run.statuses[asset] for run in runs) in (["new", "reused"], ["new", "new"])
    made = [asset for run in runs for asset in run.begun]
    shared = set(undisturbed.ended.statuses) - {"leaderboard", *NAMED_BY_CONTENT}
    assert {asset for asset in shared if made.count(asset) != 1} == set()
    assert submitted(lake) == submitted(undisturbed.lake)


def test_a_run_over_changed_files_waits_for_the_one_before(
    server: ForkServer, raw_dir: Path, untrained: Path, tmp_path: Path
) -> None:
    lake, changed = untrained, tmp_path / "changed"
    changed.mkdir()
    write_raw_files(changed, rows=22, questions=6)
    names = [server.start(lake, raw_dir), server.start(lake, changed)]
    runs = both_end_well(server, names, lake)
    waited = [line for run in runs for line in run.lines if line.startswith("waiting for run")]
    assert len(waited) == 1
    assert "of 'small' to end" in waited[0]
