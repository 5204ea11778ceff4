"""A LoRA adapter trained by TRL's SFTTrainer on questions, retrieved context and answers.

What belongs here: one training run, resumable from its checkpoints, and what is kept of it. What
does not: how an example becomes token ids (`hansol_assets.modeling.tokenizer`), which examples
there are (`hansol_assets.qa.pairing`), and the base model.
"""

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hansol_assets.modeling.base_model import base_name
from hansol_assets.modeling.checkpoints import checkpoint_step, last_whole_checkpoint
from hansol_assets.modeling.determinism import deterministic
from hansol_assets.modeling.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.progress import Progress, ThrottledProgress
from hansol_assets.modeling.sft import build_trainer, dataset, in_training_order, sft_config
from hansol_assets.modeling.tokenizer import Example, encode_example
from hansol_assets.modeling.training_log import history_table, progress_callback
from hansol_assets.modeling.training_settings import TrainingSettings as TrainingSettings

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from trl.trainer.sft_trainer import SFTTrainer


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
    loading: LoadingSettings,
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
    tokenizer = load_tokenizer(base_dir, loading)
    train = encode(tokenizer, draw(examples, settings.max_examples, settings.seed), settings)
    held = encode(tokenizer, draw(held_out, settings.max_held_out, settings.seed), settings)
    steps = settings.steps(len(train))
    checkpoint = last_whole_checkpoint(checkpoint_dir)
    with deterministic(settings.seed):
        trainer = build_trainer(
            load_causal_lm(base_dir, loading),
            tokenizer,
            (in_training_order(train, steps, settings), dataset(held)),
            sft_config(settings, steps, checkpoint_dir, evaluates=bool(held)),
            settings,
        )
        trainer.add_callback(
            progress_callback(ThrottledProgress(progress, settings.progress_seconds))
        )
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
    save_adapter(trainer.model, base_name(base_dir), out_dir)
    return AdapterReport(
        history=history_table(trainer.state.log_history, settings.batch_examples / len(train)),
        examples=len(train),
        tokens=int(trainer.state.num_input_tokens_seen),
        seconds=time.perf_counter() - start,
        trainable_parameters=_trainable_parameters(trainer),
        resumed_from_step=checkpoint_step(checkpoint) if checkpoint else None,
    )


def _trainable_parameters(trainer: "SFTTrainer") -> int:
    weights = trainer.model.parameters() if trainer.model else ()
    return sum(weight.numel() for weight in weights if weight.requires_grad)


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
    # Else PEFT looks the base model up by name to compare vocabularies, which LoRA does not touch.
    model.save_pretrained(out_dir, save_embedding_layers=False)
    card = (
        "---\nlibrary_name: peft\nlanguage: ko\n---\n"
        "# LoRA adapter for Korean question answering\n\n"
        f"Trained on the base model `{name}` with loss on the answers only.\n"
    )
    # PEFT's own card names the folder that the base model was loaded from.
    (out_dir / "README.md").write_text(card, encoding="utf-8")
