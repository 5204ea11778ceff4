"""The environment that libraries find when they are first imported."""

import os

import pytest

from hansol_assets.orchestration.home import DEFAULTS, set_process_defaults


def test_what_is_left_open_is_set_and_what_is_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_WAIT_POLICY": "ACTIVE", "HOME": "/"})
    set_process_defaults()
    assert os.environ == {**DEFAULTS, "OMP_WAIT_POLICY": "ACTIVE", "HOME": "/"}
