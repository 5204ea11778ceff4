"""The page beside an adapter, and the folder that is handed on."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
import torch
from huggingface_hub import ModelCard
from peft import AutoPeftModelForCausalLM, PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.model_folder import ModelSource, UnsoundModelError
from hansol_assets.modeling.base.tokenizer import TokenizerSettings, encode_prompt
from hansol_assets.modeling.generation import GenerationRequest, Generator
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets.modeling.training.adapter import TrainAdapter
from hansol_assets.modeling.training.export import (
    ExportError,
    export_adapter,
    export_model,
    model_card,
)
from hansol_assets_tests.modeling.conftest import PAIRS, small_training_settings, user

COMMIT = "0123456789abcdef0123456789abcdef01234567"
RELEASED = ModelSource("owner/model", COMMIT, "gemma")


@pytest.fixture(scope="module")
def adapter(
    base_dir: Path, examples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("carded")
    TrainAdapter(
        base_dir,
        examples.iloc[:6],
        examples.iloc[:6],
        small_training_settings(),
        folder / "adapter",
        folder / "checkpoints",
        LoadingSettings(),
        data={"paired_questions": "1f2e3d4c"},
    ).run()
    # What an artifact holds besides: not for handing on.
    (folder / "adapter" / "history.parquet").write_bytes(b"table")
    return folder / "adapter"


def test_the_card_says_what_is_known_and_nothing_else(adapter: Path) -> None:
    card = (adapter / "README.md").read_text(encoding="utf-8")
    assert "| paired_questions | 1f2e3d4c  |" in card
    assert "| revision | trained on the same corpus |" in card
    assert "held-out loss (nats a token)" in card
    assert "learning_rate: 0.01" in card
    assert "None" not in card
    assert "nan" not in card.replace("finance", "")


def test_the_hub_reads_the_cards_metadata() -> None:
    told = small_training_settings()
    data = ModelCard(model_card(RELEASED, {}, told, LoadingSettings(), {"steps": 3})).data
    assert data.base_model == "owner/model"
    assert data.license == "gemma"
    assert data.library_name == "peft"
    assert data.language == "ko"


def test_the_card_names_the_bases_commit_where_it_is_loaded() -> None:
    told = small_training_settings()
    card = model_card(RELEASED, {}, told, LoadingSettings(), {"steps": 3})
    assert f'from_pretrained("owner/model", revision="{COMMIT}")' in card
    assert "## Data" not in card
    assert "resize_token_embeddings" not in card
    longer = LoadingSettings(tokenizer=TokenizerSettings(new_tokens=("<끝>",)))
    assert "resize_token_embeddings" in model_card(RELEASED, {}, told, longer, {"steps": 3})


@pytest.fixture
def released(tmp_path: Path) -> Path:
    """A folder that says its model is on the hub."""
    folder = tmp_path / "released"
    folder.mkdir()
    RELEASED.save(folder)
    return folder


def test_a_base_model_that_no_hub_has_is_exported_with_its_adapter(
    adapter: Path, base_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "handed-on"
    files = export_adapter(adapter, base_dir, out)
    assert set(files) == {path for path in out.rglob("*") if path.is_file()}
    monkeypatch.chdir(tmp_path)
    model = AutoPeftModelForCausalLM.from_pretrained(out)
    ids = torch.tensor([AutoTokenizer.from_pretrained(out)("벽지")["input_ids"]])
    base = AutoModelForCausalLM.from_pretrained(base_dir)
    expected = PeftModel.from_pretrained(base, adapter)
    with torch.inference_mode():
        assert torch.equal(model(input_ids=ids).logits, expected(input_ids=ids).logits)


def test_plain_peft_loads_an_exported_adapter(
    adapter: Path, base_dir: Path, released: Path, tmp_path: Path
) -> None:
    out = tmp_path / "handed-on"
    files = export_adapter(adapter, released, out)
    assert {file.name for file in files} == {file.name for file in out.iterdir()}
    assert "history.parquet" not in {file.name for file in files}
    assert PeftConfig.from_pretrained(out).peft_type == "LORA"
    base = AutoModelForCausalLM.from_pretrained(base_dir)
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = torch.tensor([tokenizer("벽지")["input_ids"]])
    with torch.inference_mode():
        plain = base(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(base, out)(input_ids=ids).logits
    assert not torch.allclose(plain, adapted)


@pytest.fixture
def licensed(base_dir: Path, adapter: Path, tmp_path: Path) -> Path:
    """The adapter's base with its licence beside it, under a name that the adapter has."""
    folder = tmp_path / base_dir.parent.name / base_dir.name
    shutil.copytree(base_dir, folder)
    (folder / "LICENSE").write_text("The terms.\n", encoding="utf-8")
    ModelSource(f"{folder.parent.name}/{folder.name}", None, "gemma").save(folder)
    return folder


