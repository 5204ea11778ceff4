from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansol_assets.retrieval.index import RetrievalSettings, build_index
from hansol_assets.retrieval.rows import FrameRows
from hansol_assets.retrieval.search import HybridSearcher
from hansol_assets_tests.retrieval.conftest import ALL, QUESTIONS, decomposed

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SETTINGS = RetrievalSettings()


@pytest.fixture
def searcher(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, embedder: "SentenceTransformer"
) -> HybridSearcher:
    build_index(
        tmp_path, "rows", FrameRows(rows, folds), embedder, "embedder-1", SETTINGS.documents
    )
    return HybridSearcher(tmp_path, "rows", embedder, SETTINGS)


def test_each_question_finds_its_own_row_first(searcher: HybridSearcher) -> None:
    hits = searcher.search([pair[0] for pair in QUESTIONS.values()], 3, ALL)

    assert [own[0].id for own in hits] == list(QUESTIONS)
    assert [hit.rank for hit in hits[0]] == [1, 2, 3]


def test_a_hit_brings_the_row_along(searcher: HybridSearcher) -> None:
    (hit,) = searcher.search(["결로가 생겨요."], 1, ALL)[0]

    assert hit.questions == QUESTIONS["TRAIN_2"]
    assert hit.answers[0] == "차가운 벽에 습기가 닿아 맺힙니다."
    assert hit.fts_rank == 1
    assert len(hit.row_key) == 64


def test_a_word_is_found_whatever_its_ending(searcher: HybridSearcher) -> None:
    hits = searcher.search_full_text(["단열재만으로도 될까요?", "줄눈까지도 갈라집니다"], 1, ALL)

    assert [own[0].id for own in hits] == ["TRAIN_4", "TRAIN_5"]


def test_any_word_of_a_question_may_match(searcher: HybridSearcher) -> None:
    (hit,) = searcher.search_full_text(["지붕 위의 태양광과 강마루"], 5, ALL)[0]

    assert hit.id == "TRAIN_3"


def test_dense_search_finds_a_row_by_its_answers(searcher: HybridSearcher) -> None:
    question = "스티로폼과 우레탄"

    assert searcher.search_full_text([question], 1, ALL) == [[]]
    assert searcher.search_dense([question], 1, ALL)[0][0].id == "TRAIN_4"


def test_only_the_asked_splits_are_searched_and_they_fill_the_ranks(
    searcher: HybridSearcher,
) -> None:
    question = QUESTIONS["TRAIN_5"][0]
    for search in (searcher.search, searcher.search_dense, searcher.search_full_text):
        found = search([question], 5, ["training"])[0]
        assert {hit.id for hit in found} <= {"TRAIN_1", "TRAIN_2", "TRAIN_3"}
        assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
    assert searcher.search([question], 1, ["validation"])[0][0].id == "TRAIN_5"


def test_fusion_adds_up_reciprocal_ranks(searcher: HybridSearcher) -> None:
    for hit in searcher.search(["벽지와 벽"], 5, ALL)[0]:
        dense = SETTINGS.dense_weight / (SETTINGS.rrf_k + hit.dense_rank) if hit.dense_rank else 0
        full_text = 1 / (SETTINGS.rrf_k + hit.fts_rank) if hit.fts_rank else 0
        assert hit.score == pytest.approx(dense + full_text)


def test_a_batch_finds_what_its_questions_find_alone(searcher: HybridSearcher) -> None:
    questions = [question for pair in QUESTIONS.values() for question in pair]

    assert searcher.search(questions, 5, ALL) == [
        searcher.search([question], 5, ALL)[0] for question in questions
    ]


def test_decomposed_questions_find_the_same(searcher: HybridSearcher) -> None:
    question = QUESTIONS["TRAIN_3"][1]

    assert searcher.search([decomposed(question)], 5, ALL) == searcher.search([question], 5, ALL)


def test_an_older_version_can_be_searched(
    searcher: HybridSearcher,
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    embedder: "SentenceTransformer",
) -> None:
    build_index(
        tmp_path,
        "rows",
        FrameRows(rows.iloc[:1], folds),
        embedder,
        "embedder-1",
        SETTINGS.documents,
    )
    older = HybridSearcher(tmp_path, "rows", embedder, SETTINGS, searcher.version)
    newest = HybridSearcher(tmp_path, "rows", embedder, SETTINGS)
    question = QUESTIONS["TRAIN_2"][0]

    assert older.search([question], 1, ALL)[0][0].id == "TRAIN_2"
    assert {hit.id for hit in newest.search([question], 5, ALL)[0]} <= {"TRAIN_1"}


@pytest.mark.parametrize("question", ["", "?!", "☂"])
def test_a_question_without_a_known_word_finds_nothing(
    searcher: HybridSearcher, question: str
) -> None:
    assert searcher.search([question], 5, ALL) == [[]]
    assert searcher.search([], 5, ALL) == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    question=st.text(alphabet="벽지 결로AND OR NOT\"'()[]{}^~*?:\\/+-!&|", min_size=1, max_size=30)
)
def test_nothing_in_a_question_is_query_syntax(searcher: HybridSearcher, question: str) -> None:
    for hit in searcher.search([question], 5, ALL)[0]:
        assert hit.id in QUESTIONS


@pytest.mark.parametrize("split", ["it's", "' OR ''='"])
def test_a_split_is_a_name_not_sql(searcher: HybridSearcher, split: str) -> None:
    assert searcher.search([QUESTIONS["TRAIN_1"][0]], 5, [split]) == [[]]


@pytest.mark.parametrize("splits", [ALL, ALL[:1], ("nowhere",)])
def test_an_index_over_vectors_finds_what_comparing_with_every_row_does(
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    embedder: "SentenceTransformer",
    splits: tuple[str, ...],
) -> None:
    many = pd.concat([rows.assign(id=rows["id"] + f"_{turn}") for turn in range(60)])
    dealt = pd.concat([folds.assign(id=folds["id"] + f"_{turn}") for turn in range(60)])
    documents = SETTINGS.documents
    build_index(
        tmp_path, "rows", FrameRows(many, dealt), embedder, "embedder-1", documents, exact_rows=0
    )
    asked = [pair[0] for pair in QUESTIONS.values()]
    exact, indexed = (
        HybridSearcher(tmp_path, "rows", embedder, SETTINGS.model_copy(update={"exact_rows": most}))
        for most in (1_000, 0)
    )

    found = indexed.search_dense(asked, 5, splits)
    wanted = exact.search_dense(asked, 5, splits)
    assert [[hit.questions for hit in own] for own in found] == [
        [hit.questions for hit in own] for own in wanted
    ]
    assert all(len(own) == (0 if splits == ("nowhere",) else 5) for own in wanted)
