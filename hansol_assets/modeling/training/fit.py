"""Whether an adapter learned to answer, or learned its examples by heart."""

import math

from pydantic import Field

from hansol_assets.settings_model import SettingsModel


class FitSettings(SettingsModel):
    """How far an adapter's loss on questions that it never saw may lie above that on its own."""

    most_gap: float = Field(
        default=2.0,
        gt=0,
        description="Nats a token that the held-out loss may lie above; 2 are a perplexity seven "
        "times as high.",
    )


def memorises(training_loss: float, held_out_loss: float, settings: FitSettings) -> str | None:
    """Say that an adapter's held-out loss is far above its training loss.

    `training_loss`: on examples that it was trained on, nats a token, in evaluation mode.

    Returns:
        What is wrong and what to do, for a person; None where nothing is.
    """
    if not math.isfinite(held_out_loss):
        return f"the held-out loss is {held_out_loss}: training diverged; lower the learning rate"
    gap = held_out_loss - training_loss
    if gap <= settings.most_gap:
        return None
    # The exponential of a loss is the perplexity: tokens that the model wavers between.
    return (
        f"a held-out answer costs {held_out_loss:.2f} nats a token, one that was trained on "
        f"{training_loss:.2f}: {gap:.2f} more, {settings.most_gap:g} are expected at most. The "
        f"model wavers between {math.exp(held_out_loss):.0f} tokens where it has learned its own "
        f"answers down to {math.exp(training_loss):.0f}. Train fewer steps or on more rows, or "
        "take a smaller base model."
    )
