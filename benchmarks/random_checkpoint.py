"""A model of a given shape with random weights, in the hub's folder form.

What belongs here: such folders, to measure speed and memory and to prove the way of a profile
where the released weights are not at hand: neither depends on the values of the weights. What does
not: a model that is meant to answer (`hansol_assets.modeling.base.scratch`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import stop_ids
from hansol_assets.modeling.runtime import deterministic, without_bars

if TYPE_CHECKING:
    import torch
    from transformers import PretrainedConfig, PreTrainedTokenizerBase

SMALLEST_VISION = {
    "hidden_size": 16,
    "intermediate_size": 16,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "image_size": 28,
    "patch_size": 14,
}
"""A vision tower as small as it goes: no text passes through it."""


def config_of_shape(shape: ModelShape, **special_ids: int | None) -> "PretrainedConfig":
    """Build the configuration of transformers that a shape describes.

    Args:
        shape: Its `model_type` is one that transformers knows.
        **special_ids: Ids of special tokens, such as `eos_token_id`.

    Returns:
        The configuration; what the shape does not say is as transformers has it.
    """
    from transformers import AutoConfig

    sizes = {**shape.model_dump(exclude={"model_type", "other_parameters"}), **special_ids}
    if shape.model_type == "gpt2":
        return AutoConfig.for_model("gpt2", n_inner=shape.intermediate_size, **sizes)
    if shape.model_type != "gemma3":
        return AutoConfig.for_model(shape.model_type, **sizes)
    return AutoConfig.for_model(
        "gemma3",
        text_config={"model_type": "gemma3_text", **sizes},
        vision_config=SMALLEST_VISION,
        mm_tokens_per_image=4,
        **special_ids,
    )


def write_random_checkpoint(
    shape: ModelShape,
    tokenizer: "PreTrainedTokenizerBase",
    out_dir: Path,
    *,
    dtype: "torch.dtype",
    device: "torch.device",
    seed: int,
) -> None:
    """Write a randomly initialised model and a tokenizer as a hub repository holds them.

    Args:
        shape: The model's; its vocabulary is at least as long as the tokenizer's.
        tokenizer: Saved beside the model just as it is.
        out_dir: A folder; created if missing.
        dtype: Format of the weights.
        device: Where they are drawn; a GPU is faster for a large model.
        seed: Seed of the weights.
    """
    import torch
    from transformers import AutoModelForCausalLM

    special: dict[str, Any] = {
        name: getattr(tokenizer, name) for name in ("pad_token_id", "bos_token_id", "eos_token_id")
    }
    config = config_of_shape(shape, **special)
    with deterministic(seed), torch.device(device):
        model = AutoModelForCausalLM.from_config(config, dtype=dtype)
    if tokenizer.eos_token_id is not None and tokenizer.chat_template:
        model.generation_config.eos_token_id = stop_ids(tokenizer)
    tokenizer.save_pretrained(out_dir)
    with without_bars():
        model.save_pretrained(out_dir)
