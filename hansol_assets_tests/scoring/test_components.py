from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.vectors import unit
from hansol_assets.scoring.components import (
    COMPONENTS,
    Choices,
    ComponentModel,
    ComponentSettings,
    choose,
)
from hansol_assets.scoring.cosine import reference_cosines
from hansol_assets.scoring.evaluate import embed_references
from hansol_assets.scoring.regression import Strength

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SETTINGS = ComponentSettings()
CHOICES = Choices(Strength(alpha=1.0, own_share=0.2), temperature=0.2)
NOTHING = np.zeros((0, 128))


@pytest.fixture(scope="module")
def model(known_rows: pd.DataFrame, embedder: "SentenceTransformer") -> ComponentModel:
    return ComponentModel.fit(known_rows, embedder, CHOICES, SETTINGS)


def test_every_component_is_a_direction_a_question(model: ComponentModel) -> None:
    questions = [["벽지가 들뜨면 어떻게 하나요?"], ["장판은 무엇인가요?", "결로는 왜 생기나요?"]]
    generated = [[np.eye(2, 128)], [NOTHING, NOTHING]]
    components = model.components(questions, generated)

    assert set(components) == set(COMPONENTS)
    for name, vectors in components.items():
        expected = [1, 0] if name == "generated" else [1, 1]
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(expected), name


def test_a_joined_question_lies_halfway_between_its_parts(model: ComponentModel) -> None:
    first, second = ["벽지가 들뜨면 어떻게 하나요?"], ["결로는 왜 생기나요?"]
    alone = model.components([first, second], [[NOTHING], [NOTHING]])
    joined = model.components([first + second], [[NOTHING, NOTHING]])

    for name in set(COMPONENTS) - {"generated"}:
        assert joined[name][0] == pytest.approx(unit(alone[name].sum(axis=0)), abs=1e-6), name


def test_unseen_questions_are_answered_better_than_by_the_centroid(
    model: ComponentModel, unseen_rows: pd.DataFrame, embedder: "SentenceTransformer"
) -> None:
    parts = [[question] for question in unseen_rows["questions"].str[0]]
    components = model.components(parts, [[NOTHING]] * len(parts))
    references = embed_references(unseen_rows["answers"].tolist(), embedder)
    scores = {
        name: reference_cosines(vectors, references).mean() for name, vectors in components.items()
    }

    assert scores["regression"] > scores["centroid"]
    assert scores["retrieved"] > scores["centroid"]


def test_rows_weigh_more_the_nearer_their_answers_are(model: ComponentModel) -> None:
    estimates = model.components([["실크벽지의 장점은 무엇인가요?"]], [[NOTHING]])["regression"]
    weights = model.row_weights(estimates)

    assert weights.shape == (1, len(model.row_ids))
    assert weights.sum() == pytest.approx(1)
    assert (weights > 0).sum() == SETTINGS.neighbours.count


def test_choices_are_among_the_settings_and_are_kept(
    known_rows: pd.DataFrame,
    unseen_rows: pd.DataFrame,
    embedder: "SentenceTransformer",
    tmp_path: Path,
) -> None:
    choices = choose(known_rows, unseen_rows, embedder, SETTINGS)
    choices.save(tmp_path / "choices.json")

    assert choices.strength.alpha in SETTINGS.regression.alphas
    assert choices.strength.own_share in SETTINGS.regression.own_shares
    assert choices.temperature in SETTINGS.neighbours.temperatures
    assert Choices.load(tmp_path / "choices.json") == choices


def test_short_answers_can_be_learned_from_as_questions(
    known_rows: pd.DataFrame, embedder: "SentenceTransformer"
) -> None:
    asked = [["벽이 젖으면 종이가 떨어집니다."]]
    with_answers, without = (
        ComponentModel.fit(
            known_rows, embedder, CHOICES, ComponentSettings(answers_as_questions=count)
        ).components(asked, [[NOTHING]])
        for count in (1, 0)
    )

    assert not np.array_equal(with_answers["regression"], without["regression"])
    assert np.array_equal(with_answers["centroid"], without["centroid"])


def test_fitting_twice_gives_the_same_components(
    model: ComponentModel, known_rows: pd.DataFrame, embedder: "SentenceTransformer"
) -> None:
    again = ComponentModel.fit(known_rows, embedder, CHOICES, SETTINGS)
    parts = [["타일 줄눈은 왜 갈라지나요?"]]
    first, second = (one.components(parts, [[NOTHING]]) for one in (model, again))

    assert all(np.array_equal(first[name], second[name]) for name in COMPONENTS)
