"""Training and generation that are stopped in many ways, and go on from where they were."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference, assert_as_undisturbed
from hansol_assets_tests.faults.points import Fault, Point
from hansol_assets_tests.faults.runs import KILLED, ForkServer
from hansol_assets_tests.graph import SMALL_PROFILE

pytestmark = pytest.mark.slow

TRAINED = ("lora_adapter", "validation_candidates")
LOST_GPU = ("(CUDA error: unspecified launch failure)", "run again")
STOPS = (
    (Fault(Point("lora_adapter", "after Trainer._save_checkpoint", 0), "kill"), ()),
    (
        Fault(Point("lora_adapter", "before Trainer.training_step", 1), "lost gpu"),
        (*LOST_GPU, "Checkpoints are kept"),
    ),
    (
        Fault(Point("lora_adapter", "before Trainer._save_checkpoint", 0), "error", errno.EIO),
        ("finished steps are kept.",),
    ),
    # By then the first batch is kept.
    (Fault(Point("validation_candidates", "after GenerationMixin.generate", 1), "kill"), ()),
    (
        Fault(Point("validation_candidates", "before GenerationMixin.generate", 0), "lost gpu"),
        (*LOST_GPU, "The answers of earlier batches are kept."),
    ),
    (
        Fault(Point("validation_candidates", "before duckdb.commit", 0), "error", errno.ENOSPC),
        ("finished steps are kept.",),
    ),
)
"""What goes wrong, one run after the other, and what a person is told; counted in that run."""

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


def test_whatever_stops_training_and_generation_they_go_on_from_where_they_were(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, untrained: Path
) -> None:
    code, output = stopped_refresh(untrained, raw_dir, stop_at="adapter: step 1 of")
    assert code == 1, output
    assert "lora_adapter failed: it was stopped. Finished steps, checkpoints and answers" in output
    assert "what was made before it is kept, and the next run goes on from there" in output
    assert "Traceback" not in output
    assert "line " not in output

    steps = []
    for fault, messages in STOPS:
        asset = fault.point.asset
        ended = server.run(
            untrained, raw_dir, fault=fault, select=TRAINED[: TRAINED.index(asset) + 1]
        )
        assert ended.code == (0 if messages else KILLED), ended.log
        assert [*ended.failures] == ([asset] if messages else [])
        assert all(part in ended.failures[asset] for part in messages), ended.failures
        steps.append(
            len([point for point in ended.trace if point.call == "after Trainer.training_step"])
        )
    # Each step is of two batches; the checkpoint was saved after the second of three steps.
    assert steps == [4, 1, 2, 2, 0, 0]

    last = server.run(untrained, raw_dir)
    assert_as_undisturbed(untrained, last, undisturbed)
    assert last.statuses["base_model"] == "reused"
    assert Lake(untrained, "small").live("lora_adapter").facts["resumed_from_step"] == 2
    (resumed,) = [line for line in last.lines if line.startswith("resumed: ")]
    assert resumed.startswith("resumed: 8 of 13 questions")
    assert last.unpickled == ()
