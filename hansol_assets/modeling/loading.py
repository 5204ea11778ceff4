"""The one door through which a base model and its tokenizer come into memory.

What belongs here: format, quantization, attention and device of a loaded model. What does not:
where a model comes from (`hansol_assets.modeling.base_model`) and what a tokenizer must hold
(`hansol_assets.modeling.tokenizer`).
"""

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from hansol_assets.modeling.progress import without_bars
from hansol_assets.modeling.tokenizer import make_sound
from hansol_assets.section import Section

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, PreTrainedModel, PreTrainedTokenizerBase


class LoadingSettings(Section):
    """How a base model is held in memory."""

    dtype: Literal["float32", "float16", "bfloat16"] = Field(
        default="float32", description="Format of the weights in memory."
    )
    quantization: Literal["none", "nf4"] = Field(
        default="none",
        description="nf4: 4-bit weights by bitsandbytes, computed in `dtype` (QLoRA).",
    )
    attention: Literal["sdpa", "eager", "flash_attention_2"] = Field(
        default="sdpa",
        description="Attention implementation of transformers; Gemma 2 needs 'eager'.",
    )
    trust_remote_code: bool = Field(
        default=False, description="Run Python code that comes with the model. Leave it false."
    )


def device() -> "torch.device":
    """Return the device that models live on: the first GPU, or the CPU without one."""
    import torch

    return torch.device("cuda", 0) if torch.cuda.is_available() else torch.device("cpu")


def load_tokenizer(directory: Path, loading: LoadingSettings) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a base model and make it sound.

    Args:
        directory: A folder in `save_pretrained` form.
        loading: Whether the folder's own code may run.

    Returns:
        The tokenizer, with a pad token and a chat template.
    """
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(
        directory, local_files_only=True, trust_remote_code=loading.trust_remote_code
    )
    return make_sound(tokenizer)


def load_causal_lm(directory: Path, loading: LoadingSettings) -> "PreTrainedModel":
    """Load a base model from safetensors, in evaluation mode, on `device()`.

    Args:
        directory: A folder in `save_pretrained` form.
        loading: Format, quantization and attention.

    Returns:
        The model.
    """
    from transformers import AutoModelForCausalLM

    with without_bars():
        model = AutoModelForCausalLM.from_pretrained(
            directory,
            local_files_only=True,
            use_safetensors=True,
            dtype=loading.dtype,
            attn_implementation=loading.attention,
            trust_remote_code=loading.trust_remote_code,
            device_map={"": device()},
            quantization_config=_quantization(loading),
        )
    return model.eval()


def _quantization(loading: LoadingSettings) -> "BitsAndBytesConfig | None":
    if loading.quantization == "none":
        return None
    import torch
    from transformers import BitsAndBytesConfig

    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=getattr(torch, loading.dtype),
    )
