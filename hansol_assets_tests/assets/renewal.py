"""What a changed setting makes anew, found without making anything: every setting is moved once."""

import json
from collections import defaultdict
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from pathlib import Path
from typing import Any, get_args, get_origin
from unittest.mock import patch

from pydantic import BaseModel

from hansol_assets.assets.groups import declarations
from hansol_assets.lake.declaration import AssetDeclaration, Bound
from hansol_assets.profile_files import merged, read_profile
from hansol_assets.settings import Settings, load_settings
from hansol_assets.settings_model import shapes_nothing

SNAPSHOT = Path(__file__).parent / "renewal_snapshot.json"
"""Setting → the assets that it makes anew by itself; what is made from them follows."""

DECLARATIONS = list(declarations())
INSTALLED: Mapping[str, Any] = {"profile": "tiny"}
RELEASED: Mapping[str, Any] = {
    "profile": "gemma-2b",
    "retriever": {"kind": "hub", "model_id": "some/finder"},
}
"""With models of the hub, so that what is read of them alone is moved, too."""

_E5 = {"kind": "e5", "dimensions": 384}
_SHAPE = load_settings(profile="gemma-7b").base_model.facts.shape
MOVED: Mapping[str, Mapping[str, Any]] = {
    "object_store": {"object_store": "s3://bucket/lake"},
    "embedder.kind": {"embedder": _E5},
    "embedder.dimensions": {"embedder": _E5},
    "retriever.kind": {"retriever": {"kind": "muse"}},
    "retriever.dimensions": {"retriever": {"kind": "muse", "dimensions": 512}},
    "base_model.facts.shape": {"base_model": {"facts": {"shape": _SHAPE}}},
    "scores.judge": {"scores": {"judge": _E5}},
}
"""Settings whose other values fit only with others."""


def setting_paths() -> Iterator[tuple[str, ...]]:
    """Every setting, but what says which run it is and where it lies."""
    yield from _paths(Settings, ())


def _paths(model: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    for name, field in model.model_fields.items():
        own = (*path, name)
        if own in {("profile",), ("description",), ("raw_dir",), ("lake_dir",)}:
            continue
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from _paths(field.annotation, own)
        else:
            yield own


def value_at(settings: BaseModel, path: tuple[str, ...]) -> Any:
    value: Any = settings
    for name in path:
        value = getattr(value, name)
    return value


def moved(settings: Settings, path: tuple[str, ...]) -> list[Any]:
    """Other values that a setting may take, as far as its own one and its type tell."""
    value = value_at(settings, path)
    annotation = type(value_at(settings, path[:-1])).model_fields[path[-1]].annotation
    words = list(get_args(annotation)) if get_origin(annotation) else []
    return [*(word for word in words if isinstance(word, str)), *_near(value)]


def _near(value: Any) -> list[Any]:
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(1, value - 1), value * 2]
    if isinstance(value, float):
        return [value / 2 or 0.25, value * 2]
    if isinstance(value, str):
        return ["text", f"{value}x"]
    if isinstance(value, tuple) and value:
        return [value[:-1], value * 2, [item * 0.9 for item in value if isinstance(item, float)]]
    return ["other", ["other"], 1, {"그리고": 1.0}, {"pad_token": "<pad>"}]


def other_settings(base: Mapping[str, Any], settings: Settings, path: tuple[str, ...]) -> Settings:
    """The settings that a base gives, with one of them moved.

    Raises:
        AssertionError: No value that was tried is allowed: name one in `MOVED`.
    """
    name = ".".join(path)
    tried = [MOVED[name]] if name in MOVED else map(_nested(path), moved(settings, path))
    for changed in tried:
        try:
            other = load_settings(**merged(base, changed))
        except ValueError:
            continue
        if other != settings:
            return other
    raise AssertionError(name)


def _nested(path: tuple[str, ...]) -> Callable[[Any], dict[str, Any]]:
    def nest(value: Any) -> dict[str, Any]:
        return reduce(lambda below, name: {name: below}, reversed(path), value)

    return nest


def bound(declaration: AssetDeclaration, settings: Settings) -> Bound:
    """The asset's work on the same inputs, whatever the settings."""
    with (
        patch("hansol_assets.embedding.embedder.commit_of", _commit_of),
        patch("hansol_assets.hub.fetching.commit_of", _commit_of),
    ):
        return Bound(declaration, None, {}, *declaration.read(settings))  # type: ignore[arg-type]


def _commit_of(wanted: Any) -> str:
    """Stands in for the hub, which cannot be asked."""
    return f"{wanted.model_id}@{wanted.revision}"


@dataclass(frozen=True)
class Move:
    """The work of all assets before and after a setting alone is moved, on the same inputs."""

    name: str
    shapes_nothing: bool
    before: Mapping[str, Bound]
    after: Mapping[str, Bound]

    @cached_property
    def renewed(self) -> set[str]:
        return {
            name
            for name, work in self.before.items()
            if work.task_after("").fingerprint != self.after[name].task_after("").fingerprint
        }


@cache
def moves() -> list[Move]:
    # Two profiles are loaded hundreds of times.
    with patch("hansol_assets.settings.read_profile", cache(read_profile)):
        return [*_moves(INSTALLED), *_moves(RELEASED, {"embedder", "retriever", "base_model"})]


def _moves(base: Mapping[str, Any], sections: Container[str] = ()) -> Iterator[Move]:
    settings = load_settings(**base)
    before = {item.name: bound(item, settings) for item in DECLARATIONS}
    for path in setting_paths():
        if sections and path[0] not in sections:
            continue
        other = other_settings(base, settings, path)
        marked = shapes_nothing(value_at(settings, path[:-1]), path[-1])
        after = {item.name: bound(item, other) for item in DECLARATIONS}
        yield Move(".".join(path), marked, before, after)


def renewed() -> dict[str, list[str]]:
    """Setting → the assets whose work another value names anew, on the same inputs."""
    found: dict[str, set[str]] = defaultdict(set)
    for move in moves():
        found[move.name] |= move.renewed
    order = [item.name for item in DECLARATIONS]
    return {name: sorted(own, key=order.index) for name, own in found.items()}


def agree() -> None:
    """Writes the snapshot, one setting a line."""
    lines = (f"{json.dumps(name)}: {json.dumps(own)}" for name, own in renewed().items())
    SNAPSHOT.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    agree()
