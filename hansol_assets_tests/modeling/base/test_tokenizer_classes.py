"""Every class of tokenizer that a profile's model has, through training's and generation's door."""

import re
from pathlib import Path

import pandas as pd
import pytest
from transformers import PreTrainedTokenizerBase

from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.base.tokenizer import (
    IGNORED_LABEL,
    TokenizerSettings,
    encode_example,
    end_of_turn_id,
    stop_ids,
)
from hansol_assets.modeling.training.encoding import (
    differing_prompts,
    inspect_encoding,
    lost_characters,
    silent_ends,
)
from hansol_assets.settings import load_settings
from hansol_assets_tests.modeling.checkpoints import TOKENIZERS
from hansol_assets_tests.modeling.conftest import PAIRS, user

QUESTION, ANSWER = PAIRS[0]


def saved(profile: str, folder: Path) -> Path:
    TOKENIZERS[profile]().save_pretrained(folder)
    # What tells AutoTokenizer the class, besides the tokenizer's own files.
    shape = load_settings(profile=profile).base_model.known_shape
    assert shape is not None
    (folder / "config.json").write_text(f'{{"model_type": "{shape.model_type}"}}', encoding="utf-8")
    return folder


@pytest.fixture(params=sorted(TOKENIZERS))
def tokenizer(request: pytest.FixtureRequest, tmp_path: Path) -> PreTrainedTokenizerBase:
    loading = load_settings(profile=request.param).base_model.loading
    return load_tokenizer(saved(request.param, tmp_path), loading)


def test_every_profiles_tokenizer_passes_the_inspection(
    tokenizer: PreTrainedTokenizerBase, examples: pd.DataFrame
) -> None:
    inspection = inspect_encoding(tokenizer, examples, max_length=512)
    assert inspection.problems == ()
    assert inspection.examples == len(PAIRS)
    assert (inspection.cut, inspection.unknown) == (0, 0)
    ending = end_of_turn_id(tokenizer)
    last = re.split(r"(?<!\\)\|", inspection.example.splitlines()[-1])
    assert len(last) == 6
    assert last[2].strip() == last[4].strip() == str(ending)


def test_an_answer_ends_in_a_token_that_stops_generation(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    example = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=512)
    assert example["labels"][-1] in stop_ids(tokenizer)
    carried = [label for label in example["labels"] if label != IGNORED_LABEL]
    assert tokenizer.decode(carried[:-1], skip_special_tokens=True).strip() == ANSWER


def test_padding_is_on_the_right_unless_asked_otherwise(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    rows = {"input_ids": [[5, 6, 7], [5]]}
    pad = tokenizer.pad_token_id
    assert tokenizer.pad(rows)["input_ids"][1] == [5, pad, pad]
    assert tokenizer.pad(rows, padding_side="left")["input_ids"][1] == [pad, pad, 5]


def test_a_cut_prompt_still_begins_as_the_model_expects(
    tokenizer: PreTrainedTokenizerBase,
) -> None:
    whole = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=512)
    cut = encode_example(tokenizer, user(QUESTION), ANSWER, len(whole["input_ids"]) - 4)
    assert len(cut["input_ids"]) == len(whole["input_ids"]) - 4
    if whole["input_ids"][0] == tokenizer.bos_token_id:
        assert cut["input_ids"][0] == tokenizer.bos_token_id
    assert cut["input_ids"][1:] == whole["input_ids"][5:]


def test_the_class_that_kogpt2s_files_imply_would_garble_korean(tmp_path: Path) -> None:
    """A GPT-2 tokenizer spells text in bytes, which KoGPT2's vocabulary does not have."""
    folder = saved("kogpt2", tmp_path)
    # The released files name no class, so that the model's type decides.
    (folder / "tokenizer_config.json").unlink()
    own = load_settings(profile="kogpt2").base_model.loading
    implied = own.model_copy(
        update={"tokenizer": own.tokenizer.model_copy(update={"loader": "auto"})}
    )
    assert not list(lost_characters(load_tokenizer(folder, own), [ANSWER]))
    (problem,) = lost_characters(load_tokenizer(folder, implied), [ANSWER])
    assert "loader may mend it" in problem


