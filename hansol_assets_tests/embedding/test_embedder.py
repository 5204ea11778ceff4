import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pydantic import ValidationError

from hansol_assets.embedding.embedder import (
    EmbedderSettings,
    embedder_facts,
    encode,
    fetch_embedder,
    load_embedder,
)
from hansol_assets.embedding.vectors import unit
from hansol_assets_tests.embedding.models import write_transformer

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

COMMIT = "0123456789abcdef0123456789abcdef01234567"
TEXTS = ["벽지를 바릅니다.", "마루를 깝니다.", "벽지를 바릅니다."]


def test_vectors_come_in_the_order_of_the_texts_and_repeat_with_them(
    embedder: "SentenceTransformer",
) -> None:
    vectors = encode(embedder, TEXTS)

    assert vectors.dtype == np.float32
    assert vectors.shape == (3, 128)
    assert np.array_equal(vectors[0], vectors[2])
    assert np.array_equal(vectors[1], encode(embedder, [TEXTS[1]])[0])


def test_no_texts_give_no_vectors_of_the_right_width(embedder: "SentenceTransformer") -> None:
    assert encode(embedder, []).shape == (0, 128)


def test_a_model_of_another_width_is_refused(embedder_path: Path, tmp_path: Path) -> None:
    settings = EmbedderSettings(kind="hub", model_id=str(embedder_path), dimensions=512)

    with pytest.raises(ValueError, match="128 dimensions, not 512"):
        fetch_embedder(settings, tmp_path / "fetched")


def test_a_fetched_model_is_saved_as_it_was(
    embedder: "SentenceTransformer", embedder_path: Path, tmp_path: Path
) -> None:
    settings = EmbedderSettings(kind="hub", model_id=str(embedder_path), dimensions=128)
    fetch_embedder(settings, tmp_path / "fetched")
    loaded = load_embedder(tmp_path / "fetched")

    assert np.array_equal(encode(loaded, TEXTS), encode(embedder, TEXTS))


def test_an_encoder_computes_in_the_numbers_that_are_asked_for(tmp_path: Path) -> None:
    texts = [*TEXTS, "벽지를 바르고 마루를 깝니다."]
    write_transformer(tmp_path / "model", texts * 20, width=64)

    def vectors(dtype: str) -> np.ndarray:
        values = {"kind": "hub", "model_id": str(tmp_path / "model"), "dtype": dtype}
        fetch_embedder(EmbedderSettings.model_validate(values), tmp_path / dtype)
        model = load_embedder(tmp_path / dtype)
        assert dtype in {str(value.dtype)[6:] for value in model.parameters()} | {"auto"}
        return encode(model, texts)

    whole, half = vectors("auto"), vectors("bfloat16")
    assert half.dtype == np.float32
    assert np.array_equal(whole, vectors("float32"))
    assert not np.array_equal(whole, half)
    assert (unit(whole) * unit(half)).sum(axis=1).min() > 0.999


def test_an_embedder_of_the_hub_is_pinned_to_its_commit_and_fetched_offline(
    embedder: "SentenceTransformer",
    embedder_path: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository = tmp_path / "hub" / "models--owner--embedder"
    shutil.copytree(embedder_path, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    pinned = EmbedderSettings(kind="hub", model_id="owner/embedder", dimensions=128).pinned
    assert pinned.revision == COMMIT
    assert pinned.pinned == pinned
    fetch_embedder(pinned, tmp_path / "fetched")
    fetched = load_embedder(tmp_path / "fetched")
    assert np.array_equal(encode(fetched, TEXTS), encode(embedder, TEXTS))


def test_a_local_embedder_is_pinned_to_its_content(embedder_path: Path, tmp_path: Path) -> None:
    def revision(folder: Path) -> str | None:
        settings = EmbedderSettings(kind="hub", model_id=str(folder), dimensions=128)
        return settings.pinned.revision

    shutil.copytree(embedder_path, tmp_path / "same")
    shutil.copytree(embedder_path, tmp_path / "other")
    (tmp_path / "other" / "modules.json").write_text("[]", encoding="utf-8")
    assert revision(tmp_path / "same") == revision(embedder_path)
    assert revision(tmp_path / "other") != revision(embedder_path)


def test_the_offline_embedder_is_itself_whatever_model_a_profile_below_names() -> None:
    left_over = EmbedderSettings(kind="muse", model_id="owner/embedder", revision="main")
    assert left_over.pinned == EmbedderSettings().pinned
    assert embedder_facts(left_over.pinned)["model"] == "muse"


def test_a_hub_embedder_must_be_named() -> None:
    with pytest.raises(ValidationError, match="needs a model_id"):
        EmbedderSettings(kind="hub")
