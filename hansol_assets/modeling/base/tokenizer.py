"""Tokenizers: what any must hold, ids of prompts and examples, and one learned from a corpus."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

from pydantic import Field

from hansol_assets.errors import InputError
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from transformers import GemmaTokenizer, PreTrainedTokenizerBase

IGNORED_LABEL = -100
"""Label of a token without loss, as `torch.nn.CrossEntropyLoss` and transformers have it."""

PLAIN_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message['role'] == 'assistant' %}"
    "### 답변:\n{{ message['content'] | trim }}{{ eos_token }}\n"
    "{% else %}### 질문:\n{{ message['content'] | trim }}\n\n{% endif %}{% endfor %}"
    "{% if add_generation_prompt %}### 답변:\n{% endif %}"
)
"""Chat template, in jinja, of a tokenizer that brings none."""

_PAD_NAMES = ("<pad>", "[PAD]", "<|pad|>", "<|finetune_right_pad_id|>", "<unused0>")
_SAMPLE_TURNS = ({"role": "user", "content": "가"}, {"role": "assistant", "content": "나"})

Message = Mapping[str, str]


class TokenizerSettings(SettingsModel):
    """What a model's own tokenizer files leave open or say wrongly."""

    loader: Literal["auto", "fast"] = Field(
        "auto",
        description="auto: the class that the model's files name or imply; fast: tokenizer.json "
        "just as it stands, for a model whose implied class would split text differently.",
    )
    special_tokens: dict[Literal["bos_token", "eos_token", "pad_token", "unk_token"], str] = Field(
        {}, description="Special tokens, where the model's files do not name them."
    )
    new_tokens: tuple[str, ...] = Field(
        (),
        description="Tokens added to the vocabulary; their rows of the embedding are trained and "
        "kept with the adapter.",
    )
    template: Literal["own", "plain"] = Field(
        "own",
        description="own: the model's chat template, or the plain one if it brings none; plain: "
        "always the plain one.",
    )


class Example(TypedDict):
    """Ids of prompt, answer and end of turn; as labels the same, `IGNORED_LABEL` on the prompt."""

    input_ids: list[int]
    labels: list[int]


DEFAULT_SETTINGS = TokenizerSettings()


def make_sound(
    tokenizer: "PreTrainedTokenizerBase", settings: TokenizerSettings = DEFAULT_SETTINGS
) -> "PreTrainedTokenizerBase":
    """Give a tokenizer its new tokens, a chat template and a pad token that ends no turn.

    Common collators mask a pad token, so that with one that ends a turn no model learns to stop. It
    pads on the right, as training needs; generation pads on the left by itself.

    Raises:
        InputError: It has no end-of-sequence token, or a new token is not new.
    """
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer {tokenizer.name_or_path} has no end-of-sequence token, so answers "
            "could not end. Set base_model.loading.tokenizer.special_tokens.eos_token."
        )
    present = sorted(set(settings.new_tokens) & set(tokenizer.get_vocab()))
    if present:
        raise InputError(
            f"the vocabulary has {', '.join(present)} already. Take them out of "
            "base_model.loading.tokenizer.new_tokens."
        )
    tokenizer.add_tokens(list(settings.new_tokens), special_tokens=True)
    if settings.template == "plain" or not tokenizer.chat_template:
        tokenizer.chat_template = PLAIN_TEMPLATE
        if tokenizer.bos_token is None:
            tokenizer.chat_template = PLAIN_TEMPLATE.replace("{{ bos_token }}", "")
    tokenizer.padding_side = "right"
    ends = {tokenizer.eos_token_id, end_of_turn_id(tokenizer)}
    if tokenizer.pad_token_id is None or tokenizer.pad_token_id in ends:
        tokenizer.pad_token = _spare_token(tokenizer, ends)
    return tokenizer


def _spare_token(tokenizer: "PreTrainedTokenizerBase", ends: set[int]) -> str:
    """Find a token of the vocabulary to pad with; no new one, which would resize the model."""
    vocabulary = tokenizer.get_vocab()
    names = [*_PAD_NAMES, *([tokenizer.unk_token] if tokenizer.unk_token else [])]
    for name in names:
        if vocabulary.get(name, tokenizer.eos_token_id) not in ends:
            return name
    # Labels and attention masks are explicit everywhere here, so this stays safe.
    return tokenizer.eos_token


def end_of_turn_id(tokenizer: "PreTrainedTokenizerBase") -> int:
    """Find the token that ends an answer: the first special one that the template puts after it.

    The end-of-sequence token's id where the template has none.
    """
    text = str(tokenizer.apply_chat_template(list(_SAMPLE_TURNS), tokenize=False))
    after = text.rpartition(_SAMPLE_TURNS[1]["content"])[2]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    special_ids = (token for token in _token_ids(tokenizer, after) if token in special)
    return next(special_ids, tokenizer.eos_token_id)


def stop_ids(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the ids, in rising order, at which generation of an answer stops."""
    return sorted({end_of_turn_id(tokenizer), tokenizer.eos_token_id})


def encode_prompt(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[int]:
    """Encode the turns up to where the model is to answer, in training and in generation."""
    text = tokenizer.apply_chat_template(
        [dict(message) for message in messages], tokenize=False, add_generation_prompt=True
    )
    return _token_ids(tokenizer, str(text))


def encode_example(
    tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message], answer: str, max_length: int
) -> Example:
    """Encode a prompt with its answer; only the answer and its end of turn carry loss.

    The answer is encoded apart, so that the prompt's ids are a prefix whatever the tokenizer
    merges. An example that is too long loses the start of its prompt, then the end of its answer,
    and never its end of turn.
    """
    answer_ids = _token_ids(tokenizer, answer.strip())
    completion = [*answer_ids[: max_length - 1], end_of_turn_id(tokenizer)]
    prompt = cut_prompt(encode_prompt(tokenizer, messages), max_length - len(completion), tokenizer)
    return Example(
        input_ids=[*prompt, *completion], labels=[IGNORED_LABEL] * len(prompt) + completion
    )


def cut_prompt(ids: list[int], length: int, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Cut the start off a prompt that is too long, but for its first token if that begins a text.

    Gemma's models fail without their `<bos>`.
    """
    if len(ids) <= length:
        return ids
    start = ids[:1] if length > 1 and ids[0] == tokenizer.bos_token_id else []
    return [*start, *ids[len(ids) - max(0, length - len(start)) :]]


def _token_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]


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
    """Write a prompt and its answer as `CHAT_TEMPLATE` does, but for `<bos>` and the last break."""
    turns = [(message["role"], message["content"]) for message in messages] + [("model", answer)]
    return "\n".join(f"{START_OF_TURN}{role}\n{text.strip()}{END_OF_TURN}" for role, text in turns)


def train_tokenizer(documents: Sequence[str], vocab_size: int) -> "GemmaTokenizer":
    """Learn byte-pair merges within words and put them into a Gemma tokenizer.

    A small corpus yields fewer tokens than `vocab_size`. Decoding gives back every text without `▁`
    (U+2581).
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
