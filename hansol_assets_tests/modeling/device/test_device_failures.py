"""A run that outgrows its memory, for real, since something asks for more than any machine has;
and one that loses its GPU, told as torch tells it.
"""

import gc
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import PeftModel

from hansol_assets.compute.protocol import ALONE
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.memory import (
    Device,
    LostDeviceError,
    MemoryEstimate,
    OutOfMemoryError,
    explained_device_failures,
)
from hansol_assets.modeling.training.adapter import TrainAdapter
from hansol_assets.modeling.training.callbacks import last_whole_checkpoint
from hansol_assets_tests.modeling.conftest import small_training_settings

NOTHING = MemoryEstimate("training", (), Device("CPU", 1.0))
PEBIBYTE = 2**50


def models_alive() -> int:
    gc.collect()
    return sum(isinstance(one, PeftModel) for one in gc.get_objects())


def test_a_run_that_outgrows_its_memory_frees_the_model_and_keeps_its_checkpoint(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    def outgrow(line: str, _: Mapping[str, float] = NO_FIGURES, /) -> None:
        if "step 5 of 6" in line:
            torch.empty(PEBIBYTE)

    before = models_alive()
    splits, settings = (examples.iloc[:6], examples.iloc[6:]), small_training_settings()
    places = (tmp_path / "adapter", tmp_path / "checkpoints")
    with pytest.raises(OutOfMemoryError) as raised:
        TrainAdapter(base_dir, *splits, settings, *places, LoadingSettings()).run(
            replace(ALONE, send=outgrow)
        )
    message = str(raised.value)
    assert message.startswith("training ran out of memory on")
    assert "Checkpoints are kept: a run with the same settings goes on from the last." in message
    assert "training.per_device_batch_size" in message
    assert models_alive() == before
    assert last_whole_checkpoint(places[1]) == places[1] / "checkpoint-3"

    report = TrainAdapter(base_dir, *splits, settings, *places, LoadingSettings()).run()
    assert report.resumed_from_step == 3


def test_pythons_own_error_is_named_too() -> None:
    with (
        pytest.raises(OutOfMemoryError, match="Nothing is lost"),
        explained_device_failures(NOTHING, "Nothing is lost."),
    ):
        bytearray(PEBIBYTE)


def test_a_lost_gpu_is_named_with_what_was_kept_and_what_to_do() -> None:
    gpu = MemoryEstimate("generation", (), Device("NVIDIA H100", 1.0))
    with (
        pytest.raises(LostDeviceError) as raised,
        explained_device_failures(gpu, "The answers of earlier batches are kept."),
    ):
        raise torch.AcceleratorError("CUDA error: unspecified launch failure\nCompile with …")
    message = str(raised.value)
    assert message.startswith(
        "generation lost NVIDIA H100 (CUDA error: unspecified launch failure). The answers of"
    )
    assert "nvidia-smi" in message
    assert "run again" in message


def test_other_errors_pass() -> None:
    with (
        pytest.raises(RuntimeError, match="shape"),
        explained_device_failures(NOTHING, "Nothing is lost."),
    ):
        torch.ones(2).view(3)