def test_characters_that_a_vocabulary_lacks_are_named(tmp_path: Path) -> None:
    loading = load_settings(profile="kogpt2").base_model.loading
    tokenizer = load_tokenizer(saved("kogpt2", tmp_path), loading)
    (problem,) = lost_characters(tokenizer, [ANSWER, f"{ANSWER} ㎡", PAIRS[1][1]])
    assert problem.startswith("1 of 3 answers do not survive encoding and decoding; lost: ㎡.")


def test_doubled_spaces_are_no_loss_and_missing_ones_are(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(saved("gemma-3-4b", tmp_path), LoadingSettings())
    assert not list(lost_characters(tokenizer, ["풀을  얇게 바릅니다. ", "줄눈"]))


def test_an_example_without_a_learned_end_is_found(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(saved("gemma-3-4b", tmp_path), LoadingSettings())
    sound = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=512)
    silent = {**sound, "labels": [*sound["labels"][:-1], IGNORED_LABEL]}
    endless = {"input_ids": sound["input_ids"][:-1], "labels": sound["labels"][:-1]}
    assert not list(silent_ends(tokenizer, [sound, sound]))
    (problem,) = silent_ends(tokenizer, [sound, silent, endless])  # type: ignore[list-item]
    assert problem.startswith("in 2 of 3 examples no end token carries loss")


def test_a_prompt_that_differs_by_a_space_is_found(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(saved("qwen3-4b", tmp_path), LoadingSettings())
    asked = [user(QUESTION), user(QUESTION)]
    same = encode_example(tokenizer, user(QUESTION), ANSWER, max_length=512)
    other = encode_example(tokenizer, user(f"{QUESTION} "), ANSWER, max_length=512)
    assert not list(differing_prompts(tokenizer, asked, [same, same]))
    (problem,) = differing_prompts(tokenizer, asked, [same, other])
    assert problem.startswith("in 1 of 2 examples the tokens of the prompt differ")


def test_long_examples_are_counted(tmp_path: Path, examples: pd.DataFrame) -> None:
    tokenizer = load_tokenizer(saved("gemma-3-4b", tmp_path), LoadingSettings())
    inspection = inspect_encoding(tokenizer, examples, max_length=20)
    assert inspection.problems == ()
    assert inspection.longest > 20
    assert inspection.cut > 0


def test_the_middle_of_a_long_prompt_is_not_shown(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(saved("gemma-3-4b", tmp_path), LoadingSettings())
    long = pd.DataFrame({"messages": [user(QUESTION * 20)], "answer": [ANSWER]})
    inspection = inspect_encoding(tokenizer, long, max_length=1024)
    assert len(inspection.example.splitlines()) < inspection.longest
    assert "`'<end_of_turn>'`" in inspection.example


def test_new_tokens_are_added_and_stand_for_themselves(tmp_path: Path) -> None:
    loading = LoadingSettings(tokenizer=TokenizerSettings(new_tokens=("<㎡>",)))
    tokenizer = load_tokenizer(saved("ldcc-solar-10.7b", tmp_path), loading)
    ids = tokenizer("넓이 <㎡>", add_special_tokens=False)["input_ids"]
    assert ids[-1] == len(tokenizer) - 1


def test_a_new_token_that_is_known_is_refused(tmp_path: Path) -> None:
    loading = LoadingSettings(tokenizer=TokenizerSettings(new_tokens=("</s>",)))
    with pytest.raises(ValueError, match="the vocabulary has </s> already"):
        load_tokenizer(saved("ldcc-solar-10.7b", tmp_path), loading)


@pytest.mark.real
@pytest.mark.parametrize("profile", sorted(set(TOKENIZERS) - {"kogpt2"}))
def test_no_real_answer_loses_a_character(profile: str, tmp_path: Path, real_dir: Path) -> None:
    """Whatever a vocabulary lacks is spelled in bytes; KoGPT2's has no bytes."""
    table = pd.read_csv(real_dir / "train.csv", encoding="utf-8-sig")
    answers = table.filter(regex=r"^답변_").to_numpy().ravel().tolist()
    tokenizer = load_tokenizer(
        saved(profile, tmp_path), load_settings(profile=profile).base_model.loading
    )
    assert list(lost_characters(tokenizer, answers)) == []
