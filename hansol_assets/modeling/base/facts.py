"""What is known of a released model before any of it is fetched.

What belongs here: licence, gate and shape, as a profile states them. What does not: which model is
fetched (`hansol_assets.hub.models`), and what a fetched model turns out to be, which its report
says.
"""

from pydantic import Field

from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.settings_model import SettingsModel


class ModelFacts(SettingsModel):
    """Facts about a released model, shown and estimated from; no training depends on them."""

    licence: str | None = Field(
        default=None, description="Licence, as the hub names it; it binds the adapter too."
    )
    gated: bool = Field(
        default=False, description="Whether the licence must be accepted on the model's page first."
    )
    shape: ModelShape | None = Field(
        default=None, description="Dimensions, for estimates before the model is fetched."
    )
