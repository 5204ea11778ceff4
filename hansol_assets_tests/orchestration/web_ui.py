"""The web UI as `make ui` starts it, for tests."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path

import psutil

import hansol_assets
from hansol_assets_tests.graph import SMALL_PROFILE

PROJECT = Path(hansol_assets.__file__).parent.parent
PATIENCE_SECONDS = 400
"""Three workers on two slow cores take minutes for what one does in half a minute."""
SECONDS_TO_END = 10
"""Within which Ctrl-C and TERM end all of it, quietly, whatever page is open."""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


End = Callable[["subprocess.Popen[bytes]"], None]


def ctrl_c(process: subprocess.Popen[bytes]) -> None:
    """As a terminal sends it: to make and to what make started."""
    os.killpg(process.pid, signal.SIGINT)


def told_to_end(process: subprocess.Popen[bytes]) -> None:
    """As a supervisor sends it: to make alone."""
    process.terminate()


@contextmanager
def web_ui(
    folder: Path, raw: Path, lake: Path, port: int, *, end: End = ctrl_c, **settings: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Starts webserver, daemon and code location, and proves that they end as they should.

    Args:
        folder: For Dagster's home and the log.
        raw: The raw files.
        lake: The lake's folder.
        port: Where the page is served.
        end: How they are told to.
        settings: Further variables of the environment.
    """
    environment = {
        **os.environ,
        # As the README has it for other commands.
        "DAGSTER_MODULE_NAME": "hansol_assets.definitions",
        "HANSOL_PROFILE": str(SMALL_PROFILE),
        "HANSOL_RAW_DIR": str(raw),
        "HANSOL_LAKE_DIR": str(lake),
        "HANSOL_AUTOMATION__INTERVAL_SECONDS": "1",
        "DAGSTER_HOME": str(folder / "home"),
        **settings,
    }
    here = [f"BIN={Path(sys.executable).parent}", f"PORT={port}"]
    path = folder / "ui.log"
    with path.open("wb") as log:
        process = subprocess.Popen(
            # This environment is the one to be used: `setup` is not to be looked at.
            ["make", "-C", PROJECT, "-o", "setup", "ui", *here],
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        started = [psutil.Process(process.pid)]
        try:
            wait_until(lambda: process.poll() is not None or is_served(port), "the web UI")
            assert process.poll() is None, path.read_text(encoding="utf-8")
            yield process
            started += started[0].children(recursive=True)
            said = path.read_bytes()
            end(process)
            process.wait(SECONDS_TO_END)
            assert psutil.wait_procs(started, 1)[1] == []
            last = path.read_bytes().removeprefix(said).decode().splitlines()
            assert "ending …" in last
            assert len(last) <= 3, last
        finally:
            for one in psutil.wait_procs(started, 0)[1]:
                one.kill()


def is_served(port: int, path: str = "server_info") -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}") as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def wait_until(true: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not true():
        assert time.monotonic() < end, f"{what} did not come about"
        time.sleep(0.2)
