import hashlib
import json
import subprocess
import sys
import unicodedata
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import cdist
from sentence_transformers import SentenceTransformer
from sklearn.feature_extraction.text import TfidfVectorizer

from hansol_assets.embedding.embedder import EmbedderSettings, fit_embedder
from hansol_assets.embedding.lsa import LsaSettings, fit_lsa, normalise
from hansol_assets.errors import InputError
from hansol_assets.qa.table.columns import answers_of

CORPUS = [
    "실크벽지는 물걸레로 닦을 수 있습니다.",
    "합지벽지는 물걸레로 닦으면 안 됩니다.",
    "강마루는 바닥에 접착제로 붙입니다.",
    "강화마루는 바닥에 끼워 맞춥니다.",
]
SETTINGS = LsaSettings(min_df=1, word_min_df=1)


def test_words_of_the_corpus_are_embedded_as_exact_lsa_would() -> None:
    model = fit_lsa(CORPUS, 8, SETTINGS)
    weighted = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5)).fit_transform(CORPUS)

    # At full rank, LSA keeps the cosines of the tf-idf vectors.
    assert 1 - cdist(model.encode(CORPUS), model.encode(CORPUS), "cosine") == pytest.approx(
        (weighted @ weighted.T).toarray(), abs=1e-4
    )


def test_the_width_is_the_same_where_the_corpus_has_a_lower_rank() -> None:
    vectors = fit_lsa(CORPUS, 512, SETTINGS).encode(CORPUS)

    assert vectors.shape == (4, 512)
    assert not vectors[:, 4:].any()
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(4))


def test_a_word_never_seen_is_near_the_word_that_it_contains() -> None:
    model = fit_lsa(CORPUS, 8, SETTINGS)
    asked, wallpaper, floor = model.encode(["실크벽지에서만은?", CORPUS[0], CORPUS[2]])

    assert asked @ wallpaper > asked @ floor


def test_composed_and_decomposed_text_have_the_same_vector() -> None:
    model = fit_lsa(CORPUS, 8, SETTINGS)
    decomposed = unicodedata.normalize("NFD", CORPUS[0])

    assert decomposed != CORPUS[0]
    assert np.array_equal(model.encode(decomposed), model.encode(CORPUS[0]))
    assert normalise(decomposed) == CORPUS[0]


def test_a_text_without_a_known_ngram_is_the_zero_vector() -> None:
    model = fit_lsa(CORPUS, 8, SETTINGS)

    assert not model.encode(["", "   ", "☂☂☂"]).any()


def test_fewer_texts_than_the_corpus_holds_may_span_the_space() -> None:
    settings = LsaSettings(min_df=1, word_min_df=1, max_texts=2)
    vectors = fit_lsa(CORPUS, 8, settings).encode(CORPUS)

    assert vectors[:, :2].any()
    assert not vectors[:, 2:].any()
    assert np.array_equal(vectors[::-1], fit_lsa(CORPUS[::-1], 8, settings).encode(CORPUS[::-1]))


def test_a_corpus_without_a_common_ngram_is_refused() -> None:
    with pytest.raises(InputError, match="2 different answers share no run of characters"):
        fit_lsa(["가나", "다라"], 8, LsaSettings(min_df=2))


@pytest.mark.slow
def test_fitting_twice_gives_the_same_files(known_rows: pd.DataFrame, tmp_path: Path) -> None:
    answers = answers_of(known_rows)
    for name in ("first", "second"):
        fit_embedder(answers, EmbedderSettings(), tmp_path / name)

    assert _digests(tmp_path / "first") == _digests(tmp_path / "second")


@pytest.mark.slow
def test_a_new_process_loads_it_as_any_model_and_makes_the_same_vectors(
    embedder: SentenceTransformer, embedder_path: Path
) -> None:
    text = "욕실 벽지에 곰팡이가 생기는 이유는 무엇인가요?"
    program = (
        "import json, sys; from sentence_transformers import SentenceTransformer; "
        "model = SentenceTransformer(sys.argv[1], device='cpu'); "
        "json.dump(model.encode(sys.argv[2]).tolist(), sys.stdout)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(embedder_path), text],
        capture_output=True,
        check=True,
        text=True,
        cwd=embedder_path,
    )

    assert json.loads(run.stdout) == embedder.encode(text).tolist()


def test_saved_models_hold_no_pickle_and_name_only_the_librarys_modules(
    embedder_path: Path,
) -> None:
    modules = json.loads((embedder_path / "modules.json").read_text(encoding="utf-8"))
    suffixes = {path.suffix for path in embedder_path.rglob("*") if path.is_file()}

    assert all(module["type"].startswith("sentence_transformers.") for module in modules)
    assert suffixes <= {".json", ".safetensors"}


def _digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
