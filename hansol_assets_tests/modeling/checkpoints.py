"""Small random checkpoints of the real architectures, in the hub's own folder form.

Each has a tokenizer of the class that the released model has, trained on a handful of sentences.
"""
# ruff: noqa: S106 - the names of special tokens are no passwords

import json
import string
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    LlamaTokenizer,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Tokenizer,
)

from benchmarks.random_checkpoint import write_random_checkpoint
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.tokenizer import render_document, train_tokenizer
from hansol_assets.settings import SAMPLE_DIRECTORY
from hansol_assets_tests.modeling.conftest import PAIRS, user

TEXTS = [f"### 질문:\n{question}\n\n### 답변:\n{answer}" for question, answer in PAIRS]
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]

ALPACA_TEMPLATE = (
    "{% for message in messages %}"
    "{% if message['role'] == 'user' %}### User:\n{{ message['content'] }}\n\n"
    "{% else %}### Assistant:\n{{ message['content'] }}{{ eos_token }}{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}### Assistant:\n{% endif %}"
)
CHATML_TEMPLATE = (
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA3_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{{ message['content'] | trim + '<|eot_id|>' }}{% endfor %}"
    "{% if add_generation_prompt %}"
    "{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)


def _learned(learner: Tokenizer, special: list[str], **options: object) -> dict[str, object]:
    trainer = trainers.BpeTrainer(
        vocab_size=len(special) + 400, special_tokens=special, show_progress=False, **options
    )
    learner.train_from_iterator(TEXTS, trainer)
    return json.loads(learner.to_str())["model"]


def gemma_tokenizer() -> PreTrainedTokenizerBase:
    """Gemma's: pieces of text with byte fallback, a pad token, turns as special tokens."""
    documents = [render_document(user(question), answer) for question, answer in PAIRS]
    return train_tokenizer(documents, 600)


def gemma_base_tokenizer() -> PreTrainedTokenizerBase:
    """As Gemma's before it was tuned to instructions: without a chat template."""
    tokenizer = gemma_tokenizer()
    tokenizer.chat_template = None
    return tokenizer


def solar_tokenizer() -> PreTrainedTokenizerBase:
    """SOLAR's, which is Llama 2's: no pad token, no chat template."""
    learner = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True))
    learner.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    model = _learned(learner, ["<unk>", "<s>", "</s>", *BYTES])
    merges = [tuple(pair) for pair in model["merges"]]  # type: ignore[attr-defined]
    return LlamaTokenizer(vocab=model["vocab"], merges=merges)


def datavortex_tokenizer() -> PreTrainedTokenizerBase:
    """DataVortexS': SOLAR's with a chat template in the Alpaca form."""
    tokenizer = solar_tokenizer()
    tokenizer.chat_template = ALPACA_TEMPLATE
    return tokenizer


def kogpt2_tokenizer() -> PreTrainedTokenizerBase:
    """KoGPT2's: a BPE over characters, not bytes, whose files name no special tokens."""
    special = ["<s>", "</s>", "<usr>", "<pad>", "<sys>", "<unk>", "<mask>", "<d>"]
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    learner.normalizer = normalizers.NFKC()
    learner.pre_tokenizer = pre_tokenizers.Metaspace()
    learner.decoder = decoders.Metaspace()
    # The released vocabulary knows every usual syllable; this one knows those of the sample.
    sample = (SAMPLE_DIRECTORY / "train.csv").read_text(encoding="utf-8")
    _learned(learner, special, initial_alphabet=sorted(set(sample) - set(string.whitespace)))
    return PreTrainedTokenizerFast(tokenizer_object=learner)


def _byte_level() -> Tokenizer:
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    learner.decoder = decoders.ByteLevel()
    return learner


def qwen_tokenizer() -> PreTrainedTokenizerBase:
    """Qwen's: a BPE over bytes, end of text as the pad token, ChatML."""
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    model = _learned(_byte_level(), ["<|endoftext|>"], initial_alphabet=alphabet)
    merges = [tuple(pair) for pair in model["merges"]]  # type: ignore[attr-defined]
    return Qwen2Tokenizer(
        vocab=model["vocab"],
        merges=merges,
        pad_token="<|endoftext|>",
        eos_token="<|im_end|>",
        extra_special_tokens=["<|im_start|>", "<|im_end|>"],
        chat_template=CHATML_TEMPLATE,
    )


def llama3_tokenizer() -> PreTrainedTokenizerBase:
    """Llama 3's, as Kanana has it: a BPE over bytes, no pad token, headers and end of turn."""
    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>"]
    learner = _byte_level()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    _learned(learner, [*special, "<|eot_id|>"], initial_alphabet=alphabet)
    return PreTrainedTokenizerFast(
        tokenizer_object=learner,
        bos_token="<|begin_of_text|>",
        eos_token="<|eot_id|>",
        chat_template=LLAMA3_TEMPLATE,
    )


TOKENIZERS: dict[str, Callable[[], PreTrainedTokenizerBase]] = {
    "gemma-7b": gemma_base_tokenizer,
    "gemma-2b": gemma_base_tokenizer,
    "gemma-3-270m": gemma_base_tokenizer,
    "gemma-3-4b": gemma_tokenizer,
    "datavortex-10.7b": datavortex_tokenizer,
    "ldcc-solar-10.7b": solar_tokenizer,
    "open-solar-ko-10.7b": solar_tokenizer,
    "kogpt2": kogpt2_tokenizer,
    "qwen3-4b": qwen_tokenizer,
    "kanana-1.5-8b": llama3_tokenizer,
}
"""Profile → what its model's tokenizer is like."""


def small_shape(shape: ModelShape) -> ModelShape:
    """The same architecture, as small as it goes: 64 wide because nf4 packs 64 weights a block."""
    heads = 2
    return shape.model_copy(
        update={
            # KoGPT2's pieces are characters, not bytes: it needs more of them.
            "vocab_size": 1600 if shape.model_type == "gpt2" else 800,
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": heads,
            "num_key_value_heads": heads if shape.model_type == "gpt2" else 1,
            "head_dim": 32,
            "max_position_embeddings": 512,
        }
    )


def write_small_checkpoint(profile: str, shape: ModelShape, directory: Path) -> None:
    """Write what the hub would give for a profile, small and random."""
    write_shape(small_shape(shape), TOKENIZERS[profile](), directory)


def write_shape(shape: ModelShape, tokenizer: PreTrainedTokenizerBase, directory: Path) -> None:
    """Write a random model in 32 bits, the same on every call."""
    write_random_checkpoint(
        shape, tokenizer, directory, dtype=torch.float32, device=torch.device("cpu"), seed=7
    )


def pickle_weights(directory: Path) -> None:
    """Put the weights of a checkpoint into the form that older models have."""
    safe = directory / "model.safetensors"
    torch.save(load_file(safe), directory / "pytorch_model.bin")
    safe.unlink()
