"""The loss and learning-rate curve of a training run as a picture.

What belongs here: drawing. What does not: the table that is drawn, which the training modules make.
"""

import io

import pandas as pd


def loss_curve(history: pd.DataFrame, title: str) -> bytes:
    """Draw loss, held-out loss where there is one, and learning rate over the steps.

    Args:
        history: Columns step, loss (nats a token), learning_rate and perhaps eval_loss.
        title: Heading, in Latin letters: the default font has no Hangul.

    Returns:
        A PNG picture, the same bytes for the same table.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.0, 3.5), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    losses = figure.subplots()
    losses.plot(history["step"], history["loss"], color="tab:blue", label="loss")
    if "eval_loss" in history and history["eval_loss"].notna().any():
        measured = history.dropna(subset=["eval_loss"])
        losses.plot(
            measured["step"], measured["eval_loss"], "o-", color="tab:orange", label="held-out loss"
        )
    losses.set(title=title, xlabel="optimiser step", ylabel="loss (nats per token)")
    rates = losses.twinx()
    rates.plot(history["step"], history["learning_rate"], ":", color="tab:gray")
    rates.set_ylabel("learning rate (dotted)")
    losses.legend(loc="upper right")
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()
