"""Profile files: where one is, what it extends, and its nested values."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from hansol_assets.errors import UserError
from hansol_assets.settings_model import from_home

PROFILES_DIRECTORY = Path(__file__).parent / "profiles"
_PROFILE_NAME = re.compile(r"\w[\w.-]*")


class ProfileError(UserError, ValueError):
    """A profile, or a setting in the environment or launchpad, that cannot be used."""


def profile_path(profile: str) -> Path:
    """Returns the file of a profile given by name or by path.

    Raises:
        ProfileError: There is no such profile; the message names the ones that there are. Or its
            name is none for a folder.
    """
    try:
        path = from_home(Path(profile))
    except ValueError as error:
        raise ProfileError(f"profile '{profile}': {error}") from error
    if profile and not _PROFILE_NAME.fullmatch(path.stem):
        raise ProfileError(
            f"profile '{profile}' cannot be named '{path.stem}': the name becomes a folder of the "
            "lake. Use letters, digits, '-', '_' and '.', a letter or digit first."
        )
    if path.suffix not in {".yaml", ".yml"}:
        path = PROFILES_DIRECTORY / f"{profile}.yaml"
    if path.is_file():
        return path
    raise ProfileError(
        f"profile '{profile}' does not exist. Set HANSOL_PROFILE to one of: "
        f"{', '.join(profile_names())}, "
        "or to the path of a YAML file."
    )


def profile_names() -> list[str]:
    """Returns the names of the profiles that come along."""
    return sorted(path.stem for path in PROFILES_DIRECTORY.glob("*.yaml"))


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Returns nested values with others laid over them."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both_mappings = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both_mappings else value  # type: ignore[arg-type]
    return result


def read_profile(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Reads a profile file and, below it, the profile that it extends.

    Raises:
        ProfileError: The file is not a YAML mapping in UTF-8, or extends itself.
    """
    if path in seen:
        raise ProfileError(f"{path} extends itself through {', '.join(map(str, seen))}.")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except UnicodeDecodeError as error:
        raise ProfileError(f"{path} is not UTF-8 text. Save it as UTF-8.") from error
    except yaml.YAMLError as error:
        raise ProfileError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ProfileError(f"{path} must hold a mapping of settings, not {type(content).__name__}.")
    parent = content.pop("extends", None)
    if parent is None:
        return content
    beside = path.parent / str(parent)
    below = beside if beside.is_file() else profile_path(str(parent))
    # What the profile below it says of itself is not so of this one.
    above = {"description": _what_it_sets(str(parent), content)} | content
    return merged(read_profile(below, (*seen, path)), above)


def _what_it_sets(parent: str, content: Mapping[str, Any]) -> str:
    return f"extends {parent} and sets {', '.join(_leaves(content)) or 'nothing'}"


def _leaves(content: Mapping[str, Any], *section: str) -> Iterator[str]:
    """The whole name of every value."""
    for name, value in content.items():
        if isinstance(value, Mapping) and value:
            yield from _leaves(value, *section, str(name))
        else:
            yield ".".join((*section, str(name)))
