"""Fixtures that tests of the lake share."""

from pathlib import Path

import pytest


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    path.write_text("A B C", encoding="utf-8")
    return path
