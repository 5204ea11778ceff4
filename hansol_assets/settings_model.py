"""The base class of every group of settings.

What belongs here: how a group of settings behaves (immutable, unknown keys refused). What does
not: any single setting. Each package defines the section that it reads next to the code that
reads it; `hansol_assets.settings` gathers them into one profile.
"""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class SettingsModel(BaseModel):
    """An immutable group of settings that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def from_home(path: Path) -> Path:
    """Returns a path with its `~` as the home folder, as a shell reads it.

    Raises:
        ValueError: There is no such home.
    """
    try:
        return path.expanduser()
    except RuntimeError as error:
        msg = f"{path} begins with a ~ that stands for no home folder: write the whole path"
        raise ValueError(msg) from error


SettingsPath = Annotated[Path, AfterValidator(from_home)]
"""A path that a person writes."""
