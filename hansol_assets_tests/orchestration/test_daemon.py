"""The web UI with its daemon, as `make ui` starts them: what runs by itself, and what does not."""

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from hansol_assets.lake.store import Lake
from hansol_assets_tests.graph import GraphRun, take_out
from hansol_assets_tests.orchestration.web_ui import (
    free_port,
    told_to_end,
    wait_until,
    web_ui,
)

pytestmark = pytest.mark.slow

QUIET_SECONDS = 16
"""Three looks at the raw files: the daemon takes five seconds from one to the next."""


@pytest.fixture
def raw(raw: Path) -> Path:
    """Without a template, which would have to change with the questions."""
    (raw / "sample_submission.csv").unlink()
    return raw


@pytest.fixture
def lake(graph: GraphRun, tmp_path: Path) -> Lake:
    """A lake in which everything before the adapter is made: the first run trains and answers."""
    copy = Lake(tmp_path / "lake", "small")
    shutil.copytree(graph.settings.lake_dir, copy.paths.root, symlinks=True)
    take_out(copy, "lora_adapter")
    return copy


@pytest.fixture
def ui(tmp_path: Path, raw: Path, lake: Lake) -> Iterator[subprocess.Popen[bytes]]:
    with web_ui(tmp_path, raw, lake.paths.root, free_port(), end=told_to_end) as process:
        yield process


@pytest.fixture
def history(tmp_path: Path, ui: subprocess.Popen[bytes]) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as opened:
        yield opened


def finished(history: dg.DagsterInstance, count: int) -> Callable[[], bool]:
    """Whether so many runs came to their end."""
    return lambda: sum(run.is_finished for run in history.get_runs()) == count


def ask_again(raw: Path, key: str) -> None:
    """Asks the last question once more: there is work, and no model is needed for it."""
    path = raw / "test.csv"
    text = path.read_text(encoding="utf-8")
    last = text.splitlines()[-1]
    path.write_text(text + last.replace(last[: last.index(",")], key, 1) + "\n", encoding="utf-8")


def test_changes_run_once_and_nothing_else_does(
    ui: subprocess.Popen[bytes], history: dg.DagsterInstance, raw: Path, lake: Lake
) -> None:
    read = dg.AssetKey("raw_questions")
    wait_until(lambda: bool(history.get_latest_materialization_event(read)), "the first run")
    assert history.get_runs_count() == 1
    ask_again(raw, "TEST_900")
    wait_until(finished(history, 2), "one run for each change")
    listening = {
        connection.laddr.ip
        for process in (psutil.Process(ui.pid), *psutil.Process(ui.pid).children(recursive=True))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}
    # Neither what the runs made nor a file that is only touched asks for a further one.
    os.utime(raw / "train.csv")
    time.sleep(QUIET_SECONDS)
    second, first = history.get_run_records()
    assert {item.dagster_run.status for item in (first, second)} == {dg.DagsterRunStatus.SUCCESS}
    # The change came while the first one trained: it was held back until then.
    assert first.end_time is not None
    assert second.start_time is not None
    assert first.end_time <= second.start_time
    assert lake.live("raw_questions").facts["rows"] == 7
    latest = lake.paths.latest_submission / "submission.csv"
    assert len(latest.read_text(encoding="utf-8").splitlines()) == 1 + 7
