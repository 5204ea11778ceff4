"""LoRA training on a CPU: rows of like length in one batch, in the precision that the CPU has.

What belongs here: the same examples, steps and adapter in this project's training, set as `tiny`
sets it, and in TRL's plain recipe. What does not: a GPU (`benchmarks/gpu_training.py`).
"""

import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
from gpu_common import examples_of
from peers.trl_recipe import train
from rows import Options, Row, in_turn, ratios, row

from hansol_assets.compute.protocol import ALONE
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling import runtime
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.training.adapter import TrainAdapter
from stages.models import write_decoder

PEER = "plain TRL: SFTTrainer with peft, padded 2 x 4"


class Ends:
    """Notes the processor's time at which each step was logged."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, _: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Takes a progress line."""
        if "loss" in figures:
            self.seconds.append(time.process_time())


def ours(
    base: Path, examples: pd.DataFrame, held_out: pd.DataFrame, steps: int, out: Path
) -> tuple[float, float]:
    """Trains with this project; returns real tokens a second and the held-out loss."""
    settings = TrainingSettings(
        target_modules="all-linear",
        lora_dropout=0.0,
        per_device_batch_size=4,
        gradient_accumulation=2,
        gradient_checkpointing=False,
        max_steps=steps,
        max_held_out=0,
        optimizer="adamw_torch_fused",
        precision="auto",
    )
    runtime.PROGRESS_SECONDS = 0
    ends = Ends()
    done = TrainAdapter(
        base,
        examples,
        examples.iloc[:0],
        settings,
        out / "adapter",
        out / "checkpoints",
        LoadingSettings(dtype="float32"),
        judged=held_out,
    ).run(replace(ALONE, send=ends))
    share = (len(ends.seconds) - 1) / len(ends.seconds)
    speed = done.tokens * share / (ends.seconds[-1] - ends.seconds[0])
    return speed, done.fit.held_out_loss if done.fit else float("nan")


def measure(options: Options) -> list[Row]:
    """Trains in turn and compares tokens a second and losses."""
    examples = examples_of(options.raw / "train.csv").sample(frac=1, random_state=0)
    examples = examples.reset_index(drop=True)
    base, count = options.work / "base", 16 if options.small else 64
    write_decoder(options, examples, base)
    held_out, trained = examples[:count].reset_index(drop=True), examples[count:]
    trained = trained.reset_index(drop=True)
    steps = 3 if options.small else 10
    losses: list[list[float]] = [[], []]

    def one(place: int) -> float:
        out = options.work / f"{place}-{len(losses[place])}"
        if place:
            speed, loss = train(base, trained, held_out, steps, out, time.process_time)
        else:
            speed, loss = ours(base, trained, held_out, steps, out)
        losses[place].append(loss)
        return speed

    own, other = in_turn(options.rounds, lambda: one(0), lambda: one(1))
    apart = max(abs(a / b - 1) for a, b in zip(*losses, strict=True))
    names = ("LoRA training, CPU", PEER, "1.6x real tokens/s")
    return [
        row(
            names,
            ratios(own, other),
            lambda ratio: ratio >= 1.6,
            why=f"one thread, {max(own):.0f} against {max(other):.0f} tokens/s at best",
            missed="rows are short, so sorting them by length saves little padding",
        ),
        row(
            ("LoRA training, CPU: held-out loss", PEER, "within 1 %"),
            [apart * 100],
            lambda percent: percent <= 1,
            why="percent apart; a random base model learns little",
        ),
    ]
