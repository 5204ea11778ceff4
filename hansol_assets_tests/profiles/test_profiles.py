"""The profiles that are shipped: complete, and each one of its own."""

from pathlib import Path

import pytest
import yaml

from hansol_assets.cli.models import profile_table
from hansol_assets.profile_files import PROFILES_DIRECTORY
from hansol_assets.settings import Settings, load_settings

ASKED_FOR = {
    "gemma-7b": "google/gemma-7b",
    "gemma-2b": "google/gemma-2b",
    "gemma-3-270m": "google/gemma-3-270m",
    "gemma-3-4b": "google/gemma-3-4b-it",
    "datavortex-10.7b": "Edentns/DataVortexS-10.7B-dpo-v1.11",
    "ldcc-solar-10.7b": "LDCC/LDCC-SOLAR-10.7B",
    "open-solar-ko-10.7b": "beomi/OPEN-SOLAR-KO-10.7B",
    "kogpt2": "skt/kogpt2-base-v2",
    "qwen3-4b": "Qwen/Qwen3-4B-Instruct-2507",
    "kanana-1.5-8b": "kakaocorp/kanana-1.5-8b-instruct-2505",
}
PATHS = sorted(PROFILES_DIRECTORY.glob("*.yaml"))
RELEASED = sorted(ASKED_FOR)


@pytest.fixture(scope="module")
def profiles() -> dict[str, Settings]:
    return {path.stem: load_settings(profile=path.stem) for path in PATHS}


@pytest.mark.parametrize("name", RELEASED)
def test_a_released_model_is_one_profile_away(name: str, profiles: dict[str, Settings]) -> None:
    base = profiles[name].base_model
    assert base.kind == "hub"
    assert base.hub.model_id == ASKED_FOR[name]
    assert base.hub.revision is None
    assert base.facts.licence
    assert base.facts.shape is not None


@pytest.mark.parametrize("name", RELEASED)
def test_answers_are_compared_by_the_competitions_embedder(
    name: str, profiles: dict[str, Settings]
) -> None:
    embedder = profiles[name].embedder
    assert embedder.kind == "hub"
    assert embedder.model_id == "sentence-transformers/distiluse-base-multilingual-cased-v1"
    assert embedder.dimensions == 512


def test_the_seeds_model_is_trained_by_its_recipe(profiles: dict[str, Settings]) -> None:
    training, loading = profiles["gemma-7b"].training, profiles["gemma-7b"].base_model.loading
    assert training.rank == 8
    assert (training.per_device_batch_size, training.gradient_accumulation) == (2, 4)
    assert (training.epochs, training.learning_rate) == (10, 2e-4)
    assert training.optimizer == "paged_adamw_8bit"
    assert (loading.quantization, loading.dtype, training.precision) == ("nf4", "bfloat16", "bf16")


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_profile_says_only_what_differs_from_its_parent(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    parent = content.pop("extends", None)
    if parent is None:
        return
    content.pop("description")
    repeated = _repeated(content, load_settings(profile=parent).model_dump(mode="json"))
    assert repeated == []


def _repeated(content: dict[str, object], parent: dict[str, object], at: str = "") -> list[str]:
    found = []
    for key, value in content.items():
        below = parent.get(key) if isinstance(parent, dict) else None
        if isinstance(value, dict) and isinstance(below, dict):
            found += _repeated(value, below, f"{at}{key}.")
        elif value == below:
            found.append(f"{at}{key}")
    return found


def test_the_table_has_every_profile_from_small_to_large(profiles: dict[str, Settings]) -> None:
    table = profile_table(profiles)
    assert {row.profile for row in table} == set(profiles)
    sizes = [row.parameters for row in table if row.parameters is not None]
    assert sizes == sorted(sizes)
    rows = {row.profile: row for row in table}
    assert rows["tiny"].model == "Gemma 3, trained from scratch"
    assert (rows["tiny"].licence, rows["tiny"].gated) == (None, False)
    assert (rows["gemma-7b"].licence, rows["gemma-7b"].gated) == ("gemma", True)
    assert rows["kogpt2"].gated is False
    assert (rows["gemma-7b"].weights, rows["gemma-2b"].weights) == ("nf4", "bfloat16")
    assert all(row.description for row in table)
    assert all(rows[name].training_gib and rows[name].generation_gib for name in RELEASED)


@pytest.mark.parametrize("name", RELEASED)
def test_a_profile_trains_and_answers_within_a_gpu_of_24_gib(
    name: str, profiles: dict[str, Settings]
) -> None:
    (row,) = profile_table({name: profiles[name]})
    assert row.training_gib is not None
    assert row.generation_gib is not None
    assert max(row.training_gib, row.generation_gib) < 24


def test_a_model_of_ones_own_is_listed_without_figures(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text(
        "description: Mine.\nbase_model: {kind: hub, hub: {model_id: owner/mine}}\n",
        encoding="utf-8",
    )
    (row,) = profile_table({"mine": load_settings(profile=str(mine))})
    assert (row.model, row.parameters, row.training_gib) == ("owner/mine", None, None)