def test_plain_transformers_says_with_the_merged_model_what_the_adapter_says(
    adapter: Path, licensed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "merged"
    files = export_model(adapter, licensed, out, LoadingSettings(vocabulary="table"))
    assert set(files) == set(out.iterdir())
    tokenizer = AutoTokenizer.from_pretrained(out)
    ids = torch.tensor([encode_prompt(tokenizer, user(PAIRS[0][0]))])
    merged = AutoModelForCausalLM.from_pretrained(out)
    base = AutoModelForCausalLM.from_pretrained(licensed)
    with torch.inference_mode():
        plain = base(input_ids=ids).logits
        adapted = PeftModel.from_pretrained(base, adapter)
        torch.testing.assert_close(
            merged(input_ids=ids).logits, adapted(input_ids=ids).logits, rtol=1e-5, atol=1e-5
        )
        assert not torch.allclose(merged(input_ids=ids).logits, plain, atol=1e-3)
    settings = GenerationSettings(samples=0, max_new_tokens=24)
    beside = Generator(licensed, adapter, settings, LoadingSettings())
    (said,) = beside.answer([GenerationRequest("q", user(PAIRS[0][0]))])
    output = merged.generate(input_ids=ids, max_new_tokens=24, do_sample=False)[0, ids.shape[1] :]
    assert tokenizer.decode(output, skip_special_tokens=True).strip() == said[0].text


def test_a_merged_model_carries_its_terms_and_no_path(
    adapter: Path, licensed: Path, tmp_path: Path
) -> None:
    out = tmp_path / "merged"
    export_model(adapter, licensed, out, LoadingSettings())
    card = ModelCard.load(out / "README.md")
    assert (card.data.library_name, card.data.tags) == ("transformers", ["trl", "sft"])
    assert "| paired_questions | 1f2e3d4c  |" in card.text
    assert "PeftModel" not in card.text
    assert (out / "LICENSE").read_text(encoding="utf-8") == "The terms.\n"
    told = (out / "NOTICE").read_text(encoding="utf-8")
    assert "modified: a LoRA adapter was trained" in told
    assert "ai.google.dev/gemma/terms" in told
    texts = [file for file in out.iterdir() if file.suffix in {".json", ".md", ""}]
    assert not [file.name for file in texts if str(tmp_path) in file.read_text(encoding="utf-8")]


def test_a_model_is_not_merged_over_what_is_there_nor_into_another_base(
    adapter: Path, base_dir: Path, licensed: Path, tmp_path: Path
) -> None:
    with pytest.raises(ExportError, match="holds something already"):
        export_model(adapter, licensed, licensed, LoadingSettings())
    ModelSource("owner/other", COMMIT, "gemma").save(licensed)
    with pytest.raises(UnsoundModelError, match="not on 'owner/other'"):
        export_model(adapter, licensed, tmp_path / "out", LoadingSettings())
    assert not (tmp_path / "out").exists()


def test_what_is_no_adapter_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"is no adapter: it lacks adapter_config\.json"):
        export_adapter(tmp_path, tmp_path, tmp_path / "out")


def test_nothing_is_written_over(adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="holds something already"):
        export_adapter(adapter, tmp_path, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
