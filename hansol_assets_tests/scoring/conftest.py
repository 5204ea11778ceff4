from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.qa.table import TableSettings, read_train

SAMPLE = Path(__file__).parents[2] / "data_lake" / "sample" / "train.csv"


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    """The sample rows that ship with the project."""
    return read_train(SAMPLE, TableSettings()).frame


@pytest.fixture(scope="session")
def known_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that embedder and models are fitted on."""
    return rows.iloc[:60].reset_index(drop=True)


@pytest.fixture(scope="session")
def unseen_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows that nothing was fitted on."""
    return rows.iloc[60:].reset_index(drop=True)


@pytest.fixture(scope="session")
def embedder() -> MuseEmbedder:
    """The installed encoder itself."""
    return MuseEmbedder()
