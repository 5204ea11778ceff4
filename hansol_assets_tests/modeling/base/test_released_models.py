"""Every profile of a released model, pointed at a small random checkpoint of its architecture."""

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file

from hansol_assets.compute.protocol import ALONE
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling.base.base_model import fetch_base_model
from hansol_assets.modeling.base.loading import load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.tokenizer import TokenizerSettings, encode_prompt, stop_ids
from hansol_assets.modeling.generation import GenerationRequest, Generator
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter
from hansol_assets.profile_files import PROFILES_DIRECTORY
from hansol_assets.settings import Settings, load_settings
from hansol_assets_tests.modeling.checkpoints import (
    TOKENIZERS,
    pickle_weights,
    write_small_checkpoint,
)
from hansol_assets_tests.modeling.conftest import PAIRS, user

QUESTION = PAIRS[0][0]
SMALL_TRAINING = {
    "max_steps": 3,
    "gradient_accumulation": 1,
    "max_length": 128,
    "learning_rate": 1e-2,
    "evaluations": 1,
}
SMALL_GENERATION = {"max_new_tokens": 6, "max_prompt_tokens": 96, "samples": 1}

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Trained:
    """A profile's adapter, and the base that it was trained on."""

    settings: Settings
    base: Path
    adapter: Path
    report: AdapterReport
    weights_before: bytes

    def generator(self) -> Generator:
        base = self.settings.base_model
        return Generator(self.base, self.adapter, self.settings.generation, base.loading)

    def texts(self) -> list[str]:
        batches = self.generator().generate([GenerationRequest("q", user(QUESTION))])
        return [generation.text for batch in batches for generation in batch]


def train(
    profile: str,
    folder: Path,
    examples: pd.DataFrame,
    loading: dict[str, object] | None = None,
    model_type: str | None = None,
) -> Trained:
    source = folder / "released"
    released = load_settings(profile=profile).base_model
    assert released.facts.shape is not None
    shape = released.facts.shape
    if model_type is not None:
        shape = shape.model_copy(update={"model_type": model_type})
    write_small_checkpoint(profile, shape, source)
    if released.hub.weights == "converted":
        pickle_weights(source)
    settings = load_settings(
        profile=profile,
        base_model={"hub": {"model_id": str(source)}, "loading": loading or {}},
        training=SMALL_TRAINING,
        generation=SMALL_GENERATION,
    )
    base, adapter = folder / "base", folder / "adapter"
    fetch_base_model(settings.base_model.hub, base, settings.base_model.facts.licence)
    before = (base / "model.safetensors").read_bytes()
    report = TrainAdapter(
        base,
        examples.iloc[:6],
        examples.iloc[4:6],
        settings.training,
        adapter,
        folder / "checkpoints",
        settings.base_model.loading,
    ).run()
    return Trained(settings, base, adapter, report, before)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory, examples: pd.DataFrame) -> dict[str, Trained]:
    folder = tmp_path_factory.mktemp("released")
    return {profile: train(profile, folder / profile, examples) for profile in TOKENIZERS}


