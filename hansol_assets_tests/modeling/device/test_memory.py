"""Sizes of models and the memory that follows from them."""

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoModelForCausalLM

from benchmarks.random_checkpoint import config_of_shape
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import TokenizerSettings
from hansol_assets.modeling.hyperparameters import GenerationSettings, TrainingSettings
from hansol_assets.modeling.memory import (
    PLAIN,
    Device,
    MemoryEstimate,
    MemoryItem,
    OutOfMemoryError,
    device_memory,
    estimate,
    generation_memory,
    preflight,
    training_memory,
)
from hansol_assets.settings import load_settings
from hansol_assets_tests.modeling.checkpoints import TOKENIZERS, small_shape

NF4 = LoadingSettings(dtype="bfloat16", quantization="nf4")
HALF = LoadingSettings(dtype="bfloat16")


def released(profile: str) -> ModelShape:
    shape = load_settings(profile=profile).base_model.facts.shape
    assert shape is not None
    return shape


def gib(items: tuple[MemoryItem, ...], name: str) -> float:
    (found,) = (item.gib for item in items if item.name == name)
    return found


@pytest.mark.parametrize("profile", sorted(TOKENIZERS))
def test_the_weights_are_as_many_as_transformers_builds(profile: str) -> None:
    shape = released(profile)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config_of_shape(shape))
    decoder = sum(
        weight.numel()
        for name, weight in model.named_parameters()
        if "vision" not in name and "multi_modal" not in name
    )
    assert shape.parameters - shape.other_parameters == pytest.approx(decoder, rel=1e-3)


@pytest.mark.parametrize("profile", sorted(TOKENIZERS))
def test_a_shape_is_read_back_from_its_configuration(profile: str) -> None:
    shape = released(profile).model_copy(update={"other_parameters": 0})
    assert ModelShape.of(config_of_shape(shape)) == shape


@pytest.mark.parametrize(
    ("profile", "billion"),
    [
        ("gemma-7b", 8.54),
        ("gemma-2b", 2.51),
        ("gemma-3-270m", 0.268),
        ("gemma-3-4b", 4.30),
        ("datavortex-10.7b", 10.73),
        ("qwen3-4b", 4.02),
        ("kanana-1.5-8b", 8.03),
        ("kogpt2", 0.125),
    ],
)
def test_released_models_have_their_published_size(profile: str, billion: float) -> None:
    assert released(profile).parameters / 1e9 == pytest.approx(billion, rel=2e-3)


@pytest.mark.parametrize("profile", ["gemma-7b", "kogpt2"])
def test_an_adapter_has_as_many_weights_as_peft_builds(profile: str) -> None:
    from peft import LoraConfig, get_peft_model

    training = load_settings(profile=profile).training
    shape = small_shape(released(profile))
    model = AutoModelForCausalLM.from_config(config_of_shape(shape))
    assert isinstance(training.target_modules, tuple)
    lora = LoraConfig(r=5, target_modules=list(training.target_modules), task_type="CAUSAL_LM")
    trainable, _ = get_peft_model(model, lora).get_nb_trainable_parameters()
    assert shape.lora_parameters(5, training.target_modules) == trainable


def test_the_weights_of_a_seven_billion_model_in_both_formats() -> None:
    shape, training = released("gemma-7b"), TrainingSettings()
    # 8.54e9 weights of 2 bytes; in nf4 all but the 0.79e9 of the embedding take 4.127 bits.
    assert gib(training_memory(shape, HALF, training), "weights") == pytest.approx(15.90, abs=0.01)
    assert gib(training_memory(shape, NF4, training), "weights") == pytest.approx(5.19, abs=0.01)


def test_the_optimizer_and_the_adapter_by_hand() -> None:
    shape = small_shape(released("gemma-7b"))
    # 2 layers x rank 8 x (q 64+64, k 64+32, v 64+32, o 64+64, gate and up and down 192 each).
    weights = 2 * 8 * (128 + 96 + 96 + 128 + 3 * 192)
    for name, size in [("adamw_torch", 8), ("paged_adamw_8bit", 2), ("sgd", 0)]:
        items = training_memory(shape, HALF, TrainingSettings(optimizer=name))
        assert gib(items, "optimizer") == size * weights / 2**30
        assert gib(items, "adapter and gradients") == 8 * weights / 2**30


def test_the_kv_cache_by_hand() -> None:
    settings = GenerationSettings(batch_size=10, max_prompt_tokens=1000, max_new_tokens=200)
    items = generation_memory(released("datavortex-10.7b"), NF4, settings)
    # Keys and values x 48 layers x 8 heads x 128 wide x 2 bytes, for 10 x 1200 tokens.
    assert gib(items, "KV cache") == pytest.approx(2 * 48 * 8 * 128 * 2 * 12_000 / 2**30)


@given(batch=st.integers(1, 16), length=st.integers(16, 4096))
def test_activations_grow_with_the_tokens_and_shrink_by_checkpointing(
    batch: int, length: int
) -> None:
    shape = small_shape(released("gemma-7b")).model_copy(update={"num_hidden_layers": 20})

    def activations(**changes: object) -> float:
        told = {"per_device_batch_size": batch, "max_length": length, **changes}
        training = TrainingSettings.model_validate(told)
        return gib(training_memory(shape, HALF, training), "activations")

    assert activations(per_device_batch_size=2 * batch) == pytest.approx(2 * activations())
    assert activations(gradient_checkpointing=False) > activations()


