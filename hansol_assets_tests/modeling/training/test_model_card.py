"""The page beside an adapter, and the folder that is handed on."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from huggingface_hub import ModelCard
from peft import AutoPeftModelForCausalLM, PeftConfig, PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.source import Source
from hansol_assets.modeling.base.tokenizer import TokenizerSettings
from hansol_assets.modeling.training.adapter import train_adapter
from hansol_assets.modeling.training.export import ExportError, export_adapter
from hansol_assets.modeling.training.model_card import model_card
from hansol_assets_tests.modeling.conftest import ignore, small_training_settings

COMMIT = "0123456789abcdef0123456789abcdef01234567"
RELEASED = Source("owner/model", COMMIT, "gemma")


@pytest.fixture(scope="module")
def adapter(
    base_dir: Path, examples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("carded")
    train_adapter(
        base_dir,
        examples.iloc[:6],
        # Its own examples, so that training is sure to be an improvement, and kept.
        examples.iloc[:6],
        small_training_settings(),
        folder / "adapter",
        folder / "checkpoints",
        ignore,
        LoadingSettings(),
        data={"paired_questions": "1f2e3d4c"},
    )
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


def test_what_is_no_adapter_is_not_exported(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"is no adapter: it lacks adapter_config\.json"):
        export_adapter(tmp_path, tmp_path, tmp_path / "out")


def test_nothing_is_written_over(adapter: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(ExportError, match="holds something already"):
        export_adapter(adapter, tmp_path, tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]
