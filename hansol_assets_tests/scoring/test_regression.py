from pathlib import Path

import numpy as np
import pytest

from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.features import FeatureSpace, QuestionViews
from hansol_assets.scoring.regression import (
    AnswerVectorRegressor,
    RegressionSettings,
    Strength,
    ViewWeights,
)

QUESTIONS = [
    "실크벽지의 장점은 무엇인가요?",
    "합지벽지의 단점은 무엇인가요?",
    "강마루는 어떻게 시공하나요?",
    "장판의 수명은 얼마나 되나요?",
]
SETTINGS = RegressionSettings()
WEIGHTS = ViewWeights().by_view


@pytest.fixture(scope="module")
def views(embedder: MuseEmbedder) -> QuestionViews:
    return QuestionViews.of(QUESTIONS, embedder)


def test_a_question_is_nearest_to_itself_and_its_like(views: QuestionViews) -> None:
    features = FeatureSpace.fit(views.texts, views.morphemes, WEIGHTS).transform(views)
    distances = features.squared_distances(features)

    assert np.diagonal(distances) == pytest.approx(np.zeros(4), abs=1e-6)
    assert distances[0, 1] == distances[0, 1:].min()


def test_a_view_without_weight_does_not_count(views: QuestionViews, embedder: MuseEmbedder) -> None:
    sentence_only = dict.fromkeys(WEIGHTS, 0.0) | {"sentence": 2.0}
    features = FeatureSpace.fit(views.texts, views.morphemes, sentence_only).transform(views)
    cosines = views.vectors @ views.vectors.T

    assert features.squared_distances(features) == pytest.approx(2 - 2 * cosines, abs=1e-6)


def test_without_a_penalty_known_questions_get_their_own_vector(views: QuestionViews) -> None:
    targets = np.eye(4, 512)
    regressor = AnswerVectorRegressor.fit(views, targets, SETTINGS, Strength(1e-9, 0.0))

    assert regressor.predict(views) == pytest.approx(targets, abs=1e-3)


def test_under_a_heavy_penalty_the_mean_and_the_questions_own_words_remain(
    views: QuestionViews,
) -> None:
    targets = np.eye(4, 512)
    regressor = AnswerVectorRegressor.fit(views, targets, SETTINGS, Strength(1e9, 0.3))

    assert regressor.predict(views) == pytest.approx(
        unit(targets.mean(axis=0)) + 0.3 * views.own_vectors, abs=1e-6
    )


def test_landmarks_are_the_first_questions_and_all_questions_are_learned_from(
    views: QuestionViews,
) -> None:
    targets = np.random.default_rng(2).normal(size=(4, 512))
    settings = RegressionSettings(landmarks=2)
    few = AnswerVectorRegressor.fit(views, targets, settings, Strength(1.0, 0.0))
    first = QuestionViews(
        views.texts[:2], views.morphemes[:2], views.vectors[:2], views.keyword_vectors[:2]
    )
    fewer = AnswerVectorRegressor.fit(first, targets[:2], settings, Strength(1.0, 0.0))

    assert not np.allclose(few.predict(first), fewer.predict(first))


def test_the_strength_that_does_best_on_held_out_questions_is_chosen(
    views: QuestionViews,
) -> None:
    settings = RegressionSettings(alphas=(0.01, 1e6), own_shares=(0.0, 1.0))
    own = views.own_vectors
    noise = np.random.default_rng(0).normal(size=own.shape)

    def chosen(targets: np.ndarray, held_out: np.ndarray) -> Strength:
        fit = AnswerVectorRegressor.fit_best
        return fit(views, targets, views, held_out, settings).strength

    # Answers that have nothing to do with the question are learned by heart, or not at all.
    assert chosen(noise, noise).alpha == 0.01
    assert chosen(noise, own).own_share == 1.0
    assert chosen(noise, -own).own_share == 0.0


def test_a_saved_regression_predicts_the_same(
    views: QuestionViews, embedder: MuseEmbedder, tmp_path: Path
) -> None:
    targets = np.random.default_rng(1).normal(size=(4, 512))
    regressor = AnswerVectorRegressor.fit(views, targets, SETTINGS, Strength(1.0, 0.2))
    regressor.save(tmp_path / "regression")
    loaded = AnswerVectorRegressor.load(tmp_path / "regression")
    asked = QuestionViews.of(["벽지의 수명은 얼마나 되나요?"], embedder)

    assert np.array_equal(loaded.predict(asked), regressor.predict(asked))
    assert loaded.strength == regressor.strength
    assert {path.suffix for path in (tmp_path / "regression").iterdir()} == {
        ".safetensors",
        ".json",
    }
