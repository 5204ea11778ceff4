"""What a training run keeps on the disk while it goes on.

The Trainer's own way to the best weights, its best checkpoint, would have a checkpoint written at
every evaluation and nowhere else.
"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

STATE_FILE = "trainer_state.json"
"""Written last by the Trainer, so a checkpoint with a readable one is whole."""

BEST_FILE = "best.safetensors"
HELD_OUT_LOSS = "eval_loss"
"""The loss that decides, by its name in the Trainer's log."""


def last_whole_checkpoint(directory: Path) -> Path | None:
    """Return the newest checkpoint that was written to its end.

    `directory`: where the Trainer puts `checkpoint-<step>` folders; need not exist.
    """
    whole = [path for path in directory.glob("checkpoint-*") if checkpoint_step(path) is not None]
    return max(whole, key=lambda path: checkpoint_step(path) or 0, default=None)


def checkpoint_step(checkpoint: Path) -> int | None:
    """Return the optimiser steps done at a checkpoint.

    Returns:
        The steps, or None where the checkpoint is not whole.
    """
    try:
        state = json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state.get("global_step")


def best_keeper(folder: Path) -> "TrainerCallback":
    """Make a Trainer callback that keeps the trained weights whenever the held-out loss is lowest.

    What was lowest before is read from the Trainer's log, which a resumed run takes over; so it
    ends with the same weights as an uninterrupted one.

    `folder`: where the file is kept; the checkpoints' folder.
    """
    from transformers import TrainerCallback

    class Keeper(TrainerCallback):
        """Keeps the weights after an evaluation that is better than all before."""

        def on_evaluate(
            self,
            args: "TrainingArguments",  # noqa: ARG002 - the Trainer's signature
            state: "TrainerState",
            control: "TrainerControl",  # noqa: ARG002
            **kwargs: Any,
        ) -> None:
            earlier = [
                entry[HELD_OUT_LOSS]
                for entry in state.log_history
                if HELD_OUT_LOSS in entry and entry["step"] < state.global_step
            ]
            now = kwargs["metrics"].get(HELD_OUT_LOSS)
            if now is None or now >= min(earlier, default=float("inf")):
                return
            weights = whole_weights(kwargs["model"])
            if state.is_world_process_zero:
                _keep(weights, folder)

    return Keeper()


def whole_weights(model: Any) -> "dict[str, torch.Tensor]":
    """Return the trained weights, put together where each process holds a piece of them.

    All processes that train together have to call it.
    """
    return {name: _whole(weight.detach()) for name, weight in _trained(model).items()}


def is_sharded(model: Any) -> bool:
    """Whether this process holds but a piece of each trained weight."""
    return any(hasattr(weight, "full_tensor") for weight in _trained(model).values())


def _whole(weight: Any) -> "torch.Tensor":
    return weight.full_tensor() if hasattr(weight, "full_tensor") else weight


def _keep(weights: "dict[str, torch.Tensor]", folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{BEST_FILE}.part"
    save_file(weights, unfinished)
    unfinished.replace(folder / BEST_FILE)


def put_back_best(model: Any, folder: Path) -> None:
    """Give a model the weights that `best_keeper` kept.

    `model`: the `torch.nn.Module` that was trained; changed in place.
    """
    import torch
    from safetensors.torch import load_file

    kept = load_file(folder / BEST_FILE)
    with torch.no_grad():
        for name, weight in _trained(model).items():
            weight.copy_(_piece(kept[name], weight))


def _piece(whole: "torch.Tensor", weight: Any) -> "torch.Tensor":
    """What of a whole weight belongs to this process."""
    if not hasattr(weight, "full_tensor"):
        return whole
    from torch.distributed.tensor import distribute_tensor

    return distribute_tensor(whole, weight.device_mesh, weight.placements)


def _trained(model: "torch.nn.Module") -> "dict[str, torch.nn.Parameter]":
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
