"""The loss and learning-rate curve of a training run."""

from typing import TYPE_CHECKING

import pandas as pd

from hansol_assets.plotting.canvas import legend_below, picture, whole_ticks

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def loss_curve(history: pd.DataFrame, title: str) -> str:
    """Draws loss, held-out loss where there is one, and learning rate over the steps.

    `history`: columns step, loss (nats a token), learning_rate and perhaps eval_loss.
    """

    def draw(figure: "Figure") -> None:
        losses = figure.subplots()
        trained = history.dropna(subset=["loss"])
        losses.plot(trained["step"], trained["loss"], color="tab:blue", label="loss")
        if "eval_loss" in history and history["eval_loss"].notna().any():
            measured = history.dropna(subset=["eval_loss"])
            losses.plot(
                measured["step"],
                measured["eval_loss"],
                "o-",
                color="tab:orange",
                label="held-out loss",
            )
        losses.set(xlabel="optimiser step", ylabel="loss (nats per token)")
        rates = losses.twinx()
        rates.plot(trained["step"], trained["learning_rate"], ":", color="tab:gray")
        rates.set_ylabel("learning rate (dotted)")
        whole_ticks(losses.xaxis)
        legend_below(figure)

    return picture(title, draw)
