from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hansol_assets.embedding.cached import Retriever
from hansol_assets.retrieval import index, search
from hansol_assets.retrieval.index import FrameRows, build_index
from hansol_assets.retrieval.search import IndexSearcher
from hansol_assets_tests.retrieval.conftest import ALL, DOCUMENTS, QUESTIONS, decomposed


@pytest.fixture
def searcher(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, retriever: Retriever
) -> IndexSearcher:
    build_index(tmp_path, "rows", FrameRows(rows, folds), retriever, "retriever-1", DOCUMENTS)
    return IndexSearcher(tmp_path, "rows", retriever)


def test_each_question_finds_its_own_row_first(searcher: IndexSearcher) -> None:
    hits = searcher.dense([pair[0] for pair in QUESTIONS.values()], 3, ALL)

    assert [own[0].id for own in hits] == list(QUESTIONS)
    assert [hit.rank for hit in hits[0]] == [1, 2, 3]


def test_a_hit_brings_the_row_along_and_is_not_ranked_yet(searcher: IndexSearcher) -> None:
    (hit,) = searcher.pools(["결로는 왜 생겨요?"], 1, ALL)[0]

    assert hit.questions == QUESTIONS["TRAIN_2"]
    assert hit.answers[0] == "차가운 벽에 습기가 닿아 맺힙니다."
    assert (hit.dense_rank, hit.fts_rank, hit.probability) == (1, 1, 0)
    assert len(hit.row_key) == 64


def test_a_word_is_found_whatever_its_ending(searcher: IndexSearcher) -> None:
    hits = searcher.full_text(["단열재만으로도 될까요?", "줄눈까지도 갈라집니다"], 1, ALL)

    assert [own[0].id for own in hits] == ["TRAIN_4", "TRAIN_5"]


def test_any_word_of_a_question_may_match(searcher: IndexSearcher) -> None:
    (hit,) = searcher.full_text(["지붕 위의 태양광과 강마루"], 5, ALL)[0]

    assert hit.id == "TRAIN_3"


def test_dense_search_finds_a_row_by_its_answers(searcher: IndexSearcher) -> None:
    question = "스티로폼과 우레탄"

    assert searcher.full_text([question], 1, ALL) == [[]]
    assert searcher.dense([question], 1, ALL)[0][0].id == "TRAIN_4"


def test_only_the_asked_splits_are_searched_and_they_fill_the_ranks(
    searcher: IndexSearcher,
) -> None:
    question = QUESTIONS["TRAIN_5"][0]
    for mode in (searcher.dense, searcher.full_text):
        found = mode([question], 5, ["training"])[0]
        assert {hit.id for hit in found} <= {"TRAIN_1", "TRAIN_2", "TRAIN_3"}
        assert [hit.rank for hit in found] == list(range(1, len(found) + 1))
    assert searcher.pools([question], 1, ["validation"])[0][0].id == "TRAIN_5"


def test_a_pool_is_what_either_search_finds_each_row_once(searcher: IndexSearcher) -> None:
    for question in ("벽지와 벽", "강마루 단열재"):
        (dense,) = searcher.dense([question], 2, ALL)
        (full_text,) = searcher.full_text([question], 2, ALL)
        (pool,) = searcher.pools([question], 2, ALL)

        ids = [hit.id for hit in pool]
        assert ids == list(dict.fromkeys(hit.id for hit in (*dense, *full_text)))
        assert [hit.rank for hit in pool] == list(range(1, len(pool) + 1))
        by_id = {hit.id: hit for hit in pool}
        assert all(by_id[hit.id].dense_rank == hit.rank for hit in dense)
        assert all(by_id[hit.id].fts_rank == hit.rank for hit in full_text)


def test_a_batch_finds_what_its_questions_find_alone(searcher: IndexSearcher) -> None:
    questions = [question for pair in QUESTIONS.values() for question in pair]

    assert searcher.pools(questions, 5, ALL) == [
        searcher.pools([question], 5, ALL)[0] for question in questions
    ]


def test_decomposed_questions_find_the_same(searcher: IndexSearcher) -> None:
    question = QUESTIONS["TRAIN_3"][1]

    assert searcher.pools([decomposed(question)], 5, ALL) == searcher.pools([question], 5, ALL)


def test_an_older_version_can_be_searched(
    searcher: IndexSearcher,
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    retriever: Retriever,
) -> None:
    build_index(
        tmp_path,
        "rows",
        FrameRows(rows.iloc[:1], folds),
        retriever,
        "retriever-1",
        DOCUMENTS,
    )
    older = IndexSearcher(tmp_path, "rows", retriever, searcher.version)
    newest = IndexSearcher(tmp_path, "rows", retriever)
    question = QUESTIONS["TRAIN_2"][0]

    assert older.pools([question], 1, ALL)[0][0].id == "TRAIN_2"
    assert {hit.id for hit in newest.pools([question], 5, ALL)[0]} <= {"TRAIN_1"}


@pytest.mark.parametrize("question", ["", "?!", "☂"])
def test_a_question_without_a_known_word_finds_nothing(
    searcher: IndexSearcher, question: str
) -> None:
    assert searcher.pools([question], 5, ALL) == [[]]
    assert searcher.pools([], 5, ALL) == []


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    question=st.text(alphabet="벽지 결로AND OR NOT\"'()[]{}^~*?:\\/+-!&|", min_size=1, max_size=30)
)
def test_nothing_in_a_question_is_query_syntax(searcher: IndexSearcher, question: str) -> None:
    for hit in searcher.pools([question], 5, ALL)[0]:
        assert hit.id in QUESTIONS


@pytest.mark.parametrize("split", ["it's", "' OR ''='"])
def test_a_split_is_a_name_not_sql(searcher: IndexSearcher, split: str) -> None:
    assert searcher.pools([QUESTIONS["TRAIN_1"][0]], 5, [split]) == [[]]


@pytest.mark.parametrize("splits", [ALL, ALL[:1], ("nowhere",)])
def test_an_index_over_vectors_finds_what_comparing_with_every_row_does(
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    retriever: Retriever,
    splits: tuple[str, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    many = pd.concat([rows.assign(id=rows["id"] + f"_{turn}") for turn in range(60)])
    dealt = pd.concat([folds.assign(id=folds["id"] + f"_{turn}") for turn in range(60)])
    asked = [pair[0] for pair in QUESTIONS.values()]
    monkeypatch.setattr(index, "EXACT_ROWS", 0)
    build_index(tmp_path, "rows", FrameRows(many, dealt), retriever, "retriever-1", DOCUMENTS)

    wanted = IndexSearcher(tmp_path, "rows", retriever).dense(asked, 5, splits)
    monkeypatch.setattr(search, "EXACT_ROWS", 0)
    found = IndexSearcher(tmp_path, "rows", retriever).dense(asked, 5, splits)
    assert [[hit.questions for hit in own] for own in found] == [
        [hit.questions for hit in own] for own in wanted
    ]
    assert all(len(own) == (0 if splits == ("nowhere",) else 5) for own in wanted)
