"""A released model of each architecture through the whole graph, up to its submission.

The model is a small random checkpoint, and the embedder the offline one; all else is the profile's.
Every profile trains and answers in `hansol_assets_tests/modeling/base/test_released_models.py`.
"""

from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from hansol_assets.lake.store import Lake
from hansol_assets.profile_files import PROFILES_DIRECTORY
from hansol_assets.settings import load_settings
from hansol_assets_tests.graph import GraphRun, begin_with_texts_of, run_graph
from hansol_assets_tests.modeling.checkpoints import (
    TOKENIZERS,
    pickle_weights,
    write_small_checkpoint,
)

SMALL = {
    "folds": {"count": 6, "validation": 1, "calibration": 1},
    "embedder": {"kind": "muse", "model_id": None},
    "training": {
        "max_steps": 2,
        "max_examples": 8,
        "gradient_accumulation": 1,
        "evaluations": 1,
        "max_held_out": 2,
    },
    "generation": {"max_new_tokens": 6, "max_prompt_tokens": 256, "samples": 1},
}

pytestmark = pytest.mark.slow


def architecture(profile: str) -> str:
    shape = load_settings(profile=profile).base_model.facts.shape
    assert shape is not None
    return shape.model_type


PROFILES = sorted({architecture(profile): profile for profile in sorted(TOKENIZERS)}.values())


@pytest.fixture(scope="module")
def lake_dir(texts: Lake, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One lake for all profiles: what does not depend on the model is made once."""
    folder = tmp_path_factory.mktemp("lake")
    begin_with_texts_of(texts, folder)
    return folder


def run(profile: str, lake_dir: Path, raw_dir: Path, instance: dg.DagsterInstance) -> GraphRun:
    source = lake_dir.with_name("released") / profile
    released = load_settings(profile=profile).base_model
    assert released.facts.shape is not None
    write_small_checkpoint(profile, released.facts.shape, source)
    if released.hub.weights == "converted":
        pickle_weights(source)
    return run_graph(
        lake_dir,
        raw_dir,
        instance,
        select=dg.AssetSelection.assets("submission").upstream(),
        profile=PROFILES_DIRECTORY / f"{profile}.yaml",
        base_model={"hub": {"model_id": str(source)}},
        **SMALL,
    )


@pytest.mark.parametrize("profile", PROFILES)
def test_a_profile_submits(
    profile: str, lake_dir: Path, raw_dir: Path, instance: dg.DagsterInstance
) -> None:
    done = run(profile, lake_dir, raw_dir, instance)
    assert done.failures == {}
    latest = done.lake.paths.latest_submission / "submission.csv"
    frame = pd.read_csv(latest)
    template = pd.read_csv(raw_dir / "sample_submission.csv")
    assert frame["id"].tolist() == template["id"].tolist()
    assert np.isfinite(frame.drop(columns="id").to_numpy()).all()
    assert done.metadata["base_model"]["base_model"] == profile
    assert done.metadata["lora_adapter"]["status"] == "new"
