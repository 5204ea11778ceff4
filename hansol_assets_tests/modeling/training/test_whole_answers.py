"""Answers are learnt to the end of a sentence, whatever an example can hold."""

from pathlib import Path

import pandas as pd
import pytest
from transformers import PreTrainedTokenizerBase

from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.base.tokenizer import encode_example
from hansol_assets.modeling.training.encoding import LongAnswersError, fit_answers
from hansol_assets_tests.modeling.checkpoints import TOKENIZERS
from hansol_assets_tests.modeling.conftest import PAIRS, user

QUESTION = PAIRS[0][0]
FIRST = "풀이 말라서 들뜹니다."
LINES = "물기를 닦습니다\n- 풀을 바릅니다\n- 누릅니다"


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    TOKENIZERS["gemma-3-4b"]().save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "gemma3_text"}', encoding="utf-8")
    return load_tokenizer(folder, LoadingSettings())


def examples(*answers: str) -> pd.DataFrame:
    return pd.DataFrame({"messages": [user(QUESTION)] * len(answers), "answer": answers})


def tokens(tokenizer: PreTrainedTokenizerBase, text: str) -> int:
    return len(tokenizer(text, add_special_tokens=False)["input_ids"])


def test_what_fits_is_left_as_it_is(tokenizer: PreTrainedTokenizerBase) -> None:
    given = examples(FIRST, f"{FIRST} 물을 막습니다.")

    fitted = fit_answers(tokenizer, given, 1024)

    pd.testing.assert_frame_equal(fitted.examples, given)
    assert (fitted.shortened, fitted.left_out, fitted.warning) == (0, 0, "")


def test_a_long_answer_ends_with_its_last_sentence_that_fits(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    long = " ".join(f"{number}번째로 풀을 바릅니다." for number in range(200))
    given = examples(FIRST, long, f"{LINES}\n{'누름' * 900}", "풀" * 2000)

    fitted = fit_answers(tokenizer, given, 256)

    first, second, third = fitted.examples["answer"]
    assert first == FIRST
    assert long.startswith(second)
    assert second.endswith("바릅니다.")
    assert third == LINES
    assert (fitted.shortened, fitted.left_out) == (2, 1)
    assert fitted.longest == max(tokens(tokenizer, text) + 1 for text in given["answer"])
    for answer, messages in zip(fitted.examples["answer"], given["messages"], strict=False):
        encoded = encode_example(tokenizer, messages, answer, 256)
        assert len(encoded["input_ids"]) <= 256
        assert tokenizer.decode(encoded["input_ids"]).count(answer) == 1
    assert fitted.warning.startswith(
        "2 training answers are shortened to the sentences that fit, and 1 are left out: the "
        f"longest has {fitted.longest} tokens, and an example holds training.max_length 256"
    )


def test_an_answer_never_takes_the_place_of_the_whole_prompt(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    long = " ".join([FIRST] * 100)

    (answer,) = fit_answers(tokenizer, examples(long), 128).examples["answer"]

    prompt = encode_example(tokenizer, user(QUESTION), answer, 128)["labels"].count(-100)
    assert prompt >= min(32, tokens(tokenizer, QUESTION))


def test_no_answer_that_fits_is_an_error_with_figures(tokenizer: PreTrainedTokenizerBase) -> None:
    fitted = fit_answers(tokenizer, examples("풀" * 2000), 64)

    assert fitted.examples.empty
    said = str(LongAnswersError(fitted))
    assert "no answer fits into an example: 0 training answers are shortened" in said
    assert "training.max_length 64" in said


def test_nothing_to_fit_is_nothing(tokenizer: PreTrainedTokenizerBase) -> None:
    assert fit_answers(tokenizer, examples(), 64).examples.empty
