"""The adapter's weights at their lowest held-out loss, kept while training goes on.

What belongs here: writing them down and putting them back. What does not: checkpoints to resume
from (`hansol_assets.modeling.training.checkpoints`). The Trainer's own way, its best checkpoint,
would have a checkpoint written at every evaluation and nowhere else.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

BEST_FILE = "best.safetensors"
HELD_OUT_LOSS = "eval_loss"
"""The loss that decides, by its name in the Trainer's log."""


def best_keeper(folder: Path) -> "TrainerCallback":
    """Make a Trainer callback that keeps the trained weights whenever the held-out loss is lowest.

    What was lowest before is read from the Trainer's log, which a resumed run takes over; so it
    ends with the same weights as an uninterrupted one.

    Args:
        folder: Where the file is kept; the checkpoints' folder.

    Returns:
        The callback.
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
            if now is not None and now < min(earlier, default=float("inf")):
                _keep(kwargs["model"], folder)

    return Keeper()


def _keep(model: "torch.nn.Module", folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{BEST_FILE}.part"
    save_file({name: weight.detach() for name, weight in _trained(model).items()}, unfinished)
    unfinished.replace(folder / BEST_FILE)


def put_back_best(model: Any, folder: Path) -> None:
    """Give a model the weights that `best_keeper` kept.

    Args:
        model: The `torch.nn.Module` that was trained; changed in place.
        folder: Where they are kept.
    """
    import torch
    from safetensors.torch import load_file

    kept = load_file(folder / BEST_FILE)
    with torch.no_grad():
        for name, weight in _trained(model).items():
            weight.copy_(kept[name])


def _trained(model: "torch.nn.Module") -> "dict[str, torch.nn.Parameter]":
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}
