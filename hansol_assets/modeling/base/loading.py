"""The one door through which a base model and its tokenizer come into memory."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Self

from pydantic import Field, model_validator

from hansol_assets.modeling.base.tokenizer import TokenizerSettings, make_sound
from hansol_assets.modeling.base.vocabulary import WHOLE, Vocabulary
from hansol_assets.modeling.runtime import without_bars
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    import torch
    from transformers import BitsAndBytesConfig, PreTrainedModel, PreTrainedTokenizerBase


class LoadingSettings(SettingsModel):
    """How a base model is held in memory."""

    dtype: Literal["float32", "float16", "bfloat16"] = Field(
        "float32", description="Format of the weights in memory."
    )
    quantization: Literal["none", "nf4"] = Field(
        "none", description="nf4: 4-bit weights by bitsandbytes, computed in `dtype` (QLoRA)."
    )
    vocabulary: Literal["full", "table"] = Field(
        "full",
        description="table: while an adapter is trained and answers, only the tokens of its "
        "examples, and those that spell any other Korean text, keep their rows of the embedding "
        "and of the output layer; less memory, and more tokens a second. The adapter "
        "fits the whole model.",
    )
    tokenizer: TokenizerSettings = Field(
        TokenizerSettings(), description="What the model's tokenizer files leave open."
    )

    @model_validator(mode="after")
    def _new_tokens_have_their_ids(self) -> Self:
        if self.vocabulary == "table" and self.tokenizer.new_tokens:
            raise ValueError(
                "vocabulary: table renumbers the tokens, and new_tokens are trained by their "
                "numbers: leave one of the two out"
            )
        return self


def device() -> "torch.device":
    """Return the device that models live on: this process's GPU, or the CPU without one.

    Processes that train together on one machine see all of its GPUs, and have a number each.
    """
    import torch

    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")))


def load_tokenizer(directory: Path, loading: LoadingSettings) -> "PreTrainedTokenizerBase":
    """Load the tokenizer of a base model, with a pad token and a chat template."""
    from transformers import AutoTokenizer, PreTrainedTokenizerFast

    settings = loading.tokenizer
    loader: Any = AutoTokenizer if settings.loader == "auto" else PreTrainedTokenizerFast
    tokenizer = loader.from_pretrained(
        directory,
        local_files_only=True,
        trust_remote_code=False,
        **settings.special_tokens,
    )
    return make_sound(tokenizer, settings)


def load_causal_lm(
    directory: Path, loading: LoadingSettings, vocabulary: Vocabulary = WHOLE
) -> "PreTrainedModel":
    """Load a base model from safetensors, in evaluation mode, on `device()`.

    Its embedding is as long as the vocabulary with the new tokens.
    """
    from transformers import AutoModelForCausalLM

    with without_bars():
        model = AutoModelForCausalLM.from_pretrained(
            directory,
            local_files_only=True,
            use_safetensors=True,
            dtype=loading.dtype,
            trust_remote_code=False,
            device_map={"": device()},
            quantization_config=_quantization(loading),
        )
    new = new_token_ids(load_tokenizer(directory, loading), loading)
    if new:
        _make_room(model, new)
    if vocabulary.token_ids is not None:
        _cut(model, vocabulary.token_ids)
    return model.eval()


def new_token_ids(tokenizer: "PreTrainedTokenizerBase", loading: LoadingSettings) -> list[int]:
    """Return the ids, in rising order, of the tokens that the settings add to a vocabulary."""
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary[token] for token in loading.tokenizer.new_tokens)


def _make_room(model: Any, new: list[int]) -> None:
    """Give new tokens rows in the embedding and in the output layer: the mean of all others.

    Hewitt 2021, "Initializing new word embeddings for pretrained language models".
    """
    import torch

    rows = model.get_input_embeddings().weight.shape[0]
    model.resize_token_embeddings(max(rows, new[-1] + 1), mean_resizing=False)
    tables = (model.get_input_embeddings(), model.get_output_embeddings())
    with torch.no_grad():
        for table in tables:
            others = table.weight[: new[0]]
            table.weight[new] = others.float().mean(dim=0).to(others.dtype)


def _cut(model: Any, token_ids: Sequence[int]) -> None:
    """Leave only these tokens' rows in the embedding and in the output layer, in their order."""
    import torch

    head = model.get_output_embeddings()
    weights = {id(one): one for one in (model.get_input_embeddings().weight, head.weight)}
    biases = [head.bias] if head.bias is not None else []
    with torch.no_grad():
        for table in [*weights.values(), *biases]:
            table[: len(token_ids)] = table[list(token_ids)]
    model.resize_token_embeddings(len(token_ids), mean_resizing=False)


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
