"""A small Gemma 3 model trained from nothing on the corpus."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pydantic import Field

from hansol_assets.lake.reports import Log
from hansol_assets.modeling.base.loading import device
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import SMALLEST_VOCABULARY, stop_ids
from hansol_assets.modeling.runtime import (
    MAX_GRADIENT_NORM,
    ThrottledProgress,
    autocast,
    deterministic,
)
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    import torch
    from transformers import Gemma3ForCausalLM, PreTrainedTokenizerBase


ATTENTION_HEADS, KEY_VALUE_HEADS = 4, 2
"""Heads a layer."""
WIDENING = 2.5
"""Width of the feed-forward block over that of the residual stream."""
MAX_POSITIONS = 1024
"""Longest prompt and answer, in tokens."""
BATCH_SIZE = 4
"""Packed sequences in an optimiser step."""
LEARNING_RATE, WEIGHT_DECAY = 4e-3, 1.5
"""AdamW's peak rate, for embeddings and gains, and the decay of the layers' matrices."""
MATRIX_LEARNING_RATE = 0.02
"""Muon's peak rate."""
NEWTON_SCHULZ_STEPS = 4
"""Of Muon's orthogonalisation; 5, torch's default, take a quarter of the training more, and on real
rows reach no lower loss (4.58 nats a token, 4.55 with these)."""
WARMUP_RATIO = 0.05
"""Share of the steps in which the learning rates rise."""
ROPE_THETA = 10_000.0
"""Base of the rotary positions; Gemma 3's 1e6 is for contexts far longer."""


class ScratchSettings(SettingsModel):
    """Size and training of a Gemma 3 model that starts from random weights.

    Two wide layers reach the loss of three in fewer seconds. What the model says weighs a hundredth
    in the blend at most: its few steps prove the chain.
    """

    vocab_size: int = Field(
        1600, gt=SMALLEST_VOCABULARY, description="Most tokens in the vocabulary."
    )
    hidden_size: int = Field(
        256, ge=8, multiple_of=ATTENTION_HEADS, description="Width of the residual stream."
    )
    layers: int = Field(2, ge=1, description="Decoder layers.")
    sequence_length: int = Field(
        256, ge=8, le=MAX_POSITIONS, description="Tokens in a packed training sequence."
    )
    steps: int = Field(40, ge=1, description="Optimiser steps of four sequences.")
    seed: int = Field(20240305, ge=0, description="Seed of weights and of document order.")

    @property
    def shape(self) -> ModelShape:
        """The model's dimensions; a small corpus may yield fewer tokens than `vocab_size`."""
        return ModelShape(
            model_type="gemma3_text",
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=int(WIDENING * self.hidden_size),
            num_hidden_layers=self.layers,
            num_attention_heads=ATTENTION_HEADS,
            num_key_value_heads=KEY_VALUE_HEADS,
            head_dim=self.hidden_size // ATTENTION_HEADS,
            max_position_embeddings=MAX_POSITIONS,
            tie_word_embeddings=True,
        )


class Optimization:
    """Muon for the matrices of the layers, AdamW for embeddings and gains, in place.

    Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") reaches a
    loss in a third of the tokens that AdamW needs on such a corpus. Rates rise in the warm-up, then
    fall to 0 along a cosine.
    """

    def __init__(self, model: "torch.nn.Module", steps: int) -> None:
        import torch
        from transformers import get_cosine_schedule_with_warmup

        matrices: list[torch.nn.Parameter] = []
        others: list[torch.nn.Parameter] = []
        for name, weight in model.named_parameters():
            hidden = weight.ndim == 2 and "embed_tokens" not in name
            (matrices if hidden else others).append(weight)
        self._weights = [*matrices, *others]
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(
                others, lr=LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.0, fused=True
            ),
            torch.optim.Muon(
                matrices,
                lr=MATRIX_LEARNING_RATE,
                weight_decay=WEIGHT_DECAY,
                ns_steps=NEWTON_SCHULZ_STEPS,
            ),
        ]
        warmup = math.ceil(WARMUP_RATIO * steps)
        self._schedules = [
            get_cosine_schedule_with_warmup(optimizer, warmup, steps)
            for optimizer in self._optimizers
        ]

    @property
    def learning_rate(self) -> float:
        """AdamW's rate at the next step."""
        return self._schedules[0].get_last_lr()[0]

    def step(self) -> None:
        """Clip the gradients, update the weights, clear the gradients and move the schedule on."""
        import torch

        torch.nn.utils.clip_grad_norm_(self._weights, MAX_GRADIENT_NORM)
        for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()


