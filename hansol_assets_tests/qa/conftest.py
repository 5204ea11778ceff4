"""What the tests of the domain share."""

import os
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import settings

from hansol_assets_tests.qa.table import training_table

# The machine's load decides how long an example takes, not the code under test.
settings.register_profile("hansol", deadline=None)
settings.load_profile("hansol")


@pytest.fixture
def rows() -> pd.DataFrame:
    return training_table()


@pytest.fixture(scope="session")
def real_dir() -> Path:
    folder = os.environ.get("HANSOL_RAW_DIR", "")
    if not folder or not (Path(folder) / "train.csv").is_file():
        pytest.skip("HANSOL_RAW_DIR does not name a folder with the real train.csv")
    return Path(folder)
