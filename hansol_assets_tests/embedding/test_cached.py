from pathlib import Path

import numpy as np
import pytest

from hansol_assets.compute.current import Compute
from hansol_assets.embedding.cached import CachedEmbedder, EmbedTexts
from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.muse import DIMENSIONS, MuseEmbedder
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.warehouse import Warehouse

POISON = "이 글은 읽을 수 없습니다."


class Allergic(MuseEmbedder):
    """The installed encoder, but for one text."""

    def encode(self, texts: list[str], /, **told: object) -> np.ndarray:  # type: ignore[override]
        if POISON in texts:
            raise OverflowError("too much")
        return super().encode(texts, **told)


@pytest.fixture
def lines() -> list[str]:
    return []


def opened(folder: Path, lines: list[str]) -> CachedEmbedder:
    cache = RowCache(Warehouse(folder / "warehouse.duckdb"), EMBEDDINGS)
    workers = Compute().workers(EmbedTexts(Allergic, DIMENSIONS))
    return CachedEmbedder(cache, "scope", DIMENSIONS, lambda: workers, lines.append)


def test_a_text_that_cannot_be_embedded_costs_itself_alone(
    tmp_path: Path, lines: list[str]
) -> None:
    texts = ["벽지가 들떴어요.", POISON, "마루가 삐걱거려요."]
    embedder = opened(tmp_path, lines)
    vectors = encode(embedder, texts)
    whole = encode(MuseEmbedder(), [texts[0], texts[2]])
    np.testing.assert_array_equal(vectors[[0, 2]], whole)
    assert not vectors[1].any()
    assert embedder.embedded == 2
    assert lines == [
        f"a text has no vector (OverflowError: too much), and is found by none: '{POISON}'"
    ]


def test_such_a_text_is_tried_again(tmp_path: Path, lines: list[str]) -> None:
    encode(opened(tmp_path, lines), ["벽지가 들떴어요.", POISON])
    again = opened(tmp_path, lines)
    assert not encode(again, [POISON]).any()
    assert (again.cached, again.embedded) == (0, 0)
    assert len(lines) == 2
