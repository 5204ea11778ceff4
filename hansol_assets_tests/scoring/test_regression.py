from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.fitted import load, save
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import highest, unit
from hansol_assets.scoring import question_views, regression
from hansol_assets.scoring.question_views import VIEW_WEIGHTS, FeatureSpace, QuestionViews
from hansol_assets.scoring.regression import (
    AnswerVectorRegressor,
    Strength,
    choose_temperature,
    nearest_rows,
)

QUESTIONS = [
    "실크벽지의 장점은 무엇인가요?",
    "합지벽지의 단점은 무엇인가요?",
    "강마루는 어떻게 시공하나요?",
    "장판의 수명은 얼마나 되나요?",
]


@pytest.fixture(scope="module")
def views(embedder: MuseEmbedder) -> QuestionViews:
    return QuestionViews.of(QUESTIONS, embedder)


def test_a_question_is_nearest_to_itself_and_its_like(views: QuestionViews) -> None:
    features = FeatureSpace.fit(views.texts, views.morphemes).transform(views)
    distances = features.squared_distances(features)

    assert np.diagonal(distances) == pytest.approx(np.zeros(4), abs=1e-6)
    assert distances[0, 1] == distances[0, 1:].min()


def test_a_view_without_weight_does_not_count(
    views: QuestionViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    sentence_only = dict.fromkeys(VIEW_WEIGHTS, 0.0) | {"sentence": 2.0}
    monkeypatch.setattr(question_views, "VIEW_WEIGHTS", sentence_only)
    features = FeatureSpace.fit(views.texts, views.morphemes).transform(views)
    cosines = views.vectors @ views.vectors.T

    assert features.squared_distances(features) == pytest.approx(2 - 2 * cosines, abs=1e-6)


def test_without_a_penalty_known_questions_get_their_own_vector(views: QuestionViews) -> None:
    targets = np.eye(4, 512)
    regressor = AnswerVectorRegressor.fit(views, targets, Strength(1e-9, 0.0))

    assert regressor.predict(views) == pytest.approx(targets, abs=1e-3)


def test_under_a_heavy_penalty_the_mean_and_the_questions_own_words_remain(
    views: QuestionViews,
) -> None:
    targets = np.eye(4, 512)
    regressor = AnswerVectorRegressor.fit(views, targets, Strength(1e9, 0.3))

    assert regressor.predict(views) == pytest.approx(
        unit(targets.mean(axis=0)) + 0.3 * views.own_vectors, abs=1e-6
    )


def test_landmarks_are_the_first_questions_and_all_questions_are_learned_from(
    views: QuestionViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = np.random.default_rng(2).normal(size=(4, 512))
    monkeypatch.setattr(regression, "LANDMARKS", 2)
    few = AnswerVectorRegressor.fit(views, targets, Strength(1.0, 0.0))
    first = views.first(2)
    fewer = AnswerVectorRegressor.fit(first, targets[:2], Strength(1.0, 0.0))

    assert not np.allclose(few.predict(first), fewer.predict(first))


def test_the_strength_that_does_best_on_held_out_questions_is_chosen(
    views: QuestionViews, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regression, "ALPHAS", (0.01, 1e6))
    monkeypatch.setattr(regression, "OWN_SHARES", (0.0, 1.0))
    own = views.own_vectors
    noise = np.random.default_rng(0).normal(size=own.shape)

    def chosen(targets: np.ndarray, held_out: np.ndarray) -> Strength:
        fit = AnswerVectorRegressor.fit_best
        return fit(views, targets, views, held_out).strength

    # Answers that have nothing to do with the question are learned by heart, or not at all.
    assert chosen(noise, noise).alpha == 0.01
    assert chosen(noise, own).own_share == 1.0
    assert chosen(noise, -own).own_share == 0.0


def test_a_saved_regression_predicts_the_same(
    views: QuestionViews, embedder: MuseEmbedder, tmp_path: Path
) -> None:
    targets = np.random.default_rng(1).normal(size=(4, 512))
    regressor = AnswerVectorRegressor.fit(views, targets, Strength(1.0, 0.2))
    save(regressor, tmp_path)
    loaded = load(AnswerVectorRegressor, tmp_path)
    asked = QuestionViews.of(["벽지의 수명은 얼마나 되나요?"], embedder)

    assert np.array_equal(loaded.predict(asked), regressor.predict(asked))
    assert loaded.strength == regressor.strength
    files = (path for path in tmp_path.rglob("*") if path.is_file())
    assert {path.suffix for path in files} == {".safetensors", ".json"}


ROWS = np.array([[1.0, 0.2], [0.2, 1.0], [-1.0, 0.1]])
CENTROID = ROWS.mean(axis=0)


def test_the_row_with_the_nearest_answer_comes_first() -> None:
    found = nearest_rows(np.array([[1.0, 0.0], [0.0, 1.0]]), ROWS, 2)

    assert found.rows[:, 0].tolist() == [0, 1]
    assert (found.cosines[:, 0] >= found.cosines[:, 1]).all()


def test_of_equally_near_rows_the_first_comes_first() -> None:
    found = nearest_rows(np.array([[1.0, 0.0]]), np.vstack([ROWS, ROWS]), 6)

    assert found.rows.tolist() == [[0, 3, 1, 4, 2, 5]]


def test_a_low_temperature_leaves_one_row_and_a_high_one_all() -> None:
    found = nearest_rows(np.array([[1.0, 0.1]]), ROWS, 3)

    assert found.mix(ROWS, 1e-3) == pytest.approx(ROWS[:1])
    assert found.mix(ROWS, 1e6) == pytest.approx(CENTROID[None], abs=1e-3)


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
def test_so_many_rows_weigh_something_and_all_weights_add_up(seed: int, count: int) -> None:
    generator = np.random.default_rng(seed)
    rows = unit(generator.normal(size=(10, 4)))
    weights = nearest_rows(generator.normal(size=(3, 4)), rows, count).weights(0.5)

    assert weights.shape == (3, min(count, 10))
    assert weights.sum(axis=1) == pytest.approx(np.ones(3))
    assert (np.diff(weights, axis=1) <= 0).all()


def test_many_questions_are_answered_as_one_by_one() -> None:
    generator = np.random.default_rng(0)
    rows, asked = unit(generator.normal(size=(40, 8))), generator.normal(size=(300, 8))
    together = nearest_rows(asked, rows, 5)

    assert together.rows[299].tolist() == nearest_rows(asked[299:], rows, 5).rows[0].tolist()


def test_the_temperature_that_does_best_on_held_out_questions_is_chosen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(regression, "TEMPERATURES", (0.01, 100.0))
    asked = np.array([[1.0, 0.2]])

    assert choose_temperature(asked, unit(ROWS[:1]), ROWS) == 0.01
    assert choose_temperature(asked, unit(CENTROID[None]), ROWS) == 100.0


@given(st.integers(0, 2**32 - 1), st.integers(0, 12))
def test_the_highest_are_those_that_sorting_finds(seed: int, count: int) -> None:
    # So few values that many are equal.
    scores = np.random.default_rng(seed).integers(0, 4, (5, 12)) / 4
    wanted = np.argsort(-scores, axis=1, kind="stable")[:, :count]
    assert np.array_equal(highest(scores, count), wanted)
