"""A sound base model, an adapter of it, and another base model, made once."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.modeling.base.base_model import train_base_model
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.tokenizer import render_document
from hansol_assets.modeling.training.adapter import TrainAdapter
from hansol_assets_tests.bad_input.place import Place
from hansol_assets_tests.modeling.conftest import (
    PAIRS,
    ignore,
    small_base_settings,
    small_training_settings,
    user,
)


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models")
    documents = [render_document(user(question), answer) for question, answer in PAIRS]
    train_base_model(documents, small_base_settings(steps=1).scratch, folder / "base", ignore)
    other = small_base_settings(steps=1, vocab_size=500, hidden_size=48)
    train_base_model(documents, other.scratch, folder / "other", ignore)
    examples = pd.DataFrame(
        [(user(question), answer) for question, answer in PAIRS], columns=["messages", "answer"]
    )
    TrainAdapter(
        folder / "base",
        examples,
        examples.iloc[:0],
        small_training_settings(max_steps=1),
        folder / "adapter",
        folder / "checkpoints",
        LoadingSettings(),
    ).run()
    return folder


@pytest.fixture(scope="session")
def good_lake(tmp_path_factory: pytest.TempPathFactory, models: Path) -> Path:
    """A lake with one good table; only to be copied."""
    place = place_in(tmp_path_factory.mktemp("good"), models)
    place.make_good()
    return place.root


@pytest.fixture
def place(tmp_path: Path, models: Path, good_lake: Path) -> Place:
    shutil.copytree(good_lake, tmp_path / "lake")
    return place_in(tmp_path, models)


def place_in(folder: Path, models: Path) -> Place:
    return Place(folder, models / "base", models / "adapter", models / "other")
