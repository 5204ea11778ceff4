"""Raw files that a test may change."""

from pathlib import Path

import pytest

from hansol_assets_tests.graph import write_raw_files


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    return write_raw_files(folder, rows=24, questions=6)