def build_model(
    settings: ScratchSettings, tokenizer: "PreTrainedTokenizerBase"
) -> "Gemma3ForCausalLM":
    """Build the model with random weights drawn from torch's global generator.

    All its layers attend to the whole sequence: sliding windows pay only on far longer ones.
    """
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    sizes = settings.shape.model_dump(exclude={"model_type", "vocab_size", "other_parameters"})
    config = Gemma3TextConfig(
        **sizes,
        vocab_size=len(tokenizer),
        query_pre_attn_scalar=sizes["head_dim"],
        sliding_window=MAX_POSITIONS,
        layer_types=["full_attention"] * settings.layers,
        rope_parameters={
            kind: {"rope_type": "default", "rope_theta": ROPE_THETA}
            for kind in ("full_attention", "sliding_attention")
        },
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model = Gemma3ForCausalLM(config)
    model.generation_config.eos_token_id = stop_ids(tokenizer)
    return model


def train_model(
    documents: Sequence[str],
    tokenizer: "PreTrainedTokenizerBase",
    settings: ScratchSettings,
    progress: Log,
) -> tuple["Gemma3ForCausalLM", pd.DataFrame]:
    """Train a new model on packed documents, in a new order every epoch.

    Returns:
        The model in evaluation mode, and one row a step: step, epoch, loss (nats a token),
        learning_rate.
    """
    encoded = _encode(documents, tokenizer)
    corpus_tokens = sum(map(len, encoded))
    with deterministic(settings.seed):
        with device():
            model = build_model(settings, tokenizer)
        history = _fit(model, encoded, settings, progress)
    history["epoch"] *= 1 / corpus_tokens
    return model.eval(), history


def _encode(documents: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> list[np.ndarray]:
    ids = tokenizer(list(documents), add_special_tokens=False)["input_ids"]
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    return [np.array([start, *document, end], dtype=np.int64) for document in ids]


def packed_blocks(documents: Sequence[np.ndarray], size: int, seed: int) -> Iterator[np.ndarray]:
    """Yield blocks of `size` ids without end, of documents end to end, shuffled every epoch."""
    random = np.random.default_rng(seed)
    rest = np.empty(0, dtype=np.int64)
    while True:
        order = random.permutation(len(documents))
        stream = np.concatenate([rest, *(documents[index] for index in order)])
        whole = len(stream) // size * size
        yield from stream[:whole].reshape(-1, size)
        rest = stream[whole:]


def _fit(
    model: "Gemma3ForCausalLM",
    documents: Sequence[np.ndarray],
    settings: ScratchSettings,
    progress: Log,
) -> pd.DataFrame:
    import torch

    steps = settings.steps
    optimization = Optimization(model, steps)
    send = ThrottledProgress(progress)
    tokens = BATCH_SIZE * settings.sequence_length
    blocks = packed_blocks(documents, tokens, settings.seed)
    compute = autocast("auto", model.device.type)
    rows = []
    model.train()
    for step in range(1, steps + 1):
        batch = torch.from_numpy(next(blocks)).view(BATCH_SIZE, -1).to(model.device)
        with compute:
            loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        rows.append((step, step * tokens, loss.item(), optimization.learning_rate))
        optimization.step()
        figures = {"step": step, "steps": steps, "loss": rows[-1][2], "learning_rate": rows[-1][3]}
        send(f"base model: step {step} of {steps}, loss {rows[-1][2]:.3f}", figures)
    return pd.DataFrame(rows, columns=["step", "epoch", "loss", "learning_rate"])
