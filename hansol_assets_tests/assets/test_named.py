"""What an asset can read is in its fingerprint: every setting is moved, and every door is tried."""

import inspect
import json
from pathlib import Path

import pytest

from hansol_assets.lake.declaration import AssetDeclaration
from hansol_assets.settings import load_settings
from hansol_assets_tests.assets.renewal import (
    DECLARATIONS,
    SNAPSHOT,
    bound,
    moves,
    renewed,
)

FORBIDDEN = {"Lake", "LakePaths", "Warehouse", "load_settings", "Settings", "os"}
"""What would let a body read past its parameters."""


def test_what_a_setting_renews_is_as_it_was_agreed() -> None:
    """Every setting is moved by itself, so a new one must say what it renews.

    `make snapshot` agrees to it.
    """
    assert renewed() == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_a_setting_that_reaches_a_body_is_in_its_name() -> None:
    for move in moves():
        changed = {
            name for name, work in move.before.items() if work.settings != move.after[name].settings
        }
        assert move.renewed == (set() if move.shapes_nothing else changed), move.name


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
