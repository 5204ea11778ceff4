"""Ctrl-C in the middle of a run at a terminal."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import ForkServer, submitted
from hansol_assets_tests.graph import SMALL_PROFILE

pytestmark = pytest.mark.slow

HANSOL = Path(sys.executable).with_name("hansol")


def stopped_refresh(lake: Path, raw_dir: Path, stop_at: str) -> tuple[int, str]:
    """Runs `hansol refresh`, interrupted as it prints a text; returns its code and its output."""
    environment = {
        **os.environ,
        "HANSOL_PROFILE": str(SMALL_PROFILE),
        "HANSOL_RAW_DIR": str(raw_dir),
        "HANSOL_LAKE_DIR": str(lake),
        "DAGSTER_HOME": str(lake / "dagster"),
        "COLUMNS": "200",
    }
    lines = []
    with subprocess.Popen(
        [HANSOL, "refresh"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if stop_at in line:
                process.send_signal(signal.SIGINT)
    return process.returncode, "".join(lines)


def test_a_stopped_run_says_so_and_the_next_one_goes_on(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, untrained: Path
) -> None:
    code, output = stopped_refresh(untrained, raw_dir, stop_at="adapter: step 1 of")
    assert code == 1, output
    assert "lora_adapter failed: it was stopped. Finished steps, checkpoints and answers" in output
    assert "what was made before it is kept, and the next run goes on from there" in output
    assert "Traceback" not in output
    assert "line " not in output
    # What the next run prints is no other than ever: it needs no process of its own.
    last = server.run(untrained, raw_dir)
    assert (last.code, last.failures) == (0, {}), last.log
    assert last.statuses["base_model"] == "reused"
    assert submitted(untrained) == submitted(undisturbed.lake)
    assert Lake(untrained, "small").live("submission").facts["rows"] == 6
