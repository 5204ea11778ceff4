"""The two roles of one encoder, and what stands in where the default one is not to be had."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from hansol_assets.embedding import embedder as embedders
from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.e5 import E5, HUB_ID
from hansol_assets.embedding.embedder import EmbedderSettings, RetrieverSettings, retriever_facts
from hansol_assets.embedding.installed import InstalledWeights
from hansol_assets.hub.download import ModelUnavailableError

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Remembering:
    """An encoder that keeps what it was given; vectors are of no length in particular."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def get_embedding_dimension(self) -> int:
        return 2

    def encode(self, texts: Sequence[str], /, **_: Any) -> np.ndarray:
        self.texts += texts
        return np.array([[len(text), 0 if text == "p: " else 3] for text in texts], np.float32)


def test_questions_and_passages_stand_behind_their_prefixes() -> None:
    encoder = Remembering()
    retriever = Retriever(encoder, "q: ", "p: ")
    questions, passages = retriever.queries(["가", "나"]), retriever.passages(["가"])

    assert encoder.texts == ["q: 가", "q: 나", "p: 가"]
    assert np.linalg.norm([*questions, *passages], axis=1) == pytest.approx(np.ones(3))
    assert retriever.queries([]).shape == (0, 2)


def test_e5_finds_rows_and_muse_places_answers() -> None:
    retriever, embedder = RetrieverSettings(), EmbedderSettings()

    assert (retriever.kind, retriever.dimensions) == ("e5", 384)
    assert (embedder.kind, embedder.dimensions) == ("muse", 512)
    assert retriever.pinned.revision == E5.version
    assert retriever_facts(retriever.pinned) == {
        "dimensions": 384,
        "model": "e5",
        "revision": "0.3.0",
        "query_prefix": "query: ",
        "passage_prefix": "passage: ",
    }


def test_another_kind_can_be_said_alone() -> None:
    muse = RetrieverSettings(kind="muse")

    assert (muse.dimensions, muse.query_prefix, muse.passage_prefix) == (512, "", "")
    assert EmbedderSettings(kind="e5", dimensions=384).pinned.revision == "0.3.0"
    with pytest.raises(ValidationError, match="384 dimensions"):
        RetrieverSettings(dimensions=512)


@pytest.fixture
def without_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine than Linux on x86-64."""
    monkeypatch.setattr(InstalledWeights, "is_installed", property(lambda item: item is not E5))


@pytest.mark.usefixtures("without_package")
def test_without_the_package_the_same_model_comes_from_the_hub(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(embedders, "commit_of", lambda _: COMMIT)
    pinned = RetrieverSettings().pinned

    assert (pinned.kind, pinned.model_id, pinned.revision) == ("hub", HUB_ID, COMMIT)
    assert (pinned.dimensions, pinned.query_prefix) == (384, "query: ")
    assert pinned.pinned == pinned


@pytest.mark.usefixtures("without_package")
def test_without_package_and_network_the_encoder_of_the_answers_finds_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def out_of_reach(_: object) -> str:
        raise ModelUnavailableError(HUB_ID)

    monkeypatch.setattr(embedders, "commit_of", out_of_reach)
    pinned = RetrieverSettings().pinned

    assert (pinned.kind, pinned.dimensions, pinned.revision) == ("muse", 512, "0.2.1")
    assert (pinned.query_prefix, pinned.passage_prefix) == ("", "")


@pytest.mark.usefixtures("without_package")
def test_a_retriever_that_is_chosen_needs_no_package() -> None:
    assert RetrieverSettings(kind="muse").pinned.kind == "muse"
