from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hansol_assets_tests.embedding.models import static_model

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@pytest.fixture(scope="session")
def embedder() -> "SentenceTransformer":
    return static_model(128)


@pytest.fixture(scope="session")
def embedder_path(
    embedder: "SentenceTransformer", tmp_path_factory: pytest.TempPathFactory
) -> Path:
    path = tmp_path_factory.mktemp("embedder") / "model"
    embedder.save_pretrained(str(path), create_model_card=False)
    return path
