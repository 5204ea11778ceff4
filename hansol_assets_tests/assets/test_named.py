"""What an asset can read is in its fingerprint: every setting is moved, and every door is tried."""

import inspect
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args, get_origin

import pytest

from hansol_assets.assets.groups import GROUPS
from hansol_assets.lake.declaration import AssetDeclaration, Bound, declared_in
from hansol_assets.settings import Settings, load_settings

DEFAULTS = load_settings()
DECLARATIONS = [item for module in GROUPS.values() for item in declared_in(module)]
FORBIDDEN = {"Lake", "LakePaths", "Warehouse", "load_settings", "Settings", "os"}
"""What would let a body read past its parameters."""


def leaves(values: Mapping[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield from leaves(value, (*path, name))
        else:
            yield (*path, name)


def choices(path: tuple[str, ...]) -> list[Any]:
    """The words that a setting may take, where its class lists them."""
    model: Any = Settings
    for name in path[:-1]:
        if not hasattr(model, "model_fields"):
            return []
        model = model.model_fields[name].annotation
    field = getattr(model, "model_fields", {}).get(path[-1])
    return list(get_args(field.annotation)) if field and get_origin(field.annotation) else []


def moved(value: Any) -> list[Any]:
    """Other values that a setting of this one may take."""
    if isinstance(value, bool):
        return [not value]
    if isinstance(value, int):
        return [value + 1, max(1, value - 1), value * 2]
    if isinstance(value, float):
        return [value / 2 or 0.25, value * 2]
    if isinstance(value, str):
        return ["text", f"{value}x"]
    if isinstance(value, list) and value:
        return [value[:-1], value * 2, [item * 0.9 for item in value if isinstance(item, float)]]
    return ["other", ["other"], 1, {"그리고": 1.0}, {"pad_token": "<pad>"}]


def other_settings(path: tuple[str, ...]) -> Settings | None:
    """The settings with one of them moved; None where no other value is allowed."""
    values: Any = DEFAULTS.model_dump(mode="json")
    for name in path[:-1]:
        values = values[name]
    for candidate in [*choices(path), *moved(values[path[-1]])]:
        changed: Any = candidate
        for name in reversed(path):
            changed = {name: changed}
        try:
            settings = load_settings(**changed)
        except ValueError:
            continue
        if settings != DEFAULTS:
            return settings
    return None


PATHS = [
    path
    for path in leaves(DEFAULTS.model_dump(mode="json"))
    if path[0] not in ("profile", "description", "raw_dir", "lake_dir", "automation")
]


def bound(declaration: AssetDeclaration, settings: Settings) -> Bound:
    values = {}
    for name, path in declaration.settings.items():
        value: Any = settings
        for part in path.split("."):
            value = getattr(value, part)
        values[name] = value
    return Bound(declaration, None, {}, values)  # type: ignore[arg-type]


@pytest.mark.parametrize("path", PATHS, ids=".".join)
def test_a_setting_that_reaches_a_body_is_in_its_name(path: tuple[str, ...]) -> None:
    settings = other_settings(path)
    if settings is None or settings.base_model.kind == "hub" or settings.embedder.kind == "hub":
        pytest.skip("no other value can be tried without a model of the hub")
    for declaration in DECLARATIONS:
        before, after = bound(declaration, DEFAULTS), bound(declaration, settings)
        same_name = before.task.fingerprint == after.task.fingerprint
        assert same_name == (before.settings == after.settings), declaration.name


@pytest.mark.parametrize("declaration", DECLARATIONS, ids=lambda item: item.name)
def test_a_body_has_no_other_door(declaration: AssetDeclaration) -> None:
    used = inspect.getclosurevars(declaration.body)
    assert FORBIDDEN.isdisjoint({*used.globals, *used.builtins, *used.nonlocals})


@pytest.mark.slow
def test_the_licence_of_a_released_model_names_it(base_dir: Path) -> None:
    """A corrected licence is not reused stale."""
    (declaration,) = (item for item in DECLARATIONS if item.name == "base_model")

    def fingerprint(licence: str) -> str:
        settings = load_settings(
            base_model={
                "kind": "hub",
                "hub": {"model_id": str(base_dir)},
                "facts": {"licence": licence},
            }
        )
        return bound(declaration, settings).task.fingerprint

    assert fingerprint("apache-2.0") != fingerprint("gemma")
    assert fingerprint("gemma") == fingerprint("gemma")
