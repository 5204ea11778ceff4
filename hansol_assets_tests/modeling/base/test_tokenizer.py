from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.base.tokenizer import (
    CHAT_TEMPLATE,
    IGNORED_LABEL,
    SMALLEST_VOCABULARY,
    SPECIAL_TOKENS,
    encode_example,
    encode_prompt,
    end_of_turn_id,
    make_sound,
    render_document,
    stop_ids,
    train_tokenizer,
)
from hansol_assets_tests.modeling.conftest import PAIRS, user

QUESTION, ANSWER = PAIRS[0]
CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer(base_dir: Path) -> PreTrainedTokenizerBase:
    return load_tokenizer(base_dir, LoadingSettings())


@pytest.fixture
def plain(base_dir: Path) -> PreTrainedTokenizerBase:
    """A tokenizer as a hub model may bring it: no chat template, no pad token."""
    found = AutoTokenizer.from_pretrained(base_dir)
    found.chat_template = None
    found.pad_token = None
    return found


# U+2581 stands for a space inside Gemma's vocabulary; a lone surrogate is not text.
_texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="▁"), max_size=60)


@given(text=_texts)
def test_no_text_is_lost(tokenizer: PreTrainedTokenizerBase, text: str) -> None:
    ids = tokenizer(text, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=False) == text


def test_korean_outside_the_corpus_is_spelled_in_bytes(tokenizer: PreTrainedTokenizerBase) -> None:
    ids = tokenizer("뷁", add_special_tokens=False)["input_ids"]
    assert tokenizer.convert_ids_to_tokens(ids) == ["<0xEB>", "<0xB7>", "<0x81>"]


def test_special_tokens_stand_where_gemma_has_them(tokenizer: PreTrainedTokenizerBase) -> None:
    assert tokenizer.convert_tokens_to_ids(list(SPECIAL_TOKENS)) == [0, 1, 2, 3, 4, 5, 6]
    assert type(tokenizer).__name__ == "GemmaTokenizer"


def test_the_vocabulary_stays_within_its_limit(documents: list[str]) -> None:
    assert len(train_tokenizer(documents, 300)) <= 300


def test_of_characters_as_frequent_those_first_in_unicode_are_kept() -> None:
    text = "".join(map(chr, range(ord("가"), ord("가") + 200))) + "하하"
    tokenizer = train_tokenizer([text], SMALLEST_VOCABULARY + 4)
    kept = {token for token in tokenizer.get_vocab() if len(token) == 1}
    assert kept == {"하", "가", "각", "갂"}


def test_a_document_is_what_the_chat_template_makes(tokenizer: PreTrainedTokenizerBase) -> None:
    turns = [*user(QUESTION), {"role": "assistant", "content": ANSWER}]
    assert tokenizer.chat_template == CHAT_TEMPLATE
    assert tokenizer.apply_chat_template(turns, tokenize=False) == (
        f"<bos>{render_document(user(QUESTION), ANSWER)}\n"
    )


def test_a_prompt_is_what_the_chat_template_makes(tokenizer: PreTrainedTokenizerBase) -> None:
    prompt = tokenizer.decode(encode_prompt(tokenizer, user(QUESTION)))
    assert prompt == (f"<bos><start_of_turn>user\n{QUESTION}<end_of_turn>\n<start_of_turn>model\n")


def test_loss_falls_on_the_answer_and_its_end_of_turn_only(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    example = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=256)
    carried = [label for label in example["labels"] if label != IGNORED_LABEL]
    assert tokenizer.decode(carried) == f"{ANSWER}<end_of_turn>"
    assert example["labels"][-1] == tokenizer.convert_tokens_to_ids("<end_of_turn>")
    assert len(example["labels"]) == len(example["input_ids"])


@given(question=_texts, answer=_texts)
def test_the_prompt_is_a_prefix_of_the_example(
    tokenizer: PreTrainedTokenizerBase, question: str, answer: str
) -> None:
    prompt = encode_prompt(tokenizer, user(question))
    example = encode_example(tokenizer, user(question), answer, max_length=4096)
    assert example["input_ids"][: len(prompt)] == prompt
    assert set(example["labels"][: len(prompt)]) == {IGNORED_LABEL}
    assert example["labels"][len(prompt) :] == example["input_ids"][len(prompt) :]


@given(length=st.integers(2, 80))
def test_a_cut_example_keeps_its_end_of_turn(
    tokenizer: PreTrainedTokenizerBase, length: int
) -> None:
    whole = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=4096)
    cut = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=length)
    assert len(cut["input_ids"]) == min(length, len(whole["input_ids"]))
    assert cut["labels"][-1] == end_of_turn_id(tokenizer)


def test_a_cut_example_loses_its_prompt_before_its_answer(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    whole = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=4096)
    answer_length = sum(label != IGNORED_LABEL for label in whole["labels"])
    cut = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=answer_length + 3)
    # Gemma's models fail without their <bos>, so it stays.
    kept = whole["input_ids"][-answer_length - 2 :]
    assert cut["input_ids"] == [tokenizer.bos_token_id, *kept]


def test_a_tokenizer_without_a_template_gets_the_plain_one(plain: PreTrainedTokenizerBase) -> None:
    sound = make_sound(plain)
    assert sound.decode(encode_prompt(sound, user(QUESTION))) == (
        f"<bos>### 질문:\n{QUESTION}\n\n### 답변:\n"
    )
    assert end_of_turn_id(sound) == sound.eos_token_id


def test_padding_differs_from_the_end_of_a_turn(plain: PreTrainedTokenizerBase) -> None:
    plain.pad_token = plain.eos_token
    sound = make_sound(plain)
    assert sound.pad_token_id == 0
    assert sound.pad_token_id not in stop_ids(sound)


def test_the_end_of_turn_is_read_from_the_template(plain: PreTrainedTokenizerBase) -> None:
    plain.add_special_tokens({"extra_special_tokens": ["<|im_start|>", "<|im_end|>"]})
    plain.chat_template = CHATML
    sound = make_sound(plain)
    ending = sound.convert_tokens_to_ids("<|im_end|>")
    assert end_of_turn_id(sound) == ending
    assert stop_ids(sound) == sorted([ending, sound.eos_token_id])


def test_a_tokenizer_that_cannot_end_an_answer_is_refused(plain: PreTrainedTokenizerBase) -> None:
    plain.eos_token = None
    with pytest.raises(ValueError, match="no end-of-sequence token"):
        make_sound(plain)
