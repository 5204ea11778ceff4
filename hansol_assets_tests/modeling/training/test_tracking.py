"""A training run in wandb, kept offline and read back."""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from tenacity import Retrying, stop_after_delay, wait_fixed

from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter
from hansol_assets.modeling.training.callbacks import TrackerUnavailableError, tracked
from hansol_assets_tests.modeling.conftest import small_training_settings

BLOCK = 32 * 1024
FRAGMENT = struct.Struct("<IHB")
"""Checksum, length and kind of a part of a record."""
WHOLE_OR_LAST = (1, 4)

wandb = pytest.importorskip("wandb", reason="needs the extra `tracking`")


@pytest.fixture(autouse=True)
def nobody_logged_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_DIR", "WANDB_PROJECT", "WANDB_NAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def train(base_dir: Path, examples: pd.DataFrame, folder: Path) -> AdapterReport:
    return TrainAdapter(
        base_dir,
        examples.iloc[:6],
        examples.iloc[6:],
        small_training_settings(report_to=("wandb",)),
        folder / "adapter",
        folder / "checkpoints" / "0f1e2d3c",
        LoadingSettings(),
        tracking_dir=folder / "tracking",
    ).run()


def records(run_file: Path) -> Iterator[Any]:
    """Reads wandb's log: LevelDB's blocks of 32 KiB, after a header of 7 bytes."""
    from wandb.proto.wandb_internal_pb2 import Record

    log, place, parts = run_file.read_bytes(), 7, b""
    assert log.startswith(b":W&B")
    while place < len(log):
        left = BLOCK - place % BLOCK
        if left < FRAGMENT.size:
            place += left
            continue
        _, length, kind = FRAGMENT.unpack_from(log, place)
        place += FRAGMENT.size
        parts += log[place : place + length]
        place += length
        if kind in WHOLE_OR_LAST:
            yield Record.FromString(parts)
            parts = b""


def finished_records(run_file: Path) -> list[Any]:
    """Reads wandb's log once its own process, which outlives the run a little, has closed it."""
    kept: list[Any] = []
    for attempt in Retrying(stop=stop_after_delay(30), wait=wait_fixed(0.1)):
        with attempt:
            kept = list(records(run_file))
            assert any(record.HasField("exit") for record in kept)
    return kept


@pytest.mark.slow
def test_an_offline_run_holds_every_loss_of_the_table(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_MODE", "offline")
    report = train(base_dir, examples, tmp_path)
    assert report.tracked_run is not None
    folder = Path(report.tracked_run)
    assert folder.parent.parent == tmp_path / "tracking"
    (run_file,) = folder.glob("*.wandb")
    kept = finished_records(run_file)
    assert [record.run.display_name for record in kept if record.HasField("run")] == ["0f1e2d3c"]
    losses = [
        float(item.value_json)
        for record in kept
        for item in record.history.item
        if "train/loss" in (item.key, *item.nested_key)
    ]
    assert losses == pytest.approx(report.history["loss"].dropna().tolist(), abs=1e-4)
    assert wandb.run is None


def test_nobody_logged_in_is_said_before_training(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(TrackerUnavailableError, match="Run `wandb login`, keep the run on this"):
        train(base_dir, examples, tmp_path)
    assert not (tmp_path / "checkpoints").exists()


def test_the_environment_is_as_it_was_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import os

    monkeypatch.setenv("WANDB_MODE", "disabled")
    before = dict(os.environ)
    with tracked(("wandb",), tmp_path, "run"):
        assert os.environ["WANDB_DIR"] == str(tmp_path)
    assert dict(os.environ) == before
