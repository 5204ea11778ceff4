"""A GPU that is lost in training, and again in generation."""

from pathlib import Path

import pytest

from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.points import Fault, Point
from hansol_assets_tests.faults.runs import ForkServer, submitted

pytestmark = pytest.mark.slow


def test_a_lost_gpu_costs_the_steps_since_the_checkpoint_and_the_batch(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, untrained: Path
) -> None:
    lake = untrained
    for point, kept in (
        (Point("lora_adapter", "before Trainer.training_step", 5), "Checkpoints are kept"),
        (
            Point("validation_candidates", "before GenerationMixin.generate", 1),
            "The answers of earlier batches are kept.",
        ),
    ):
        ended = server.run(lake, raw_dir, fault=Fault(point, "lost gpu"))
        assert [*ended.failures] == [point.asset]
        message = ended.failures[point.asset]
        assert "(CUDA error: unspecified launch failure)" in message
        assert kept in message
        assert "run again" in message
    last = server.run(lake, raw_dir)
    assert (last.code, last.failures) == (0, {})
    assert Lake(lake, "small").live("lora_adapter").facts["resumed_from_step"] == 2
    assert any(line.startswith("resumed: 8 of 13 questions") for line in last.lines)
    assert submitted(lake) == submitted(undisturbed.lake)
