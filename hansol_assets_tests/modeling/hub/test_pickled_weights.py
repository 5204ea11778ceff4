"""Weights of older models, read as plain tensors."""

import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from hansol_assets.hub.conversion import UnreadableWeightsError, convert_pickled_weights
from hansol_assets.hub.fetching import HubSettings, UnsafeWeightsError, fetch


class Intruder:
    """Would make a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


def test_tensors_are_kept_bit_by_bit(tmp_path: Path) -> None:
    shared = torch.arange(6, dtype=torch.float32).reshape(2, 3)
    torch.save({"wte": shared, "lm_head": shared, "turned": shared.T}, tmp_path / "w.bin")
    convert_pickled_weights(tmp_path / "w.bin", tmp_path)
    converted = load_file(tmp_path / "model.safetensors")
    assert set(converted) == {"wte", "lm_head", "turned"}
    assert torch.equal(converted["wte"], shared)
    assert torch.equal(converted["turned"], shared.T)


def test_code_among_the_weights_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"
    torch.save({"wte": torch.ones(2), "more": Intruder(trace)}, tmp_path / "w.bin")
    with pytest.raises(UnreadableWeightsError, match="holds more than tensors"):
        convert_pickled_weights(tmp_path / "w.bin", tmp_path)
    assert not trace.exists()
    assert not (tmp_path / "model.safetensors").exists()


def test_a_bare_pickle_is_refused_and_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"
    (tmp_path / "w.bin").write_bytes(pickle.dumps(Intruder(trace)))
    with pytest.raises(UnreadableWeightsError):
        convert_pickled_weights(tmp_path / "w.bin", tmp_path)
    assert not trace.exists()


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "w.bin")
    with pytest.raises(UnreadableWeightsError, match="holds no weights by name"):
        convert_pickled_weights(tmp_path / "w.bin", tmp_path)


def test_conversion_is_asked_for_and_needs_the_file(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "tokenizer.json").write_text("{}", encoding="utf-8")
    told = HubSettings(model_id=str(source), weights="converted")
    with pytest.raises(UnsafeWeightsError, match=r"has no pytorch_model\.bin"):
        fetch(told, tmp_path / "out")
    torch.save({"wte": torch.ones(2)}, source / "pytorch_model.bin")
    with pytest.raises(UnsafeWeightsError, match="weights to 'converted'"):
        fetch(HubSettings(model_id=str(source)), tmp_path / "out")
    fetch(told, tmp_path / "out")
    got = {file.name for file in (tmp_path / "out").iterdir()}
    assert got == {"model.safetensors", "tokenizer.json"}
