"""The web UI with its daemon, as `make ui` starts them: what runs by itself, and what does not."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path

import dagster as dg
import psutil
import pytest

import hansol_assets
from hansol_assets.lake.store import Lake
from hansol_assets_tests.graph import SMALL_PROFILE

pytestmark = pytest.mark.slow

PROJECT = Path(hansol_assets.__file__).parent.parent
PATIENCE_SECONDS = 150
QUIET_SECONDS = 16
"""Three looks at the raw files: the daemon takes five seconds from one to the next."""


@pytest.fixture
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", "small")


@pytest.fixture
def ui(tmp_path: Path, raw: Path, lake: Lake, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """The processes of `make ui` over a small lake."""
    environment = {
        **os.environ,
        # As the README has it for other commands.
        "DAGSTER_MODULE_NAME": "hansol_assets.definitions",
        "HANSOL_PROFILE": str(SMALL_PROFILE),
        "HANSOL_RAW_DIR": str(raw),
        "HANSOL_LAKE_DIR": str(lake.paths.root),
        "HANSOL_AUTOMATION__INTERVAL_SECONDS": "1",
        "DAGSTER_HOME": str(tmp_path / "home"),
    }
    here = [f"BIN={Path(sys.executable).parent}", f"PORT={port}"]
    with (tmp_path / "ui.log").open("wb") as log:
        process = subprocess.Popen(
            # This environment is the one to be used: `setup` is not to be looked at.
            ["make", "-C", PROJECT, "-o", "setup", "ui", *here],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            os.killpg(process.pid, signal.SIGINT)
            try:
                process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def instance(
    tmp_path: Path, ui: subprocess.Popen[bytes], port: int
) -> Iterator[dg.DagsterInstance]:
    wait_until(lambda: ui.poll() is not None or is_served(port), "the web UI")
    assert ui.poll() is None, (tmp_path / "ui.log").read_text(encoding="utf-8")
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as opened:
        yield opened


def is_served(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info") as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def wait_until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.2)


def finished(instance: dg.DagsterInstance, count: int) -> Callable[[], bool]:
    """Whether so many runs came to their end."""
    return lambda: sum(run.is_finished for run in instance.get_runs()) == count


def append_row(raw: Path, key: str) -> None:
    path = raw / "train.csv"
    text = path.read_text(encoding="utf-8")
    last = text.splitlines()[-1]
    path.write_text(text + last.replace(last[: last.index(",")], key, 1) + "\n", encoding="utf-8")


def test_changes_run_once_and_nothing_else_does(
    ui: subprocess.Popen[bytes], instance: dg.DagsterInstance, raw: Path, lake: Lake
) -> None:
    wait_until(finished(instance, 1), "the first run")
    latest = lake.paths.latest_submission
    first = latest.resolve().name
    listening = {
        connection.laddr.ip
        for process in (psutil.Process(ui.pid), *psutil.Process(ui.pid).children(recursive=True))
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert listening == {"127.0.0.1"}

    os.utime(raw / "test.csv")
    time.sleep(QUIET_SECONDS)
    assert len(instance.get_runs()) == 1

    append_row(raw, "TRAIN_900")
    wait_until(lambda: lake.live("raw_qa").facts["rows"] == 25, "the second run's raw table")
    append_row(raw, "TRAIN_901")
    wait_until(finished(instance, 3), "one run for each change")
    time.sleep(QUIET_SECONDS)
    runs = instance.get_runs()
    assert [run.status for run in runs] == [dg.DagsterRunStatus.SUCCESS] * 3
    assert lake.live("raw_qa").facts["rows"] == 26
    assert lake.live("submission").fingerprint != first
