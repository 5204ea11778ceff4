"""What training writes while it runs: losses, checkpoints, the best weights, a tracker's run."""

import importlib.util
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from hansol_assets.errors import ModelError
from hansol_assets.lake.reports import Log
from hansol_assets.modeling.runtime import ThrottledProgress

if TYPE_CHECKING:
    import torch
    from transformers import TrainerCallback, TrainerState

HISTORY_COLUMNS = ("step", "epoch", "loss", "learning_rate", "eval_loss")
SENT_FIGURES = ("loss", "learning_rate", "eval_loss")
HELD_OUT_LOSS = "eval_loss"
"""The loss that decides, by its name in the Trainer's log."""


def training_callback(send: Log, folder: Path) -> "TrainerCallback":
    """Make a Trainer callback that reports losses and stores the weights of the lowest held-out.

    What was lowest before is read from the Trainer's log, which a resumed run takes over. The
    Trainer's own way would have a checkpoint written at every evaluation and nowhere else.
    """
    from transformers import TrainerCallback

    throttled = ThrottledProgress(send)

    class Callback(TrainerCallback):
        """Follows one training."""

        def on_log(self, args: Any, state: "TrainerState", control: Any, **now: Any) -> None:  # noqa: ARG002
            logs = now.get("logs") or {}
            step = f"step {state.global_step} of {state.max_steps}"
            figures = {"step": float(state.global_step), "steps": float(state.max_steps)}
            figures |= {name: float(logs[name]) for name in SENT_FIGURES if name in logs}
            if "loss" in logs:
                throttled(f"adapter: {step}, loss {figures['loss']:.3f}", figures)
            if HELD_OUT_LOSS in logs:
                send(f"adapter: {step}, held-out loss {figures[HELD_OUT_LOSS]:.3f}", figures)

        def on_evaluate(self, args: Any, state: "TrainerState", control: Any, **now: Any) -> None:  # noqa: ARG002
            earlier = [
                entry[HELD_OUT_LOSS]
                for entry in state.log_history
                if HELD_OUT_LOSS in entry and entry["step"] < state.global_step
            ]
            loss = now["metrics"].get(HELD_OUT_LOSS)
            if loss is None or loss >= min(earlier, default=float("inf")):
                return
            if state.is_world_process_zero:
                _store_best(now["model"], folder)

    return Callback()


def history_table(
    log_history: Sequence[Mapping[str, float]], epochs_per_step: float
) -> pd.DataFrame:
    """Gather the Trainer's log into one row a step; what was not measured at one is missing.

    `epochs_per_step`: the Trainer itself is given all epochs as one.
    """
    rows: dict[int, dict[str, float]] = {}
    for entry in log_history:
        if "loss" in entry or "eval_loss" in entry:
            row = rows.setdefault(int(entry["step"]), {})
            row.update({name: entry[name] for name in HISTORY_COLUMNS if name in entry})
    table = pd.DataFrame([rows[step] for step in sorted(rows)], columns=list(HISTORY_COLUMNS))
    table["epoch"] = table["step"] * epochs_per_step
    return table.astype({"step": "int64", **dict.fromkeys(HISTORY_COLUMNS[1:], "float64")})


STATE_FILE = "trainer_state.json"
"""Written last by the Trainer, so a checkpoint with a readable one is whole."""

BEST_FILE = "best.safetensors"


def last_whole_checkpoint(directory: Path) -> Path | None:
    """Return the newest `checkpoint-<step>` that was written to its end."""
    whole = [path for path in directory.glob("checkpoint-*") if checkpoint_step(path) is not None]
    return max(whole, key=lambda path: checkpoint_step(path) or 0, default=None)


def checkpoint_step(checkpoint: Path) -> int | None:
    """Return the optimiser steps done at a checkpoint; None where it is not whole."""
    try:
        state = json.loads((checkpoint / STATE_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return state.get("global_step")


def _store_best(model: Any, folder: Path) -> None:
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    unfinished = folder / f"{BEST_FILE}.part"
    save_file({name: weight.detach() for name, weight in _trained(model).items()}, unfinished)
    unfinished.replace(folder / BEST_FILE)


def restore_best(model: Any, folder: Path) -> None:
    """Give a model, in place, the weights that `training_callback` stored."""
    import torch
    from safetensors.torch import load_file

    best = load_file(folder / BEST_FILE)
    with torch.no_grad():
        for name, weight in _trained(model).items():
            weight.copy_(best[name])


def _trained(model: "torch.nn.Module") -> "dict[str, torch.nn.Parameter]":
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


WANDB = "wandb"
PROJECT = "hansol-assets"
LOCAL_MODES = frozenset({"offline", "disabled", "dryrun"})


class TrackerUnavailableError(ModelError, RuntimeError):
    """The tracker that the settings name is not installed, or nobody is logged in."""


@dataclass
class TrackedRun:
    """A run in a tracker: its page, or its folder where it was kept offline."""

    location: str | None = None


@contextmanager
def tracked(report_to: Sequence[str], directory: Path, name: str) -> Iterator[TrackedRun]:
    """Keep a block's run in the trackers that are named; its location is known in the end.

    Only wandb is prepared and closed here, and imported if named; transformers runs any other.

    Raises:
        TrackerUnavailableError: wandb is named and not installed, or nobody is logged in.
    """
    run = TrackedRun()
    if WANDB not in report_to:
        yield run
        return
    if importlib.util.find_spec(WANDB) is None:
        raise TrackerUnavailableError(
            "training.report_to names wandb, which is not installed. Install it with: "
            "pip install 'hansol-assets[tracking]', or set HANSOL_TRAINING__REPORT_TO='[]'."
        )
    import wandb

    defaults = {"WANDB_DIR": str(directory), "WANDB_PROJECT": PROJECT, "WANDB_NAME": name}
    with _environment(defaults):
        if os.environ.get("WANDB_MODE") not in LOCAL_MODES and not wandb.api.api_key:
            raise TrackerUnavailableError(
                "training.report_to names wandb, and nobody is logged in to it. Run `wandb login`, "
                "keep the run on this machine with WANDB_MODE=offline, or set "
                "HANSOL_TRAINING__REPORT_TO='[]'."
            )
        Path(os.environ["WANDB_DIR"]).mkdir(parents=True, exist_ok=True)
        failed = 1
        try:
            yield run
            failed = 0
        finally:
            if wandb.run is not None:
                run.location = wandb.run.sync_dir if wandb.run.offline else wandb.run.url
                wandb.finish(exit_code=failed)


@contextmanager
def _environment(defaults: Mapping[str, str]) -> Iterator[None]:
    """Set what the environment leaves open, and take it back afterwards."""
    added = {name: value for name, value in defaults.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
