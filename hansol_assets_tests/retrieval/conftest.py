import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import unit
from hansol_assets.retrieval.answerability import Answerability
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.features import FEATURES, PairFeatures, TermWeights
from hansol_assets.retrieval.index import DocumentSettings, FrameRows, build_index
from hansol_assets.retrieval.ranking import Ranker, RowSearcher
from hansol_assets.retrieval.search import IndexSearcher

QUESTIONS = {
    "TRAIN_1": ("실크벽지를 닦는 방법은?", "실크벽지의 때는 어떻게 지우나요?"),
    "TRAIN_2": ("결로는 왜 생기나요?", "벽에 물방울이 맺히는 원인은 무엇인가요?"),
    "TRAIN_3": ("강마루는 어떻게 까나요?", "강마루를 시공하는 순서를 알려 주세요."),
    "TRAIN_4": ("단열재에는 무엇이 있나요?", "단열재의 종류를 알고 싶어요."),
    "TRAIN_5": ("줄눈이 갈라지면 어떻게 하나요?", "타일 사이가 벌어졌을 때의 보수법은?"),
}
ANSWERS = {
    "TRAIN_1": ("젖은 천으로 가볍게 닦습니다.", "중성 세제를 묻힌 천으로 닦고 말립니다."),
    "TRAIN_2": (
        "차가운 벽에 습기가 닿아 맺힙니다.",
        "실내외 온도 차이가 크면 벽에 이슬이 맺힙니다.",
    ),
    "TRAIN_3": ("접착제를 바르고 바닥에 붙입니다.", "바닥을 고르고 접착제로 한 줄씩 붙입니다."),
    "TRAIN_4": ("스티로폼과 유리면이 있습니다.", "압출법 단열판, 유리면, 우레탄이 있습니다."),
    "TRAIN_5": ("줄눈을 긁어내고 다시 채웁니다.", "낡은 줄눈을 파내고 새 줄눈재로 메웁니다."),
}
SPLITS = {
    "TRAIN_1": "training",
    "TRAIN_2": "training",
    "TRAIN_3": "training",
    "TRAIN_4": "calibration",
    "TRAIN_5": "validation",
}
DOCUMENTS = DocumentSettings()
ALL = ("training", "calibration", "validation")


def decomposed(text: str) -> str:
    return unicodedata.normalize("NFD", text)


@pytest.fixture
def rows() -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "id": key,
                "questions": list(QUESTIONS[key]),
                "category": "마감재",
                "answers": list(ANSWERS[key]),
            }
            for key in QUESTIONS
        ]
    )


@pytest.fixture
def folds() -> pd.DataFrame:
    return pd.DataFrame({"id": SPLITS.keys(), "fold": range(len(SPLITS)), "split": SPLITS.values()})


@pytest.fixture(scope="session")
def embedder() -> MuseEmbedder:
    return MuseEmbedder()


@pytest.fixture(scope="session")
def retriever(embedder: MuseEmbedder) -> Retriever:
    """An encoder that is loaded in a second: where it matters which one it is, ask for `e5`."""
    return Retriever(embedder)


SIDES = {
    "advantage": ["실크벽지의 장점은?", "타일이 좋은 점은 무엇인가요?", "advantages of cork"],
    "drawback": ["실크벽지의 단점은?", "타일이 나쁜 점은 무엇인가요?", "drawbacks of cork"],
    "price": ["실크벽지는 얼마인가요?", "타일의 가격이 궁금해요", "price of cork"],
}
"""Aspect → questions that a small model of aspects learns from."""


def both(
    retriever: Retriever, embedder: MuseEmbedder, texts: Sequence[str]
) -> tuple[np.ndarray, np.ndarray]:
    """The vectors that the aspect of a question is told from."""
    return retriever.queries(texts), unit(encode(embedder, texts))


@pytest.fixture(scope="session")
def features(retriever: Retriever, embedder: MuseEmbedder) -> PairFeatures:
    told = [(text, name) for name, own in SIDES.items() for text in own]
    texts, names = zip(*told, strict=True)
    aspects = Aspects.fit(*both(retriever, embedder, texts), names)
    terms = TermWeights.fit(list(QUESTIONS.values()))
    return PairFeatures(retriever, embedder, terms, aspects, DOCUMENTS)


@pytest.fixture(scope="session")
def ranker(features: PairFeatures) -> Ranker:
    """Goes by the margin of questions alone: even odds at 0.6."""
    slopes = 25 * np.eye(len(FEATURES))[FEATURES.index("question_margin")]
    model = Answerability(0.6 * np.ones(len(FEATURES)), slopes, 0.0, np.array([0.0, 1.0, 0.0]))
    return Ranker(features, model)


@pytest.fixture
def index(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> IndexSearcher:
    uri = tmp_path / "index"
    build_index(uri, "rows", FrameRows(rows, folds), retriever, "retriever-1", DOCUMENTS)
    return IndexSearcher(uri, "rows", retriever)


@pytest.fixture
def searcher(index: IndexSearcher, ranker: Ranker) -> RowSearcher:
    return RowSearcher(index, ranker, depth=3)
