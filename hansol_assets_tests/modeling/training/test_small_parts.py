"""The parts of training: the order of examples, its log, and the verdict on its fit."""

import time
from collections.abc import Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.modeling import runtime
from hansol_assets.modeling.hyperparameters import memorises
from hansol_assets.modeling.runtime import NO_FIGURES, ThrottledProgress
from hansol_assets.modeling.training.callbacks import history_table
from hansol_assets.modeling.training.sft import training_order

_lengths = st.lists(st.integers(1, 300), min_size=1, max_size=40)


@given(
    lengths=_lengths,
    batch_size=st.integers(1, 8),
    pool_batches=st.integers(1, 4),
    seed=st.integers(0, 9),
)
def test_an_epoch_holds_no_example_twice(
    lengths: list[int], batch_size: int, pool_batches: int, seed: int
) -> None:
    whole = len(lengths) // batch_size * batch_size or len(lengths)
    order = training_order(lengths, batch_size, 3 * whole, pool_batches, seed)
    assert len(order) == 3 * whole
    for start in range(0, len(order), whole):
        epoch = order[start : start + whole]
        assert len(set(epoch)) == whole
        assert set(epoch) <= set(range(len(lengths)))


def test_a_pool_brings_like_lengths_together() -> None:
    lengths = np.random.default_rng(0).integers(1, 300, size=800).tolist()

    def padding(pool_batches: int) -> int:
        order = training_order(lengths, 8, 800, pool_batches, seed=1)
        sizes = np.asarray(lengths)[order].reshape(-1, 8)
        return int((sizes.max(axis=1, keepdims=True) - sizes).sum())

    assert padding(50) < 0.1 * padding(1)


def test_epochs_differ_and_the_seed_repeats_them() -> None:
    order = training_order([5] * 20, 4, 40, 2, seed=1)
    assert order[:20] != order[20:]
    assert order == training_order([5] * 20, 4, 40, 2, seed=1)
    assert order != training_order([5] * 20, 4, 40, 2, seed=2)


def test_fewer_examples_than_a_batch_are_repeated() -> None:
    assert sorted(training_order([3, 4], 8, 8, 50, seed=0)) == [0, 0, 0, 0, 1, 1, 1, 1]


LOG = [
    {"step": 1, "epoch": 0.5, "loss": 3.0, "learning_rate": 0.1, "grad_norm": 1.0},
    {"step": 2, "epoch": 1.0, "loss": 2.0, "learning_rate": 0.05, "grad_norm": 1.0},
    {"step": 2, "epoch": 1.0, "eval_loss": 2.5, "eval_runtime": 1.0},
    {"step": 2, "epoch": 1.0, "train_runtime": 9.0, "train_loss": 2.5},
]


def test_the_log_becomes_one_row_a_step() -> None:
    table = history_table(LOG, 0.25)
    assert table["step"].tolist() == [1, 2]
    assert table["loss"].tolist() == [3.0, 2.0]
    assert table["epoch"].tolist() == [0.25, 0.5]
    assert table["eval_loss"].isna().tolist() == [True, False]
    assert table["eval_loss"].iloc[1] == 2.5


def test_an_empty_log_becomes_an_empty_table() -> None:
    table = history_table([], 0.25)
    assert table.empty
    assert table["loss"].dtype == "float64"


def test_lines_within_the_interval_are_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "PROGRESS_SECONDS", 0.2)
    lines: list[str] = []

    def take(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        lines.append(f"{line} {dict(figures)}")

    throttled = ThrottledProgress(take)
    throttled("first", {"loss": 2.0})
    throttled("dropped")
    time.sleep(0.25)
    throttled("second")
    assert lines == ["first {'loss': 2.0}", "second {}"]


@pytest.mark.parametrize(("training", "held_out"), [(2.5, 2.5), (2.5, 4.0), (4.0, 2.5), (0.0, 2.0)])
def test_losses_that_lie_together_are_no_complaint(training: float, held_out: float) -> None:
    assert memorises(training, held_out) is None


def test_a_model_that_knows_its_answers_by_heart_is_named() -> None:
    said = memorises(1.19, 6.20)
    assert said is not None
    assert "6.20" in said
    assert "1.19" in said
    assert "5.01 more" in said
    assert "2 are expected" in said


@pytest.mark.parametrize("held_out", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_is_named(held_out: float) -> None:
    assert "diverged" in (memorises(1.0, held_out) or "")
