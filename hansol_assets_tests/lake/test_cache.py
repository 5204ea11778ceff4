from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.warehouse import Warehouse


@pytest.fixture
def cache(tmp_path: Path) -> RowCache:
    return RowCache(Warehouse(tmp_path / "warehouse.duckdb"), "embeddings")


def rows(**texts: str) -> pd.DataFrame:
    vectors = [np.full(2, len(text), dtype=np.float32) for text in texts.values()]
    return pd.DataFrame({"key": list(texts), "text": list(texts.values()), "vector": vectors})


def test_nothing_is_found_where_nothing_was_put(cache: RowCache) -> None:
    assert cache.get("model", ["a"]).empty


def test_rows_are_found_by_scope_and_key(cache: RowCache) -> None:
    cache.put("model", rows(a="벽지", b="마루판"))
    cache.put("other", rows(a="장판재"))
    got = cache.get("model", ["a", "c"])
    assert got["text"].tolist() == ["벽지"]
    assert "scope" not in got
    assert got["vector"].iloc[0].tolist() == [2.0, 2.0]


def test_a_key_is_kept_once(cache: RowCache) -> None:
    cache.put("model", rows(a="옛것", b="그대로"))
    cache.put("model", rows(a="새것"))
    got = cache.get("model", ["a", "b"]).sort_values("key")
    assert got["text"].tolist() == ["새것", "그대로"]


def test_rows_of_models_that_are_gone_are_removed(cache: RowCache) -> None:
    assert cache.remove_other_models({"0" * 16}) == 0
    cache.put("0" * 16, rows(a="벽지"))
    cache.put(f"{'0' * 16}-decoding", rows(a="벽지"))
    cache.put(f"{'1' * 16}-decoding", rows(a="벽지", b="장판"))
    assert cache.remove_other_models({"0" * 16, "2" * 16}) == 2
    assert len(cache.get("0" * 16, ["a"])) == 1
    assert len(cache.get(f"{'0' * 16}-decoding", ["a"])) == 1
    assert cache.get(f"{'1' * 16}-decoding", ["a", "b"]).empty


def test_a_damaged_cache_is_begun_anew(cache: RowCache, tmp_path: Path) -> None:
    texts = [f"{number} 장의 벽지를 발랐습니다. {number**9}" for number in range(60_000)]
    cache.put("model", pd.DataFrame({"key": texts, "text": texts}))
    path = tmp_path / "warehouse.duckdb"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    assert cache.get("model", texts).empty
    cache.put("model", rows(a="벽지"))
    assert cache.get("model", ["a"])["text"].tolist() == ["벽지"]


def test_a_lake_that_cannot_be_written_is_read(
    cache: RowCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.put("model", rows(a="벽지"))
    monkeypatch.setattr("os.access", lambda *_: False)
    cache.put("model", rows(b="마루판"))
    assert cache.get("model", ["a", "b"])["text"].tolist() == ["벽지"]
    with pytest.raises(duckdb.InvalidInputException, match="read-only"):
        cache._warehouse.write("raw_qa", "1", rows(c="장판"))
