"""What is known of a released model before any of it is fetched.

What belongs here: licence, gate and shape, as a profile states them. What does not: which model is
fetched (`hansol_assets.modeling.hub`), and what a fetched model turns out to be, which its report
says.
"""

from pydantic import Field

from hansol_assets.modeling.shape import ModelShape
from hansol_assets.section import Section


class ModelFacts(Section):
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
