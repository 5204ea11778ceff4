"""A LoRA adapter trained by TRL's SFTTrainer on questions, retrieved context and answers.

What belongs here: the hyperparameters and one training run, resumable from its checkpoints. What
does not: how an example becomes token ids (`hansol_assets.modeling.tokenizer`), which examples
there are (`hansol_assets.qa.pairing`), and the base model.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.modeling.base_model import base_name
from hansol_assets.modeling.checkpoints import checkpoint_step, last_whole_checkpoint
from hansol_assets.modeling.determinism import deterministic
from hansol_assets.modeling.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.precision import Precision, resolve_precision
from hansol_assets.modeling.progress import Progress, ThrottledProgress
from hansol_assets.modeling.tokenizer import Example, encode_example
from hansol_assets.section import Section

if TYPE_CHECKING:
    from datasets import Dataset
    from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback
    from trl import SFTConfig, SFTTrainer

HISTORY_COLUMNS = ["step", "epoch", "loss", "learning_rate", "eval_loss"]


class TrainingSettings(Section):
    """Hyperparameters of the adapter. The defaults are those for a 7B model on one GPU."""

    rank: int = Field(8, ge=1, description="Rank of the LoRA matrices.")
    lora_alpha: int = Field(16, ge=1, description="Scaling: the update is multiplied by alpha/rank.")
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
    max_length: int = Field(1024, ge=16, description="Longest example, in tokens.")
    learning_rate: float = Field(2e-4, gt=0, description="Peak of the schedule.")
    schedule: Literal["linear", "cosine", "constant_with_warmup"] = Field(
        "cosine", description="Shape of the learning rate after the warm-up."
    )
    warmup_ratio: float = Field(0.03, ge=0, lt=1, description="Share of steps that warm up.")
    weight_decay: float = Field(0.0, ge=0, description="Decay of the LoRA matrices.")
    max_gradient_norm: float = Field(1.0, gt=0, description="Clipping of the gradient's norm.")
    optimizer: str = Field("paged_adamw_8bit", description="Name of an optimiser of transformers.")
    precision: Precision = Field("bf16", description="Format that matrix products are computed in.")
    gradient_checkpointing: bool = Field(
        default=True, description="Recompute activations to save memory; about a fifth slower."
    )
    padding_free: bool = Field(
        default=False, description="Lay a batch end to end; needs sdpa or flash attention."
    )
    logging_steps: int = Field(1, ge=1, description="Steps between two rows of the loss table.")
    save_steps: int = Field(50, ge=1, description="Steps between two checkpoints.")
    evaluations: int = Field(10, ge=1, description="How often the held-out loss is measured.")
    max_held_out: int = Field(64, ge=0, description="Most held-out examples; 0: no held-out loss.")
    report_to: tuple[str, ...] = Field(
        (), description="Trackers of transformers that get the losses, such as 'wandb'."
    )
    progress_seconds: float = Field(5.0, ge=0, description="Seconds between progress lines.")
    seed: int = Field(20240305, ge=0, description="Seed of LoRA matrices, dropout and order.")

    def steps(self, examples: int) -> int:
        """Return the optimiser steps for so many examples, at least one."""
        per_step = self.per_device_batch_size * self.gradient_accumulation
        steps = max(1, math.ceil(self.epochs * examples / per_step))
        return min(steps, self.max_steps or steps)


@dataclass(frozen=True)
class AdapterReport:
    """What is known about an adapter once it is trained.

    Attributes:
        history: One row a logged step: step, epoch, loss and eval_loss (nats a token),
            learning_rate; a value that was not measured at a step is missing.
        examples: Training examples after the draw.
        tokens: Tokens seen in training, over all epochs.
        seconds: Time of this run, without what an interrupted one took before it.
        trainable_parameters: Weights in the LoRA matrices.
        resumed_from_step: The step of the checkpoint that this run went on from, if any.
    """

    history: pd.DataFrame = field(repr=False)
    examples: int
    tokens: int
    seconds: float
    trainable_parameters: int
    resumed_from_step: int | None


def train_adapter(
    base_dir: Path,
    examples: pd.DataFrame,
    held_out: pd.DataFrame,
    settings: TrainingSettings,
    out_dir: Path,
    checkpoint_dir: Path,
    progress: Progress,
    loading: LoadingSettings | None = None,
) -> AdapterReport:
    """Train a LoRA adapter with loss on answers only, and save it as safetensors.

    A run that was interrupted goes on from the last whole checkpoint in `checkpoint_dir` and gives
    the same weights as an uninterrupted one. That folder must belong to these arguments alone.

    Args:
        base_dir: The base model in `save_pretrained` form.
        examples: Columns messages (chat messages with `role` and `content`) and answer.
        held_out: The same columns; may be empty.
        settings: Hyperparameters.
        out_dir: A folder; created if missing. Gets the adapter in PEFT's form.
        checkpoint_dir: Where checkpoints are kept.
        progress: Receives throttled lines.
        loading: How the base model is held in memory.

    Returns:
        The report.

    Raises:
        ValueError: There are no examples, or the precision does not fit the machine.
    """
    if examples.empty:
        raise ValueError("the adapter has no examples to train on: is the training split empty?")
    start = time.perf_counter()
    loading = loading or LoadingSettings()
    tokenizer = load_tokenizer(base_dir, loading)
    train = encode(tokenizer, draw(examples, settings.max_examples, settings.seed), settings)
    held = encode(tokenizer, draw(held_out, settings.max_held_out, settings.seed), settings)
    steps = settings.steps(len(train))
    checkpoint = last_whole_checkpoint(checkpoint_dir)
    with deterministic(settings.seed):
        trainer = _trainer(
            load_causal_lm(base_dir, loading),
            tokenizer,
            (train, held),
            sft_config(settings, steps, checkpoint_dir, evaluates=bool(held)),
            settings,
        )
        trainer.add_callback(_reporter(ThrottledProgress(progress, settings.progress_seconds)))
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    save_adapter(trainer.model, base_name(base_dir), out_dir)
    return AdapterReport(
        history=history_table(trainer.state.log_history),
        examples=len(train),
        tokens=int(trainer.state.num_input_tokens_seen),
        seconds=time.perf_counter() - start,
        trainable_parameters=trainer.model.num_parameters(only_trainable=True),
        resumed_from_step=checkpoint_step(checkpoint) if checkpoint else None,
    )


def draw(examples: pd.DataFrame, count: int | None, seed: int) -> pd.DataFrame:
    """Draw so many rows without replacement, in their order; all where `count` is None."""
    if count is None or len(examples) <= count:
        return examples
    chosen = np.random.default_rng(seed).choice(len(examples), size=count, replace=False)
    return examples.iloc[np.sort(chosen)]


def encode(
    tokenizer: "PreTrainedTokenizerBase", examples: pd.DataFrame, settings: TrainingSettings
) -> list[Example]:
    """Encode a table of examples.

    Args:
        tokenizer: A sound tokenizer.
        examples: Columns messages and answer.
        settings: Read: `max_length`.

    Returns:
        One example a row, in order.
    """
    rows = zip(examples.get("messages", []), examples.get("answer", []), strict=True)
    return [
        encode_example(tokenizer, messages, answer, settings.max_length)
        for messages, answer in rows
    ]


def sft_config(
    settings: TrainingSettings, steps: int, checkpoint_dir: Path, *, evaluates: bool
) -> "SFTConfig":
    """Translate the settings into TRL's configuration.

    Args:
        settings: Hyperparameters.
        steps: Optimiser steps in all.
        checkpoint_dir: Where checkpoints are kept.
        evaluates: Whether there are held-out examples.

    Returns:
        The configuration.
    """
    import torch
    from trl import SFTConfig

    precision = resolve_precision(settings.precision)
    return SFTConfig(
        output_dir=str(checkpoint_dir),
        max_steps=steps,
        per_device_train_batch_size=settings.per_device_batch_size,
        per_device_eval_batch_size=settings.per_device_batch_size,
        gradient_accumulation_steps=settings.gradient_accumulation,
        learning_rate=settings.learning_rate,
        lr_scheduler_type=settings.schedule,
        warmup_steps=math.ceil(settings.warmup_ratio * steps),
        weight_decay=settings.weight_decay,
        max_grad_norm=settings.max_gradient_norm,
        optim=settings.optimizer,
        bf16=precision == "bf16",
        fp16=precision == "fp16",
        use_cpu=not torch.cuda.is_available(),
        gradient_checkpointing=settings.gradient_checkpointing,
        padding_free=settings.padding_free,
        # Examples come encoded, cut to length and with labels.
        max_length=None,
        dataset_kwargs={"skip_prepare_dataset": True},
        logging_steps=settings.logging_steps,
        save_steps=min(settings.save_steps, steps),
        save_total_limit=2,
        eval_strategy="steps" if evaluates else "no",
        eval_steps=max(1, steps // settings.evaluations),
        prediction_loss_only=True,
        include_num_input_tokens_seen="all",
        report_to=list(settings.report_to) or "none",
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        seed=settings.seed,
        data_seed=settings.seed,
    )


def _trainer(
    model: "PreTrainedModel",
    tokenizer: "PreTrainedTokenizerBase",
    splits: tuple[Sequence[Example], Sequence[Example]],
    config: "SFTConfig",
    settings: TrainingSettings,
) -> "SFTTrainer":
    from peft import LoraConfig
    from transformers.trainer_callback import PrinterCallback
    from trl import SFTTrainer

    train, held_out = splits
    targets = settings.target_modules
    lora = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )
    trainer = SFTTrainer(
        model=model,
        args=config,
        train_dataset=_dataset(train),
        eval_dataset=_dataset(held_out) if held_out else None,
        processing_class=tokenizer,
        peft_config=lora,
    )
    trainer.remove_callback(PrinterCallback)
    return trainer


def _dataset(examples: Sequence[Example]) -> "Dataset":
    from datasets import Dataset

    return Dataset.from_list([dict(example) for example in examples])


def _reporter(send: Progress) -> "TrainerCallback":
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        """Sends a line for a logged loss."""

        def on_log(
            self, args: Any, state: Any, control: Any, logs: Mapping[str, float], **kwargs: Any
        ) -> None:
            if "loss" in logs:
                send(f"adapter: step {state.global_step} of {state.max_steps}, loss {logs['loss']:.3f}")

    return Reporter()


def history_table(log_history: Sequence[Mapping[str, float]]) -> pd.DataFrame:
    """Gather the Trainer's log into one row a step.

    Args:
        log_history: `TrainerState.log_history`.

    Returns:
        Columns `HISTORY_COLUMNS`, sorted by step.
    """
    rows: dict[int, dict[str, float]] = {}
    for entry in log_history:
        if "loss" in entry or "eval_loss" in entry:
            row = rows.setdefault(int(entry["step"]), {})
            row.update({name: entry[name] for name in HISTORY_COLUMNS if name in entry})
    table = pd.DataFrame([rows[step] for step in sorted(rows)], columns=HISTORY_COLUMNS)
    return table.astype({"step": "int64", **dict.fromkeys(HISTORY_COLUMNS[1:], "float64")})


def save_adapter(model: Any, name: str, out_dir: Path) -> None:
    """Save a PEFT model's adapter so that its files name no path of this machine.

    Args:
        model: A `peft.PeftModel`.
        name: The name of its base model.
        out_dir: A folder; created if missing.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    for config in model.peft_config.values():
        config.base_model_name_or_path = name
    model.save_pretrained(out_dir)
    card = (
        "---\nlibrary_name: peft\nlanguage: ko\n---\n"
        "# LoRA adapter for Korean question answering\n\n"
        f"Trained on the base model `{name}` with loss on the answers only.\n"
    )
    # PEFT's own card names the folder that the base model was loaded from.
    (out_dir / "README.md").write_text(card, encoding="utf-8")
