"""A model whose vocabulary is cut to a table: it says the same, from fewer rows."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from peft import PeftModel
from pydantic import ValidationError
from transformers import PreTrainedTokenizerBase

from hansol_assets.compute.protocol import ALONE
from hansol_assets.errors import InputError
from hansol_assets.lake.reports import NO_FIGURES, Log
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.tokenizer import TokenizerSettings, encode_example, encode_prompt
from hansol_assets.modeling.base.vocabulary import (
    TOKENS_FILE,
    TableVocabulary,
    Vocabulary,
    basic_tokens,
    saved_vocabulary,
    table_vocabulary,
)
from hansol_assets.modeling.generation import GenerationRequest, Generator
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets.modeling.memory import Device, estimate
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter
from hansol_assets.modeling.training.export import export_adapter
from hansol_assets.settings import load_settings
from hansol_assets_tests.modeling.checkpoints import TOKENIZERS, small_shape, write_shape
from hansol_assets_tests.modeling.conftest import PAIRS, ignore, small_training_settings, user

TABLE = LoadingSettings(vocabulary="table")
FOREIGN = "Ελληνικά ¿qué? 中国語の壁紙 Überzug naïve 🧱 뷁"
WHOLE_TABLES = {"gemma-2b", "ldcc-solar-10.7b", "qwen3-4b", "kanana-1.5-8b", "kogpt2"}
"""One profile of each kind of tokenizer, with a shared table of vectors and with two."""


@dataclass(frozen=True)
class Case:
    """A small random model, and the vocabulary of four of the eight pairs."""

    folder: Path
    loading: LoadingSettings
    tokenizer: PreTrainedTokenizerBase
    vocabulary: TableVocabulary


@pytest.fixture(scope="module", params=sorted(WHOLE_TABLES))
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    released = load_settings(profile=request.param).base_model
    assert released.facts.shape is not None
    folder = tmp_path_factory.mktemp(request.param)
    write_shape(small_shape(released.facts.shape), TOKENIZERS[request.param](), folder)
    loading = LoadingSettings(tokenizer=released.loading.tokenizer)
    tokenizer = load_tokenizer(folder, loading)
    vocabulary = table_vocabulary(tokenizer, encoded(tokenizer, PAIRS[:4]))
    return Case(folder, loading, tokenizer, vocabulary)


def encoded(
    tokenizer: PreTrainedTokenizerBase, pairs: tuple[tuple[str, str], ...]
) -> list[list[int]]:
    return [
        encode_example(tokenizer, user(question), answer, 512)["input_ids"]
        for question, answer in pairs
    ]


def test_kept_tokens_get_the_logits_of_the_whole_model(case: Case) -> None:
    ids, kept = encoded(case.tokenizer, PAIRS[:4])[2], case.vocabulary.token_ids
    whole = load_causal_lm(case.folder, case.loading)
    cut = load_causal_lm(case.folder, case.loading, case.vocabulary)
    with torch.inference_mode():
        expected = whole(input_ids=torch.tensor([ids])).logits[..., kept]
        found = cut(input_ids=torch.tensor([case.vocabulary.inward(ids)])).logits
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert cut.num_parameters() < whole.num_parameters()
    assert cut.config.get_text_config().vocab_size == len(kept)


def test_ids_of_the_table_go_in_and_come_out_as_they_were(case: Case) -> None:
    for ids in encoded(case.tokenizer, PAIRS[:4]):
        inner = case.vocabulary.inward(ids)
        assert len(inner) == len(ids)
        assert max(inner) < len(case.vocabulary.token_ids)
        assert case.vocabulary.outward(inner) == ids


def test_any_other_text_is_spelled(case: Case) -> None:
    """With letters or bytes, as far as the whole vocabulary can."""
    kept = set(case.vocabulary.token_ids)
    for text in [*(answer for _, answer in PAIRS[4:]), FOREIGN]:
        ids = case.tokenizer(text, add_special_tokens=False)["input_ids"]
        outer = case.vocabulary.outward(case.vocabulary.inward(ids))
        assert (outer != ids) == (not kept.issuperset(ids))
        assert case.tokenizer.decode(outer) == case.tokenizer.decode(ids)


def test_what_ends_and_fills_a_turn_is_kept(case: Case) -> None:
    kept = set(case.vocabulary.token_ids)
    assert set(case.tokenizer.all_special_ids) <= kept
    assert basic_tokens(case.tokenizer) <= kept


@dataclass(frozen=True)
class Adapted:
    """An adapter of a model with a cut vocabulary."""

    base: Path
    adapter: Path

    @cached_property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        return load_tokenizer(self.base, LoadingSettings())

    @cached_property
    def vocabulary(self) -> TableVocabulary:
        return saved_vocabulary(self.tokenizer, self.adapter)

    def model(self, loading: LoadingSettings, vocabulary: Vocabulary) -> Any:
        base = load_causal_lm(self.base, loading, vocabulary)
        return PeftModel.from_pretrained(base, self.adapter).eval()

    def train(self, examples: pd.DataFrame, progress: Log) -> AdapterReport:
        return TrainAdapter(
            self.base,
            examples.iloc[:4],
            examples.iloc[2:4],
            small_training_settings(epochs=8, max_steps=8, max_length=160),
            self.adapter,
            self.adapter.with_name("checkpoints"),
            TABLE,
        ).run(replace(ALONE, send=progress))


@pytest.fixture(scope="module")
def adapted(tmp_path_factory: pytest.TempPathFactory, examples: pd.DataFrame) -> Adapted:
    """Its tokenizer pads with the last of its tokens, whose place changes."""
    shape = load_settings(profile="kanana-1.5-8b").base_model.facts.shape
    assert shape is not None
    folder = tmp_path_factory.mktemp("adapted")
    write_shape(small_shape(shape), TOKENIZERS["kanana-1.5-8b"](), folder / "base")
    trained = Adapted(folder / "base", folder / "adapter")
    trained.train(examples, ignore)
    return trained


def greedy(model: Any, prompt: list[int]) -> list[int]:
    ids = torch.tensor([prompt])
    with torch.inference_mode():
        output = model.generate(
            input_ids=ids, max_new_tokens=16, do_sample=False, eos_token_id=None
        )
    return output[0, len(prompt) :].tolist()


def tokens_until_cut(folder: Path) -> list[int]:
    """Prove greedy answers the same up to a token that was cut; return how long that is."""
    tokenizer = load_tokenizer(folder, LoadingSettings())
    vocabulary = table_vocabulary(tokenizer, encoded(tokenizer, PAIRS[:4]))
    whole = load_causal_lm(folder, LoadingSettings())
    cut = load_causal_lm(folder, TABLE, vocabulary)
    same = []
    for question, _ in PAIRS[:4]:
        prompt = encode_prompt(tokenizer, user(question))
        expected = greedy(whole, prompt)
        found = vocabulary.outward(greedy(cut, vocabulary.inward(prompt)))
        kept = [token in vocabulary.token_ids for token in expected]
        same.append(kept.index(False) if False in kept else len(kept))
        assert found[: same[-1]] == expected[: same[-1]]
    return same


def test_greedy_answers_are_the_whole_models_until_it_says_a_cut_token(
    base_dir: Path, adapted: Adapted
) -> None:
    """One model was trained on the texts, the other says what comes."""
    assert tokens_until_cut(base_dir) == [16] * 4
    assert max(tokens_until_cut(adapted.base)) < 16


def answers(adapted: Adapted, loading: LoadingSettings, questions: Sequence[str]) -> list[str]:
    settings = GenerationSettings(samples=1, max_new_tokens=16, batch_size=4)
    requests = [GenerationRequest(question, user(question)) for question in questions]
    generator = Generator(adapted.base, adapted.adapter, settings, loading)
    return [one.text for batch in generator.generate(requests) for one in batch]


def test_questions_of_another_table_are_answered(adapted: Adapted) -> None:
    questions = [*(question for question, _ in PAIRS[4:]), FOREIGN]
    assert len(answers(adapted, TABLE, questions)) == 2 * len(questions)


def test_the_adapter_fits_the_whole_model(adapted: Adapted, tmp_path: Path) -> None:
    export_adapter(adapted.adapter, adapted.base, tmp_path / "out")
    assert not (tmp_path / "out" / TOKENS_FILE).exists()
    base, vocabulary = load_causal_lm(adapted.base, LoadingSettings()), adapted.vocabulary
    whole = PeftModel.from_pretrained(base, tmp_path / "out").eval()
    ids = encode_prompt(adapted.tokenizer, user(PAIRS[0][0]))
    with torch.inference_mode():
        expected = whole(input_ids=torch.tensor([ids])).logits[..., vocabulary.token_ids]
        small = adapted.model(TABLE, vocabulary)
        found = small(input_ids=torch.tensor([vocabulary.inward(ids)])).logits
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_an_adapter_of_the_whole_vocabulary_has_no_table(adapted: Adapted, tmp_path: Path) -> None:
    shutil.copytree(adapted.adapter, tmp_path / "whole", ignore=shutil.ignore_patterns(TOKENS_FILE))
    with pytest.raises(InputError, match=r"whole vocabulary\. Set base_model.loading.vocabulary"):
        answers(Adapted(adapted.base, tmp_path / "whole"), TABLE, ["벽지"])


class InterruptionError(Exception):
    """Ends a run from outside."""


def test_an_interrupted_run_goes_on_to_the_same_weights(
    adapted: Adapted, examples: pd.DataFrame, tmp_path: Path
) -> None:
    def interrupt(line: str, _: Mapping[str, float] = NO_FIGURES, /) -> None:
        if "step 7 of 8" in line:
            raise InterruptionError

    again = Adapted(adapted.base, tmp_path / "adapter")
    with pytest.raises(InterruptionError):
        again.train(examples, interrupt)
    assert again.train(examples, ignore).resumed_from_step == 6
    weights = [(one.adapter / "adapter_model.safetensors").read_bytes() for one in (adapted, again)]
    assert weights[0] == weights[1]


def test_new_tokens_and_a_cut_vocabulary_exclude_each_other() -> None:
    with pytest.raises(ValidationError, match="leave one of the two out"):
        LoadingSettings(vocabulary="table", tokenizer=TokenizerSettings(new_tokens=("<끝>",)))


def test_the_estimates_know_a_cut_vocabulary() -> None:
    settings = load_settings(profile="gemma-2b")
    shape, loading = settings.base_model.known_shape, settings.base_model.loading
    assert shape is not None
    table = loading.model_copy(update={"vocabulary": "table"})
    for work in (settings.training, settings.generation):
        whole = estimate(shape, loading, work, Device("any", 0))
        cut = estimate(shape, table, work, Device("any", 0))
        rows = estimate(shape, table, work, Device("any", 0), 9_000)
        # 2,048 numbers of two bytes in each of the 244,000 rows that are cut.
        assert whole.gib - cut.gib > 244_000 * 2_048 * 2 / 2**30
        assert cut.gib > rows.gib
