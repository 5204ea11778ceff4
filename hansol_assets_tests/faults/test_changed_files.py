"""Two runs over files that differ, one after the other, and a lake that is pruned after them."""

import time
from pathlib import Path

import pytest

from hansol_assets.answering.publishing import RETENTION
from hansol_assets.lake.inventory import lake_status, verify
from hansol_assets.lake.pruning import prune
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.points import BUILD
from hansol_assets_tests.faults.runs import ForkServer, submitted
from hansol_assets_tests.graph import write_raw_files

pytestmark = pytest.mark.slow

PATIENCE_SECONDS = 120


@pytest.fixture
def changed(tmp_path: Path) -> Path:
    """So many rows fewer that the models are trained anew, and the former are needed no longer."""
    folder = tmp_path / "changed"
    folder.mkdir()
    return write_raw_files(folder, rows=18, questions=6)


def started(server: ForkServer, lake: Path, raw_dir: Path) -> str:
    """Starts a run, and returns its name once it has begun to make something."""
    name, end = server.start(lake, raw_dir), time.monotonic() + PATIENCE_SECONDS
    trace = Path(f"{name}.trace")
    while not (trace.exists() and f"\t{BUILD}\t" in trace.read_text(encoding="utf-8")):
        assert time.monotonic() < end, Path(f"{name}.log").read_text(encoding="utf-8")
        time.sleep(0.05)
    return name


def test_a_run_over_changed_files_waits_and_pruning_after_it_keeps_the_lake_whole(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, untrained: Path, changed: Path
) -> None:
    first = started(server, untrained, raw_dir)
    runs = [server.wait(name) for name in (server.start(untrained, changed), first)]
    assert [(run.code, run.failures) for run in runs] == [(0, {}), (0, {})]
    (waited,) = [line for run in runs for line in run.lines if line.startswith("waiting for run")]
    assert waited in runs[0].lines
    assert "of 'small' to end" in waited

    lake = Lake(untrained, "small")
    assert verify(lake) == []
    status = lake_status(lake).groupby("asset")["fingerprint"].count()
    assert status["retrieval_index"] == status["submission"] == 2
    report = prune(lake, 1, RETENTION)
    assert verify(lake) == []
    assert report.cached_rows > 0
    left = lake_status(lake).groupby("asset")["fingerprint"].count()
    assert set(left.index) == set(status.index)
    assert left.drop("validation_scores").max() == 1
    assert left["validation_scores"] == 2
    assert report.freed > 0
    again = server.run(untrained, changed)
    assert (again.failures, again.begun) == ({}, [])
    back = server.run(untrained, raw_dir)
    assert back.failures == {}
    assert {"retrieval_index", "submission"} <= set(back.begun)
    # What is published is what scored best, and that may be of the changed rows.
    made = lake.artifact(lake.live("submission")) / "submission.csv"
    assert made.read_bytes() == submitted(undisturbed.lake)
