"""What any tokenizer must hold before a model is trained or asked with it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

from pydantic import Field

from hansol_assets.errors import InputError
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

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
        default="auto",
        description="auto: the class that the model's files name or imply; fast: tokenizer.json "
        "just as it stands, for a model whose implied class would split text differently.",
    )
    special_tokens: dict[Literal["bos_token", "eos_token", "pad_token", "unk_token"], str] = Field(
        default={}, description="Special tokens, where the model's files do not name them."
    )
    new_tokens: tuple[str, ...] = Field(
        default=(),
        description="Tokens added to the vocabulary; their rows of the embedding are trained and "
        "kept with the adapter.",
    )
    template: Literal["own", "plain"] = Field(
        default="own",
        description="own: the model's chat template, or the plain one if it brings none; plain: "
        "always the plain one.",
    )


class Example(TypedDict):
    """One training example.

    Attributes:
        input_ids: Token ids of prompt, answer and end of turn.
        labels: The same ids, with `IGNORED_LABEL` on the prompt.
    """

    input_ids: list[int]
    labels: list[int]


DEFAULT_SETTINGS = TokenizerSettings()


def make_sound(
    tokenizer: "PreTrainedTokenizerBase", settings: TokenizerSettings = DEFAULT_SETTINGS
) -> "PreTrainedTokenizerBase":
    """Give a tokenizer its new tokens, a chat template and a pad token that ends no turn.

    A pad token equal to the end-of-sequence token is masked together with it by common collators,
    so that the model never learns to stop.

    Returns:
        The same tokenizer. It pads on the right, as training needs; generation pads on the left by
        itself.

    Raises:
        InputError: It has no end-of-sequence token, or a new token is not new.
    """
    if tokenizer.eos_token_id is None:
        raise InputError(
            f"the tokenizer {tokenizer.name_or_path} has no end-of-sequence token, so answers "
            "could not end. Set base_model.loading.tokenizer.special_tokens.eos_token."
        )
    known = sorted(set(settings.new_tokens) & set(tokenizer.get_vocab()))
    if known:
        raise InputError(
            f"the vocabulary has {', '.join(known)} already. Take them out of "
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

    Returns:
        The token's id; the end-of-sequence token's where the template has no special one.
    """
    text = str(tokenizer.apply_chat_template(list(_SAMPLE_TURNS), tokenize=False))
    after = text.rpartition(_SAMPLE_TURNS[1]["content"])[2]
    special = set(tokenizer.all_special_ids) | set(tokenizer.added_tokens_decoder)
    found = (token for token in _token_ids(tokenizer, after) if token in special)
    return next(found, tokenizer.eos_token_id)


def stop_ids(tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Return the ids, in rising order, at which generation of an answer stops."""
    return sorted({end_of_turn_id(tokenizer), tokenizer.eos_token_id})


def encode_prompt(tokenizer: "PreTrainedTokenizerBase", messages: Sequence[Message]) -> list[int]:
    """Encode the turns up to the point where the model is to answer.

    Returns:
        The token ids, the same in training and in generation.
    """
    text = tokenizer.apply_chat_template(
        [dict(message) for message in messages], tokenize=False, add_generation_prompt=True
    )
    return _token_ids(tokenizer, str(text))


def encode_example(
    tokenizer: "PreTrainedTokenizerBase",
    messages: Sequence[Message],
    answer: str,
    max_length: int,
) -> Example:
    """Encode a prompt with its answer; only the answer and its end of turn carry loss.

    The answer is encoded apart from the prompt, so that the prompt's ids are a prefix of the
    example's whatever the tokenizer merges. An example that is too long loses the start of its
    prompt, then the end of its answer, and never its end of turn.

    `max_length`: most tokens in an example, at least 1.
    """
    answer_ids = _token_ids(tokenizer, answer.strip())
    completion = [*answer_ids[: max_length - 1], end_of_turn_id(tokenizer)]
    prompt = cut_prompt(encode_prompt(tokenizer, messages), max_length - len(completion), tokenizer)
    return Example(
        input_ids=[*prompt, *completion], labels=[IGNORED_LABEL] * len(prompt) + completion
    )


def cut_prompt(ids: list[int], length: int, tokenizer: "PreTrainedTokenizerBase") -> list[int]:
    """Cut the start off a prompt that is too long, but for its first token if that begins a text.

    `tokenizer`: the one that made them; Gemma's models fail without its `<bos>`.
    """
    if len(ids) <= length:
        return ids
    start = ids[:1] if length > 1 and ids[0] == tokenizer.bos_token_id else []
    return [*start, *ids[len(ids) - max(0, length - len(start)) :]]


def _token_ids(tokenizer: "PreTrainedTokenizerBase", text: str) -> list[int]:
    return tokenizer(text, add_special_tokens=False)["input_ids"]
