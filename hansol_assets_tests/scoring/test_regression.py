from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from hansol_assets.scoring.features import QuestionFeatures, QuestionViews
from hansol_assets.scoring.regression import (
    AnswerVectorRegressor,
    RegressionSettings,
    Strength,
    choose_strength,
)

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

QUESTIONS = [
    "실크벽지의 장점은 무엇인가요?",
    "합지벽지의 단점은 무엇인가요?",
    "강마루는 어떻게 시공하나요?",
    "장판의 수명은 얼마나 되나요?",
]


@pytest.fixture(scope="module")
def views(embedder: "SentenceTransformer") -> QuestionViews:
    return QuestionViews.of(QUESTIONS, embedder)


def test_a_question_is_nearest_to_itself_and_its_like(views: QuestionViews) -> None:
    features = QuestionFeatures(views).transform(views)
    cosines = (features @ features.T).toarray()

    assert np.diagonal(cosines) == pytest.approx(np.ones(4), abs=1e-6)
    assert cosines[0, 1] == cosines[0, 1:].max()


def test_without_a_penalty_known_questions_get_their_own_vector(views: QuestionViews) -> None:
    targets = np.eye(4, 128)
    regressor = AnswerVectorRegressor.fit(views, targets, 0.5, Strength(1e-9, 0.0))

    assert regressor.predict(views) == pytest.approx(targets, abs=1e-5)


def test_under_a_heavy_penalty_the_mean_and_the_questions_own_words_remain(
    views: QuestionViews,
) -> None:
    targets = np.eye(4, 128)
    regressor = AnswerVectorRegressor.fit(views, targets, 0.5, Strength(1e9, 0.3))

    assert regressor.predict(views) == pytest.approx(
        targets.mean(axis=0) + 0.3 * views.own_vectors, abs=1e-6
    )


def test_the_strength_that_does_best_on_held_out_questions_is_chosen(
    views: QuestionViews,
) -> None:
    settings = RegressionSettings(alphas=(0.01, 1e6), own_shares=(0.0, 1.0))
    own = views.own_vectors
    noise = np.random.default_rng(0).normal(size=own.shape)

    # Answers that have nothing to do with the question are learned by heart, or not at all.
    assert choose_strength(views, noise, views, noise, settings).alpha == 0.01
    assert choose_strength(views, noise, views, own, settings).own_share == 1.0
    assert choose_strength(views, noise, views, -own, settings).own_share == 0.0


def test_a_saved_regression_predicts_the_same(views: QuestionViews, tmp_path: Path) -> None:
    targets = np.random.default_rng(1).normal(size=(4, 128))
    regressor = AnswerVectorRegressor.fit(views, targets, 0.5, Strength(1.0, 0.2))
    regressor.save(tmp_path / "regression")
    loaded = AnswerVectorRegressor.load(tmp_path / "regression")

    assert np.array_equal(loaded.predict(views), regressor.predict(views))
    assert loaded.strength == regressor.strength
    assert {path.suffix for path in (tmp_path / "regression").iterdir()} == {
        ".safetensors",
        ".json",
    }