@pytest.fixture(scope="module")
def answered_elsewhere(
    tmp_path_factory: pytest.TempPathFactory, trained: dict[str, Trained]
) -> dict[str, list[str]]:
    cases = {
        profile: {
            "base": str(model.base),
            "adapter": str(model.adapter),
            "generation": model.settings.generation.model_dump(mode="json"),
            "loading": model.settings.base_model.loading.model_dump(mode="json"),
            "question": QUESTION,
        }
        for profile, model in trained.items()
    }
    file = tmp_path_factory.mktemp("cases") / "cases.json"
    file.write_text(json.dumps(cases), encoding="utf-8")
    module = "hansol_assets_tests.modeling.generation.answer_in_new_process"
    done = subprocess.run(
        [sys.executable, "-m", module, str(file)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_every_profile_of_a_released_model_is_tried() -> None:
    profiles = {path.stem for path in PROFILES_DIRECTORY.glob("*.yaml")}
    released = {name for name in profiles if load_settings(profile=name).base_model.kind == "hub"}
    assert released == {*TOKENIZERS, "hub"}


@pytest.mark.parametrize("profile", sorted(TOKENIZERS))
def test_a_profile_trains_saves_loads_elsewhere_and_answers(
    profile: str, trained: dict[str, Trained], answered_elsewhere: dict[str, list[str]]
) -> None:
    model = trained[profile]
    assert model.report.history.query("step > 0")["loss"].notna().all()
    assert len(answered_elsewhere[profile]) == 2
    assert answered_elsewhere[profile] == model.texts()


@pytest.mark.parametrize("profile", sorted(TOKENIZERS))
def test_the_adapters_weights_change_and_the_bases_do_not(
    profile: str, trained: dict[str, Trained]
) -> None:
    model = trained[profile]
    weights = load_file(model.adapter / "adapter_model.safetensors")
    # LoRA's B matrices start at zero.
    moved = {name for name, value in weights.items() if "lora_B" in name and value.abs().max() > 0}
    assert moved == {name for name in weights if "lora_B" in name}
    assert (model.base / "model.safetensors").read_bytes() == model.weights_before
    shape = model.settings.base_model.facts.shape
    assert shape is not None
    targets = {name.rpartition(".")[2] for name in shape.layer_matrices}
    assert {name.split(".lora_")[0].rpartition(".")[2] for name in moved} == targets
    assert not [name for name in weights if "vision" in name]


@pytest.mark.parametrize("profile", sorted(TOKENIZERS))
def test_a_merged_model_answers_as_the_unmerged_one(
    profile: str, trained: dict[str, Trained], tmp_path: Path
) -> None:
    model = trained[profile]
    # In 32 bits, where merging rounds nothing away.
    loading = model.settings.base_model.loading.model_copy(
        update={"dtype": "float32", "quantization": "none"}
    )
    unmerged = PeftModel.from_pretrained(load_causal_lm(model.base, loading), model.adapter)
    tokenizer = load_tokenizer(model.base, loading)
    prompt = torch.tensor([encode_prompt(tokenizer, user(QUESTION))])
    with torch.inference_mode():
        before = unmerged(input_ids=prompt).logits[0, -1]
        after = unmerged.merge_and_unload()(input_ids=prompt).logits[0, -1]
    torch.testing.assert_close(before, after, rtol=1e-4, atol=1e-4)
    base = load_causal_lm(model.base, loading)
    with torch.inference_mode():
        without = base(input_ids=prompt).logits[0, -1]
    assert not torch.allclose(before, without, rtol=1e-3, atol=1e-3)


def test_nf4_holds_the_layers_in_four_bits(trained: dict[str, Trained]) -> None:
    from bitsandbytes.nn import Linear4bit

    model = trained["gemma-7b"]
    loaded = load_causal_lm(model.base, model.settings.base_model.loading)
    quantised = [module for module in loaded.modules() if isinstance(module, Linear4bit)]
    assert len(quantised) == 2 * 7
    assert {module.weight.quant_state.quant_type for module in quantised} == {"nf4"}
    assert all(module.weight.quant_state.nested for module in quantised)


def test_gemma_2_which_has_no_profile_needs_no_setting_for_its_attention(
    tmp_path: Path, examples: pd.DataFrame
) -> None:
    model = train("gemma-2b", tmp_path, examples, model_type="gemma2")
    assert model.report.history.query("step > 0")["loss"].notna().all()
    assert len(model.texts()) == 2


@pytest.mark.parametrize("profile", ["gemma-2b", "ldcc-solar-10.7b"])
def test_new_tokens_are_trained_and_saved_with_the_adapter(
    profile: str, tmp_path: Path, examples: pd.DataFrame
) -> None:
    """One model shares its embedding with its output, the other has a table for each."""
    token = "<끝>"  # noqa: S105 - a token of the vocabulary
    told = {"tokenizer": {"new_tokens": [token]}, "quantization": "none", "dtype": "float32"}
    marked = examples.assign(answer=examples["answer"] + token)
    model = train(profile, tmp_path, marked, told)
    loading = model.settings.base_model.loading
    tokenizer = load_tokenizer(model.base, loading)
    new = tokenizer.convert_tokens_to_ids(token)

    base = load_causal_lm(model.base, loading)
    mean = base.get_input_embeddings().weight[:new].mean(dim=0)
    torch.testing.assert_close(base.get_input_embeddings().weight[new], mean)
    adapted = PeftModel.from_pretrained(base, model.adapter).merge_and_unload()
    for table in (adapted.get_input_embeddings(), adapted.get_output_embeddings()):
        assert not torch.allclose(table.weight[new], mean, atol=1e-3)

    from transformers import AutoTokenizer

    beside = AutoTokenizer.from_pretrained(model.adapter)
    assert beside.convert_tokens_to_ids(token) == new
    assert beside.chat_template == tokenizer.chat_template
    assert new not in stop_ids(tokenizer)
    assert model.texts()


def test_an_embedding_too_short_for_new_tokens_is_made_longer(
    tmp_path: Path, examples: pd.DataFrame
) -> None:
    told = TokenizerSettings(new_tokens=tuple(f"<{number}>" for number in range(700)))
    model = train("gemma-2b", tmp_path, examples)
    loading = model.settings.base_model.loading.model_copy(update={"tokenizer": told})
    longer = load_causal_lm(model.base, loading)
    tokenizer = load_tokenizer(model.base, loading)
    assert longer.get_input_embeddings().weight.shape[0] == len(tokenizer) > 800


class InterruptionError(Exception):
    """Ends a run from outside."""


@pytest.mark.parametrize("profile", ["gemma-7b", "ldcc-solar-10.7b"])
def test_an_interrupted_run_with_new_tokens_goes_on_to_the_same_weights(
    profile: str, tmp_path: Path, examples: pd.DataFrame
) -> None:
    def interrupt(line: str, _: Mapping[str, float] = NO_FIGURES, /) -> None:
        if "step 3 of 3" in line:
            raise InterruptionError

    told = {"tokenizer": {"new_tokens": ["<끝>"]}}
    whole = train(profile, tmp_path, examples, told)
    settings = whole.settings.training.model_copy(update={"save_steps": 2})
    places = (tmp_path / "again", tmp_path / "checkpoints-again")
    splits, loading = (examples.iloc[:6], examples.iloc[4:6]), whole.settings.base_model.loading
    with pytest.raises(InterruptionError):
        TrainAdapter(whole.base, *splits, settings, *places, loading).run(
            replace(ALONE, send=interrupt)
        )
    resumed = TrainAdapter(whole.base, *splits, settings, *places, loading).run()
    assert resumed.resumed_from_step == 2
    weights = [load_file(one / "adapter_model.safetensors") for one in (whole.adapter, places[0])]
    assert weights[0].keys() == weights[1].keys()
    for name, value in weights[0].items():
        assert torch.equal(value, weights[1][name]), name
