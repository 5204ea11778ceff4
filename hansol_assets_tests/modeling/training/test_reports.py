import time
from collections.abc import Mapping

from hansol_assets.modeling.runtime import NO_FIGURES, ThrottledProgress
from hansol_assets.modeling.training.callbacks import history_table

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


def test_lines_within_the_interval_are_dropped() -> None:
    lines: list[str] = []

    def take(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        lines.append(f"{line} {dict(figures)}")

    throttled = ThrottledProgress(take, seconds=0.2)
    throttled("first", {"loss": 2.0})
    throttled("dropped")
    time.sleep(0.25)
    throttled("second")
    assert lines == ["first {'loss': 2.0}", "second {}"]
