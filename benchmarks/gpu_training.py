"""Training speed, memory and model-FLOPs utilisation of a LoRA adapter on a model of true size.

python benchmarks/gpu_training.py --profile gemma-7b --quantization nf4 --folder /tmp/gemma
"""

import time
from collections.abc import Mapping
from dataclasses import replace

from gpu_common import (
    device_name,
    examples_of,
    parser,
    peak_gib,
    report,
    settings_of,
    shape_of,
    write_model,
)

from hansol_assets.compute.protocol import ALONE
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling import runtime
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter

WARM_UP_STEPS = 10
"""Steps left out: kernels are chosen and memory is first reserved in them."""

LORA_FLOPS = 2 / 3
"""Share of a full training's: frozen weights get no gradient of their own, so that the backward
pass costs as much as the forward one instead of twice as much."""


class StepClock:
    """Notes when each step was logged, from the progress lines of a training."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, _: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Take a progress line."""
        if "loss" in figures:
            self.seconds.append(time.perf_counter())

    @property
    def seconds_a_step(self) -> float:
        """Mean of the steps after the warm-up, or after the first in a short run."""
        first = min(WARM_UP_STEPS, len(self.seconds) - 2)
        steps = len(self.seconds) - 1 - first
        return (self.seconds[-1] - self.seconds[first]) / steps


def utilisation(
    shape: ModelShape, trained: AdapterReport, batch: int, tokens_a_second: float
) -> float | None:
    """Return the model-FLOPs utilisation in percent; None where the peak is not known."""
    from trl.trainer.utils import compute_flops_per_token, compute_mfu, get_peak_flops

    peak = get_peak_flops(device_name(), "bfloat16")
    if peak is None:
        return None
    steps = int(trained.history["step"].max())
    length = round(trained.tokens / steps / batch)
    flops = LORA_FLOPS * compute_flops_per_token(shape, length)
    return compute_mfu(round(flops), tokens_a_second, 1, peak)


def main() -> None:
    """Train for so many steps and report."""
    arguments = parser("Training speed of a LoRA adapter.")
    arguments.add_argument("--steps", type=int, default=120, help="optimiser steps")
    told = arguments.parse_args()
    settings = settings_of(told, training={"max_steps": told.steps, "max_held_out": 0})
    runtime.PROGRESS_SECONDS = 0
    shape, examples = shape_of(told, settings), examples_of(told.rows)
    base = told.folder / "base"
    write_model(shape, examples, base)
    clock = StepClock()
    trained = TrainAdapter(
        base,
        examples,
        examples.iloc[:0],
        settings.training,
        told.folder / "adapter",
        told.folder / "checkpoints",
        settings.base_model.loading,
    ).run(replace(ALONE, send=clock))
    tokens_a_second = trained.tokens / told.steps / clock.seconds_a_step
    batch = settings.training.batch_examples
    report(
        {
            "profile": told.profile,
            "size": told.size,
            "device": device_name(),
            "quantization": settings.base_model.loading.quantization,
            "parameters": shape.parameters,
            "steps": told.steps,
            "tokens_a_step": round(trained.tokens / told.steps),
            "seconds_a_step": round(clock.seconds_a_step, 3),
            "tokens_a_second": round(tokens_a_second),
            "utilisation_percent": utilisation(shape, trained, batch, tokens_a_second),
            "peak_gib": round(peak_gib(), 2),
            "estimate": trained.memory,
        }
    )


if __name__ == "__main__":
    main()
