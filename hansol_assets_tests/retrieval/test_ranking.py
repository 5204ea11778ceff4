"""Rows in the order in which they answer."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.fitted import load, save
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval.examples import Prior, load_prior
from hansol_assets.retrieval.fitting import Fitter
from hansol_assets.retrieval.ranking import Ranker, RowSearcher, find_parts
from hansol_assets.retrieval.search import Hit, IndexSearcher
from hansol_assets_tests.retrieval.conftest import ALL, ANSWERS, DOCUMENTS, QUESTIONS


def test_the_row_that_answers_comes_first_with_its_probability(searcher: RowSearcher) -> None:
    for key, (_, asked) in QUESTIONS.items():
        (hits,) = searcher.search([asked], 5, ALL)

        assert hits[0].id == key
        assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
        probabilities = [hit.probability for hit in hits]
        assert probabilities == sorted(probabilities, reverse=True)
        assert sum(probabilities) <= 1
        assert searcher.confidence(hits) > 0.9


def test_off_the_subject_no_row_answers(searcher: RowSearcher) -> None:
    (hits,) = searcher.search(["기차표는 어디서 예매하나요?"], 5, ALL)

    assert hits
    assert searcher.confidence(hits) < 0.1
    assert searcher.confidence([]) == 0


def test_probabilities_do_not_depend_on_how_many_hits_are_asked_for(searcher: RowSearcher) -> None:
    question = QUESTIONS["TRAIN_1"][0]
    (few,), (more,) = (searcher.search([question], k, ALL) for k in (1, 3))

    assert few == more[:1]


def test_a_batch_is_ranked_as_its_questions_alone(searcher: RowSearcher) -> None:
    questions = [asked for asked, _ in QUESTIONS.values()]
    together = searcher.search(questions, 3, ALL)

    for question, hits in zip(questions, together, strict=True):
        (alone,) = searcher.search([question], 3, ALL)
        assert [hit.id for hit in hits] == [hit.id for hit in alone]
        assert [hit.probability for hit in hits] == pytest.approx(
            [hit.probability for hit in alone], abs=1e-3
        )
    assert searcher.search([], 3, ALL) == []


def test_only_the_asked_splits_are_ranked(searcher: RowSearcher) -> None:
    (hits,) = searcher.search([QUESTIONS["TRAIN_5"][0]], 5, ["training"])

    assert {hit.id for hit in hits} == {"TRAIN_1", "TRAIN_2", "TRAIN_3"}
    assert searcher.search([QUESTIONS["TRAIN_5"][0]], 5, ["nowhere"]) == [[]]


def test_equals_stand_in_the_order_of_their_ids(ranker: Ranker) -> None:
    twins = [
        Hit(key, key, rank, 0.0, rank, None, QUESTIONS["TRAIN_1"], ANSWERS["TRAIN_1"])
        for rank, key in enumerate(("b", "a"), start=1)
    ]
    (ranked,) = ranker.ranked([QUESTIONS["TRAIN_1"][0]], [twins])

    assert [hit.id for hit in ranked] == ["a", "b"]
    assert ranked[0].probability == ranked[1].probability < 0.5


@pytest.fixture(scope="module")
def prior(ranker: Ranker) -> Prior:
    """What ships, with the aspects of the encoder of these tests."""
    return Prior(load_prior().examples, ranker.features.aspects)


def fitted(
    index: IndexSearcher,
    retriever: Retriever,
    embedder: MuseEmbedder,
    prior: Prior,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
) -> tuple[Ranker, int, int]:
    fitter = Fitter(index, retriever, embedder, prior, DOCUMENTS)
    return fitter.fit(rows.merge(folds, on="id"))


def test_a_table_is_learned_from_but_for_its_validation_rows(
    index: IndexSearcher,
    retriever: Retriever,
    embedder: MuseEmbedder,
    prior: Prior,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
) -> None:
    ranker, known, unknown = fitted(index, retriever, embedder, prior, rows, folds)

    # Three training rows and one calibration row.
    assert (known, unknown) == (4, 4)
    held_out = set(" ".join(QUESTIONS["TRAIN_5"]).split())
    assert "줄눈" in held_out | {"줄눈"}
    assert "줄눈" not in ranker.features.terms.counts
    assert ranker.features.terms.rows == 4
    searcher = RowSearcher(index, ranker, 5)
    (hits,) = searcher.search([QUESTIONS["TRAIN_5"][1]], 3, ALL)
    assert hits[0].id == "TRAIN_5"


def test_rows_with_one_question_are_learned_from_only_as_unknown(
    index: IndexSearcher,
    retriever: Retriever,
    embedder: MuseEmbedder,
    prior: Prior,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
) -> None:
    single = rows.assign(questions=rows["questions"].str[:1])
    _, known, unknown = fitted(index, retriever, embedder, prior, single, folds)

    assert (known, unknown) == (0, 4)


def test_a_fitted_ranker_is_kept(
    ranker: Ranker, retriever: Retriever, embedder: MuseEmbedder, tmp_path: Path
) -> None:
    save(ranker, tmp_path)
    loaded = load(Ranker, tmp_path, retriever=retriever, embedder=embedder)
    hits = [Hit(key, key, 1, 0.0, 1, None, QUESTIONS[key], ANSWERS[key]) for key in QUESTIONS]
    asked = ["벽에 이슬이 맺혀요"]

    assert loaded.ranked(asked, [hits]) == ranker.ranked(asked, [hits])
    assert loaded.features.aspects.names == ranker.features.aspects.names
    assert loaded.features.terms == ranker.features.terms
    assert loaded.features.documents == ranker.features.documents
    assert loaded.model.none == ranker.model.none
    assert np.array_equal(loaded.model.slopes, ranker.model.slopes)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}


def found(question: str, searcher: RowSearcher, splits: tuple[str, ...] = ALL) -> list[str]:
    (parts,) = find_parts([question], searcher, 3, splits)
    return [part.hits[0].id for part in parts]


def test_two_questions_of_which_each_has_a_row_are_two(searcher: RowSearcher) -> None:
    question = "결로는 왜 생기고 강마루는 어떻게 까나요?"

    assert found(question, searcher) == ["TRAIN_2", "TRAIN_3"]
    (parts,) = find_parts([question], searcher, 3, ALL)
    assert [part.question for part in parts] == ["결로는 왜 생기고?", "강마루는 어떻게 까나요?"]
    assert min(part.confidence for part in parts) > 0.9


def test_one_stays_whole_where_a_part_has_no_row(searcher: RowSearcher) -> None:
    assert len(found("결로는 왜 생기고 여권은 어디서 만드나요?", searcher)) == 1
    # The row of the second part is not visible.
    assert (
        len(found("결로는 왜 생기고 줄눈이 갈라지면 어떻게 하나요?", searcher, ("training",))) == 1
    )


def test_one_stays_whole_where_one_row_answers_both_parts(searcher: RowSearcher) -> None:
    assert found("실크벽지의 때와 얼룩은 어떻게 지우나요?", searcher) == ["TRAIN_1"]


def test_questions_are_found_alike_in_any_company(searcher: RowSearcher) -> None:
    questions = [
        "결로는 왜 생기고 강마루는 어떻게 까나요?",
        "단열재의 종류를 알고 싶어요.",
        "결로는 왜 생기나요? 그리고 강마루는 어떻게 까나요?",
    ]
    together = find_parts(questions, searcher, 3, ALL)

    assert list(map(len, together)) == [2, 1, 2]
    assert together == [find_parts([own], searcher, 3, ALL)[0] for own in questions]
