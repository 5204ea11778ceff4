"""A Gemma tokenizer learned from the corpus."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hansol_assets.modeling.base.tokenizer import Message

if TYPE_CHECKING:
    from transformers import GemmaTokenizer

START_OF_TURN = "<start_of_turn>"
END_OF_TURN = "<end_of_turn>"
SPECIAL_TOKENS = ("<pad>", "<eos>", "<bos>", "<unk>", "<mask>", START_OF_TURN, END_OF_TURN)
"""In Gemma's order, so that ids 0 to 3 mean the same as in its released models."""

BYTE_TOKENS = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""What a character outside the vocabulary is spelled in, so that no text is lost."""

SMALLEST_VOCABULARY = len(SPECIAL_TOKENS) + len(BYTE_TOKENS)

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% set role = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
"""Gemma's turns, in jinja."""

_SPACE = "▁"


def render_document(messages: Sequence[Message], answer: str) -> str:
    """Write a prompt and its answer as one training document in Gemma's turns.

    Returns:
        The text that `CHAT_TEMPLATE` makes, without its leading `<bos>`, which training adds to
        every document, and without its last line break.
    """
    turns = [(message["role"], message["content"]) for message in messages] + [("model", answer)]
    return "\n".join(f"{START_OF_TURN}{role}\n{text.strip()}{END_OF_TURN}" for role, text in turns)


def train_tokenizer(documents: Sequence[str], vocab_size: int) -> "GemmaTokenizer":
    """Learn byte-pair merges within words and put them into a Gemma tokenizer.

    `documents`: the corpus; special tokens in it stay whole.
    `vocab_size`: most tokens in the vocabulary; a small corpus yields fewer.

    Returns:
        The tokenizer. Decoding gives back every text without `▁` (U+2581).
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers
    from transformers import GemmaTokenizer

    learner = Tokenizer(models.BPE(byte_fallback=True, fuse_unk=True))
    learner.normalizer = normalizers.Replace(" ", _SPACE)
    learner.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(_SPACE, "merged_with_next"),
            # A line break stands alone, so that a prompt ends at the same token whatever follows.
            pre_tokenizers.Split("\n", "isolated"),
        ]
    )
    texts = _plain(documents)
    # The trainer's own choice among characters of equal count changes from process to process.
    alphabet = _alphabet(texts, vocab_size - SMALLEST_VOCABULARY)
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        special_tokens=[*SPECIAL_TOKENS, *BYTE_TOKENS],
        show_progress=False,
    )
    learner.train_from_iterator(texts, trainer)
    model = json.loads(learner.to_str())["model"]
    return GemmaTokenizer(
        vocab=model["vocab"],
        merges=[tuple(pair) for pair in model["merges"]],  # type: ignore[misc]
        extra_special_tokens=[START_OF_TURN, END_OF_TURN],
        chat_template=CHAT_TEMPLATE,
    )


def _alphabet(texts: Sequence[str], limit: int) -> list[str]:
    """Choose the most frequent characters; of equals those that come first in Unicode."""
    counts = Counter(character for text in texts for character in text.replace(" ", _SPACE))
    return sorted(sorted(counts), key=lambda character: -counts[character])[:limit]


def _plain(documents: Sequence[str]) -> list[str]:
    """Replace special tokens by line breaks, so that no merge is learned from their letters."""
    texts = list(documents)
    for token in (START_OF_TURN, END_OF_TURN):
        texts = [text.replace(token, "\n") for text in texts]
    return texts
