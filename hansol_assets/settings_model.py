"""The base class of every group of settings.

Each package defines the section that it reads next to the code that reads it;
`hansol_assets.settings` gathers them into one profile.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict
from pydantic.fields import FieldInfo

Section = TypeVar("Section", bound=BaseModel)


class SettingsModel(BaseModel):
    """An immutable group of settings that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class ShapesNothing:
    """Marks a setting that changes no result, such as how often progress is reported.

    Written `Annotated[float, ShapesNothing()]`. It is in no fingerprint, so that changing it makes
    nothing anew.
    """


def marked_shaping_nothing(field: FieldInfo) -> bool:
    """Whether a setting is marked with `ShapesNothing`."""
    return any(isinstance(mark, ShapesNothing) for mark in field.metadata)


def shapes_nothing(section: BaseModel, name: str) -> bool:
    """Whether a setting of a section changes no result."""
    return marked_shaping_nothing(type(section).model_fields[name])


def shaping_values(section: BaseModel) -> dict[str, Any]:
    """Returns a section's values as JSON has them, without those that change no result."""
    return section.model_dump(mode="json", exclude=_shaping_nothing(section))


def _shaping_nothing(section: BaseModel) -> dict[str, Any]:
    """What pydantic leaves out of a section and of those within it."""
    excluded = {
        name: shapes_nothing(section, name)
        or (isinstance(value, BaseModel) and _shaping_nothing(value))
        for name, value in section
    }
    return {name: leaves_out for name, leaves_out in excluded.items() if leaves_out}


def without(section: Section, name: str) -> Section:
    """Returns a copy of a section that lacks a setting, so that nobody reads it from there.

    `name`: such as `max_length`; `training.max_length` is one of a section within.

    Raises:
        AttributeError: There is none of that name.
    """
    copy = section.model_copy()
    first, _, inner = name.partition(".")
    if inner:
        copy.__dict__[first] = without(getattr(copy, first), inner)
    else:
        getattr(copy, first)
        del copy.__dict__[first]
    return copy


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
