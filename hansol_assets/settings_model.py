"""The base class of every group of settings.

What belongs here: how a group of settings behaves (immutable, unknown keys refused). What does
not: any single setting. Each package defines the section that it reads next to the code that
reads it; `hansol_assets.settings` gathers them into one profile.
"""

from pydantic import BaseModel, ConfigDict


class SettingsModel(BaseModel):
    """An immutable group of settings that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)
