"""How the adapter is trained, how answers are decoded, and when an adapter has learned by heart."""

import math
from typing import Annotated, Literal

from pydantic import Field

from hansol_assets.errors import InputError
from hansol_assets.modeling.runtime import Precision
from hansol_assets.settings_model import SettingsModel, ShapesNothing


class TrainingSettings(SettingsModel):
    """Hyperparameters of the adapter. The defaults are those for a 7B model on one GPU."""

    rank: int = Field(8, ge=1, description="Rank of the LoRA matrices.")
    lora_alpha: int = Field(
        16, ge=1, description="Scaling: the update is multiplied by alpha/rank."
    )
    lora_dropout: float = Field(0.05, ge=0, lt=1, description="Dropout before the LoRA matrices.")
    target_modules: tuple[str, ...] | Literal["all-linear"] = Field(
        ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
        description="Names of the layers that get LoRA matrices.",
    )
    per_device_batch_size: int = Field(2, ge=1, description="Examples in a forward pass.")
    gradient_accumulation: int = Field(4, ge=1, description="Forward passes an optimiser step.")
    epochs: float = Field(10.0, gt=0, description="Passes over the examples.")
    max_steps: int | None = Field(None, ge=1, description="Most optimiser steps, if any limit.")
    max_examples: int | None = Field(
        None, ge=1, description="Most examples, drawn by the seed, if any limit."
    )
    examples_drift: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Share of the examples that may change before an adapter is trained anew; "
        "0: any change trains it.",
    )
    known_share: float = Field(
        0.85,
        ge=0,
        le=1,
        description="Share of the examples whose prompt shows the rows that they were made of, as "
        "far as these are found: so many parts of the competition's questions have a row.",
    )
    max_length: int = Field(1024, ge=16, description="Longest example, in tokens.")
    learning_rate: float = Field(2e-4, gt=0, description="Peak of the schedule.")
    optimizer: str = Field("paged_adamw_8bit", description="Name of an optimiser of transformers.")
    precision: Precision = Field("bf16", description="Format that matrix products are computed in.")
    gradient_checkpointing: bool = Field(
        True, description="Recompute activations to save memory; about a fifth slower."
    )
    save_steps: Annotated[int, ShapesNothing()] = Field(
        50, ge=1, description="Steps between two checkpoints."
    )
    evaluations: int = Field(10, ge=1, description="How often the held-out loss is measured.")
    max_held_out: int = Field(
        64,
        ge=0,
        description="Most held-out examples that choose the weights that are kept, and as many "
        "that judge them; 0: no held-out loss.",
    )
    report_to: Annotated[tuple[str, ...], ShapesNothing()] = Field(
        (), description="Trackers of transformers that get the losses, such as 'wandb'."
    )
    seed: int = Field(20240305, ge=0, description="Seed of LoRA matrices, dropout and order.")

    @property
    def batch_examples(self) -> int:
        """Examples in an optimiser step."""
        return self.per_device_batch_size * self.gradient_accumulation

    def shared_batch(self, members: int) -> tuple[int, int]:
        """Return each of several processes' examples in a forward pass, and passes a step.

        All together go through the same examples in an optimiser step as one would alone.

        Raises:
            InputError: The batch cannot be divided among so many.
        """
        each, rest = divmod(self.batch_examples, members)
        if rest:
            raise InputError(
                f"a batch of {self.batch_examples} examples (training.per_device_batch_size x "
                f"training.gradient_accumulation) cannot be divided among {members} workers: set "
                "cluster.training_workers to a number that divides it"
            )
        size = max(n for n in range(1, self.per_device_batch_size + 1) if each % n == 0)
        return size, each // size

    def steps(self, examples: int) -> int:
        """Return the optimiser steps for so many examples, at least one."""
        steps = max(1, math.ceil(self.epochs * examples / self.batch_examples))
        return min(steps, self.max_steps or steps)


class GenerationSettings(SettingsModel):
    """How answers are decoded."""

    max_new_tokens: int = Field(256, ge=1, description="Longest answer, in tokens.")
    max_prompt_tokens: int = Field(
        1024, ge=16, description="Longest prompt, in tokens; a longer one loses its start."
    )
    batch_size: int = Field(64, ge=1, description="Sequences decoded at once.")
    samples: int = Field(4, ge=0, description="Sampled answers a question, besides the greedy one.")
    temperature: float = Field(0.8, gt=0, description="Divides the logits of sampled answers.")
    repetition_penalty: float = Field(
        1.0, gt=0, description="Above 1: penalises tokens that the answer already holds."
    )
    seed: int = Field(20240305, ge=0, description="Seed of the sampled answers.")


MOST_GAP = 2.0
"""Nats a token that a held-out loss may lie above the training loss: a perplexity seven times as
high."""


def memorises(training_loss: float, held_out_loss: float) -> str | None:
    """Say that an adapter's held-out loss is far above its training loss, both in nats a token.

    None where nothing is wrong.
    """
    if not math.isfinite(held_out_loss):
        return f"the held-out loss is {held_out_loss}: training diverged; lower the learning rate"
    gap = held_out_loss - training_loss
    if gap <= MOST_GAP:
        return None
    # The exponential of a loss is the perplexity: tokens that the model wavers between.
    return (
        f"a held-out answer costs {held_out_loss:.2f} nats a token, one that was trained on "
        f"{training_loss:.2f}: {gap:.2f} more, {MOST_GAP:g} are expected at most. The "
        f"model wavers between {math.exp(held_out_loss):.0f} tokens where it has learned its own "
        f"answers down to {math.exp(training_loss):.0f}. Train fewer steps or on more rows, or "
        "take a smaller base model."
    )