@pytest.mark.parametrize("dropout", [0.0, 0.05])
@pytest.mark.parametrize(
    ("profile", "dtype"),
    [
        ("gemma-3-270m", "float32"),
        ("gemma-7b", "bfloat16"),
        ("qwen3-4b", "bfloat16"),
        ("kogpt2", "float32"),
    ],
)
def test_a_layer_keeps_about_as_much_as_torch_saves(
    profile: str, dtype: str, dropout: float
) -> None:
    """To a fifth: norms differ from one architecture to the next, and count for little."""
    settings = load_settings(profile=profile)
    shape = released(profile).model_copy(
        update={"hidden_size": 256, "intermediate_size": 1024, "vocab_size": 64, "head_dim": 64}
    )
    heads = {"num_attention_heads": 4, "num_key_value_heads": 4 if profile == "kogpt2" else 1}
    training = settings.training.model_copy(
        update={
            "lora_dropout": dropout,
            "precision": "fp32" if dtype == "float32" else "bf16",
            "gradient_checkpointing": False,
            "per_device_batch_size": 1,
            "max_length": 128,
        }
    )
    saved, estimated = [], []
    for layers in (1, 2):
        sized = shape.model_copy(update={**heads, "num_hidden_layers": layers})
        saved.append(saved_bytes(sized, training, getattr(torch, dtype)))
        items = training_memory(sized, LoadingSettings(), training, PLAIN)
        estimated.append(gib(items, "activations") * 2**30)
    assert estimated[1] - estimated[0] == pytest.approx(saved[1] - saved[0], rel=0.2)


def saved_bytes(shape: ModelShape, training: TrainingSettings, dtype: torch.dtype) -> int:
    """Count what the decoder keeps of one example for its backward pass, weights aside."""
    from peft import LoraConfig, get_peft_model

    base = AutoModelForCausalLM.from_config(config_of_shape(shape), dtype=dtype)
    targets = training.target_modules
    lora = LoraConfig(
        r=8,
        lora_dropout=training.lora_dropout,
        target_modules=targets if isinstance(targets, str) else list(targets),
        task_type="CAUSAL_LM",
    )
    model = get_peft_model(base, lora).train()
    for weight in model.parameters():
        if weight.requires_grad:
            weight.data = weight.data.float()
    weights = {weight.untyped_storage().data_ptr() for weight in model.parameters()}
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    half = torch.autocast("cpu", torch.bfloat16, enabled=dtype == torch.bfloat16)
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), half:
        base.base_model(input_ids=torch.zeros(1, training.max_length, dtype=torch.long))
    return sum(
        tensor.untyped_storage().nbytes() for place, tensor in kept.items() if place not in weights
    )


def test_a_processor_holds_more_of_each_logit_than_a_gpu() -> None:
    shape, training = released("gemma-3-270m"), TrainingSettings(per_device_batch_size=4)
    works = {name: estimate(shape, HALF, training, Device(name, 0)) for name in ("CPU", "GPU")}
    held = {name: gib(found.items, "logits") for name, found in works.items()}
    # 33 and 12 bytes for each of 32,768 tokens of the vocabulary at 4,096 places.
    assert held == {"CPU": 33 / 8, "GPU": 12 / 8}


def test_a_local_folder_tells_its_own_shape(tmp_path: Path) -> None:
    own = released("gemma-3-270m")
    config_of_shape(own).save_pretrained(tmp_path)
    settings = load_settings(profile="qwen3-4b", base_model={"hub": {"model_id": str(tmp_path)}})
    assert settings.base_model.known_shape == own
    (tmp_path / "config.json").unlink()
    assert settings.base_model.known_shape == released("qwen3-4b")


def test_new_tokens_cost_a_copy_of_the_embedding_and_its_gradient() -> None:
    shape, training = released("gemma-2b"), TrainingSettings()
    told = HALF.model_copy(update={"tokenizer": TokenizerSettings(new_tokens=("<a>",))})
    items = training_memory(shape, told, training)
    assert gib(items, "new tokens") == pytest.approx(256_000 * 2048 * 6 / 2**30)
    assert "new tokens" not in {item.name for item in training_memory(shape, HALF, training)}


def test_an_estimate_names_what_to_lower_the_largest_first() -> None:
    settings = GenerationSettings(batch_size=64)
    small = Device("a small GPU", 24.0)
    found = estimate(released("gemma-7b"), NF4, settings, small)
    assert found.verdict == "tight"
    assert found.advice.startswith("KV cache: lower generation.batch_size")
    assert "generation needs about" in str(found)
    assert "of 24.0 GiB free on a small GPU: tight. To need less: KV cache" in str(found)


@pytest.mark.parametrize(("free", "verdict"), [(80, "fits"), (7, "tight"), (5, "too large")])
def test_the_verdict_follows_the_device(free: float, verdict: str) -> None:
    found = estimate(released("gemma-7b"), NF4, TrainingSettings(), Device("GPU", free))
    assert found.verdict == verdict
    assert ("To need less" in str(found)) == (verdict != "fits")


def test_the_machines_memory_is_measured() -> None:
    assert device_memory().gib > 0


def test_a_model_that_cannot_fit_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    """There are no weights in the folder: the configuration alone decides."""
    giant = released("datavortex-10.7b").model_copy(update={"num_hidden_layers": 48_000})
    config_of_shape(giant).save_pretrained(tmp_path)
    assert ModelShape.of_folder(tmp_path) == giant
    with pytest.raises(OutOfMemoryError, match=r"does not fit: training needs .* too large\. To"):
        preflight(tmp_path, HALF, TrainingSettings())


def test_a_model_that_fits_is_let_through(base_dir: Path) -> None:
    found = preflight(base_dir, LoadingSettings(), GenerationSettings())
    assert isinstance(found, MemoryEstimate)
    assert found.phase == "generation"
