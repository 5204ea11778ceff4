from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from hansol_assets.embedding.embedder import EmbedderSettings, fit_embedder
from hansol_assets.qa.table import TableSettings, read_train
from hansol_assets.qa.table.columns import answers_of

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

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
def embedder_path(known_rows: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("embedder") / "lsa"
    answers = answers_of(known_rows)
    fit_embedder(answers, EmbedderSettings(dimensions=128), path)
    return path


@pytest.fixture(scope="session")
def embedder(embedder_path: Path) -> "SentenceTransformer":
    from hansol_assets.embedding.embedder import load_embedder

    return load_embedder(embedder_path)
