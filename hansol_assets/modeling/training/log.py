"""What a training run says while it runs, and its losses afterwards as a table."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from hansol_assets.lake.reports import Log

if TYPE_CHECKING:
    from transformers import (
        TrainerCallback,
        TrainerControl,
        TrainerState,
        TrainingArguments,
    )

HISTORY_COLUMNS = ("step", "epoch", "loss", "learning_rate", "eval_loss")
SENT_FIGURES = ("loss", "learning_rate", "eval_loss")


def progress_callback(send: Log, send_held_out: Log) -> "TrainerCallback":
    """Make a Trainer callback that sends a line for every logged loss."""
    from transformers import TrainerCallback

    class Reporter(TrainerCallback):
        """Sends a line for a logged loss."""

        def on_log(
            self,
            args: "TrainingArguments",  # noqa: ARG002 - the Trainer's signature
            state: "TrainerState",
            control: "TrainerControl",  # noqa: ARG002
            **kwargs: Any,
        ) -> None:
            logs = kwargs.get("logs") or {}
            place = f"step {state.global_step} of {state.max_steps}"
            figures = {"step": float(state.global_step)}
            figures |= {name: float(logs[name]) for name in SENT_FIGURES if name in logs}
            if "loss" in logs:
                send(f"adapter: {place}, loss {figures['loss']:.3f}", figures)
            if "eval_loss" in logs:
                send_held_out(
                    f"adapter: {place}, held-out loss {figures['eval_loss']:.3f}", figures
                )

    return Reporter()


def history_table(
    log_history: Sequence[Mapping[str, float]], epochs_per_step: float
) -> pd.DataFrame:
    """Gather the Trainer's log into one row a step.

    `epochs_per_step`: share of the examples that one step goes through; the Trainer itself is given
    all epochs as one.

    Returns:
        Columns `HISTORY_COLUMNS`, sorted by step; what was not measured at a step is missing.
    """
    rows: dict[int, dict[str, float]] = {}
    for entry in log_history:
        if "loss" in entry or "eval_loss" in entry:
            row = rows.setdefault(int(entry["step"]), {})
            row.update({name: entry[name] for name in HISTORY_COLUMNS if name in entry})
    table = pd.DataFrame([rows[step] for step in sorted(rows)], columns=list(HISTORY_COLUMNS))
    table["epoch"] = table["step"] * epochs_per_step
    return table.astype({"step": "int64", **dict.fromkeys(HISTORY_COLUMNS[1:], "float64")})
