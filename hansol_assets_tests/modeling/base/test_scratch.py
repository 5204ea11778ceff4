from collections.abc import Mapping
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from safetensors.torch import load_file

from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling.base.base_model import train_base_model
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm
from hansol_assets.modeling.base.model_folder import ModelSource, source_of
from hansol_assets.modeling.base.scratch import ScratchSettings, packed_blocks
from hansol_assets.modeling.runtime import deterministic
from hansol_assets_tests.modeling.conftest import ignore, small_base_settings

WEIGHTS = "model.safetensors"


def test_the_folder_loads_as_gemma_3(base_dir: Path) -> None:
    model = load_causal_lm(base_dir, LoadingSettings())
    assert type(model).__name__ == "Gemma3ForCausalLM"
    assert model.generation_config.eos_token_id == [1, 6]
    assert {path.suffix for path in base_dir.iterdir()} <= {".json", ".jinja", ".safetensors"}
    assert (base_dir / "chat_template.jinja").is_file()


def test_training_lowers_the_loss(
    tmp_path: Path, documents: list[str], capfd: pytest.CaptureFixture[str]
) -> None:
    lines: list[str] = []

    def take(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        assert not figures or {"step", "steps", "loss", "learning_rate"} == set(figures)
        lines.append(line)

    report = train_base_model(documents, small_base_settings(steps=40).scratch, tmp_path, take)
    losses = report.history["loss"]
    assert losses.iloc[0] == pytest.approx(np.log(report.vocabulary), rel=0.1)
    assert losses.iloc[-5:].mean() < 0.85 * losses.iloc[0]
    assert report.history["step"].tolist() == list(range(1, 41))
    assert report.tokens == 40 * 4 * 64
    assert lines[-1].startswith("base model: step 40 of 40, loss ")
    assert "it/s" not in capfd.readouterr().err


def test_the_same_corpus_gives_the_same_bytes(
    tmp_path: Path, base_dir: Path, documents: list[str]
) -> None:
    torch.rand(3)
    train_base_model(documents, small_base_settings().scratch, tmp_path, ignore)
    for file in base_dir.iterdir():
        assert (tmp_path / file.name).read_bytes() == file.read_bytes(), file.name


def test_another_seed_gives_another_model(
    tmp_path: Path, base_dir: Path, documents: list[str]
) -> None:
    train_base_model(documents, small_base_settings(seed=1).scratch, tmp_path, ignore)
    ours, theirs = load_file(tmp_path / WEIGHTS), load_file(base_dir / WEIGHTS)
    name = "model.layers.0.self_attn.q_proj.weight"
    assert not torch.equal(ours[name], theirs[name])


def test_an_empty_corpus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no documents"):
        train_base_model([], small_base_settings().scratch, tmp_path, ignore)


def test_the_name_of_a_trained_model_holds_on_every_machine(base_dir: Path) -> None:
    assert source_of(base_dir) == ModelSource(f"{base_dir.parent.name}/small")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"hidden_size": 30}, "multiple of 4"),
        ({"sequence_length": 2048}, "less than or equal to 1024"),
        ({"vocab_size": 200}, "greater than 263"),
        ({"layer": 3}, "Extra inputs"),
    ],
)
def test_impossible_shapes_are_refused(changes: dict[str, int], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        ScratchSettings.model_validate(changes)


_documents = st.lists(
    st.lists(st.integers(0, 9), min_size=1, max_size=9).map(np.array), min_size=1, max_size=6
)


@given(documents=_documents, size=st.integers(1, 7))
def test_packing_drops_no_token(documents: list[np.ndarray], size: int) -> None:
    epoch = sum(map(len, documents))
    tokens = np.concatenate(list(islice(packed_blocks(documents, size, 3), epoch)))
    # `epoch` blocks hold exactly `size` epochs.
    assert sorted(tokens) == sorted(np.tile(np.concatenate(documents), size))


def test_the_order_of_documents_changes_with_the_epoch() -> None:
    documents = [np.array([number]) for number in range(20)]
    first, second = islice(packed_blocks(documents, 20, 3), 2)
    assert first.tolist() != second.tolist()


def test_a_deterministic_block_leaves_no_trace() -> None:
    torch.manual_seed(1)
    np.random.seed(1)
    expected = (torch.rand(1).item(), np.random.rand())
    torch.manual_seed(1)
    np.random.seed(1)
    with deterministic(7):
        assert torch.are_deterministic_algorithms_enabled()
        inside = torch.rand(1).item()
    assert (torch.rand(1).item(), np.random.rand()) == expected
    assert not torch.are_deterministic_algorithms_enabled()
    with deterministic(7):
        assert torch.rand(1).item() == inside
