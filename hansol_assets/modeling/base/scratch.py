"""A small Gemma 3 model trained from nothing on the corpus."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

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
from hansol_assets.settings_model import SettingsModel, ShapesNothing

if TYPE_CHECKING:
    import torch
    from transformers import Gemma3ForCausalLM, PreTrainedTokenizerBase


MATRIX_LEARNING_RATE = 0.02
"""Muon's peak rate."""
WARMUP_RATIO = 0.05
"""Share of the steps in which the learning rates rise."""
ROPE_THETA = 10_000.0
"""Base of the rotary positions; Gemma 3's 1e6 is for contexts far longer."""


class ScratchSettings(SettingsModel):
    """Shape and training of a Gemma 3 model that starts from random weights."""

    vocab_size: int = Field(
        4000, gt=SMALLEST_VOCABULARY, description="Most tokens in the vocabulary."
    )
    hidden_size: int = Field(192, ge=8, description="Width of the residual stream.")
    layers: int = Field(4, ge=1, description="Decoder layers.")
    attention_heads: int = Field(4, ge=1, description="Query heads a layer.")
    key_value_heads: int = Field(2, ge=1, description="Key and value heads a layer.")
    intermediate_size: int = Field(512, ge=8, description="Width of the feed-forward block.")
    max_positions: int = Field(1024, ge=16, description="Longest prompt and answer, in tokens.")
    sequence_length: int = Field(512, ge=8, description="Tokens in a packed training sequence.")
    batch_size: int = Field(2, ge=1, description="Packed sequences in an optimiser step.")
    epochs: float = Field(5.0, gt=0, description="Passes over the corpus.")
    max_steps: int = Field(1600, ge=1, description="Most optimiser steps, whatever the epochs.")
    learning_rate: float = Field(
        4e-3, gt=0, description="AdamW's peak rate, for embeddings and gains."
    )
    weight_decay: float = Field(0.1, ge=0, description="Decay of the layers' matrices.")
    precision: Literal["auto", "fp32", "bf16"] = Field(
        "auto", description="Format of matrix products; auto: bf16 where the processor has it."
    )
    seed: int = Field(20240305, ge=0, description="Seed of weights and of document order.")
    progress_seconds: Annotated[float, ShapesNothing()] = Field(
        5.0, ge=0, description="Seconds between progress lines."
    )

    @model_validator(mode="after")
    def _shapes_fit(self) -> Self:
        if self.hidden_size % self.attention_heads:
            raise ValueError("hidden_size must be a multiple of attention_heads")
        if self.attention_heads % self.key_value_heads:
            raise ValueError("attention_heads must be a multiple of key_value_heads")
        if self.sequence_length > self.max_positions:
            raise ValueError("sequence_length must not exceed max_positions")
        return self

    @property
    def shape(self) -> ModelShape:
        """The model's dimensions; a small corpus may yield fewer tokens than `vocab_size`."""
        return ModelShape(
            model_type="gemma3_text",
            vocab_size=self.vocab_size,
            hidden_size=self.hidden_size,
            intermediate_size=self.intermediate_size,
            num_hidden_layers=self.layers,
            num_attention_heads=self.attention_heads,
            num_key_value_heads=self.key_value_heads,
            head_dim=self.hidden_size // self.attention_heads,
            max_position_embeddings=self.max_positions,
            tie_word_embeddings=True,
        )

    def steps(self, corpus_tokens: int) -> int:
        """Return the optimiser steps for a corpus of so many tokens, at least one."""
        per_step = self.batch_size * self.sequence_length
        return min(self.max_steps, max(1, math.ceil(self.epochs * corpus_tokens / per_step)))


class Optimization:
    """Muon for the matrices of the layers, AdamW for embeddings and gains, in place.

    Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") makes each
    update of a matrix orthogonal. On a corpus of this size it reaches a loss in a third of the
    tokens that AdamW needs. Rates rise from 0 in the warm-up, then fall to 0 along a cosine.
    """

    def __init__(self, model: "torch.nn.Module", settings: ScratchSettings, steps: int) -> None:
        import torch
        from transformers import get_cosine_schedule_with_warmup

        matrices: list[torch.nn.Parameter] = []
        others: list[torch.nn.Parameter] = []
        for name, weight in model.named_parameters():
            hidden = weight.ndim == 2 and "embed_tokens" not in name
            (matrices if hidden else others).append(weight)
        self._weights = [*matrices, *others]
        rate, decay = settings.learning_rate, settings.weight_decay
        self._optimizers: list[torch.optim.Optimizer] = [
            torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True),
            torch.optim.Muon(matrices, lr=MATRIX_LEARNING_RATE, weight_decay=decay),
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

    Returns:
        The model. All its layers attend to the whole sequence: sliding windows pay only on
        sequences far longer than these.
    """
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    head = settings.hidden_size // settings.attention_heads
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=settings.hidden_size,
        intermediate_size=settings.intermediate_size,
        num_hidden_layers=settings.layers,
        num_attention_heads=settings.attention_heads,
        num_key_value_heads=settings.key_value_heads,
        head_dim=head,
        query_pre_attn_scalar=head,
        max_position_embeddings=settings.max_positions,
        sliding_window=settings.max_positions,
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

    `documents`: the corpus; each is framed in `<bos>` and `<eos>`.

    Returns:
        The model in evaluation mode, and one row a step: step, epoch, loss (nats a token),
        learning_rate.
    """
    encoded = _encode(documents, tokenizer)
    corpus_tokens = sum(map(len, encoded))
    with deterministic(settings.seed):
        with device():
            model = build_model(settings, tokenizer)
        history = _fit(model, encoded, settings, settings.steps(corpus_tokens), progress)
    history["epoch"] *= 1 / corpus_tokens
    return model.eval(), history


def _encode(documents: Sequence[str], tokenizer: "PreTrainedTokenizerBase") -> list[np.ndarray]:
    ids = tokenizer(list(documents), add_special_tokens=False)["input_ids"]
    start, end = tokenizer.bos_token_id, tokenizer.eos_token_id
    return [np.array([start, *document, end], dtype=np.int64) for document in ids]


def packed_blocks(documents: Sequence[np.ndarray], size: int, seed: int) -> Iterator[np.ndarray]:
    """Lay documents end to end, in a new order every epoch, and cut them into equal blocks.

    Yields:
        Blocks of `size` ids without end; no token is dropped between two.
    """
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
    steps: int,
    progress: Log,
) -> pd.DataFrame:
    import torch

    optimization = Optimization(model, settings, steps)
    send = ThrottledProgress(progress, settings.progress_seconds)
    tokens = settings.batch_size * settings.sequence_length
    blocks = packed_blocks(documents, tokens, settings.seed)
    compute = autocast(settings.precision, model.device.type)
    rows = []
    model.train()
    for step in range(1, steps + 1):
        batch = torch.from_numpy(next(blocks)).view(settings.batch_size, -1).to(model.device)
        with compute:
            loss = model(input_ids=batch, labels=batch, use_cache=False).loss
        loss.backward()
        rows.append((step, step * tokens, loss.item(), optimization.learning_rate))
        optimization.step()
        figures = {"step": step, "steps": steps, "loss": rows[-1][2], "learning_rate": rows[-1][3]}
        send(f"base model: step {step} of {steps}, loss {rows[-1][2]:.3f}", figures)
    return pd.DataFrame(rows, columns=["step", "epoch", "loss", "learning_rate"])
