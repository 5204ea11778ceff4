import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from hansol_assets.compute.protocol import ALONE
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.base.tokenizer import IGNORED_LABEL, end_of_turn_id
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter, encode
from hansol_assets.modeling.training.callbacks import last_whole_checkpoint
from hansol_assets_tests.modeling.conftest import KNOWN, small_training_settings, train

WEIGHTS = "adapter_model.safetensors"


UNKNOWN = slice(6, None)


@pytest.fixture(scope="module")
def trained(
    base_dir: Path, examples: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, AdapterReport]:
    out = tmp_path_factory.mktemp("lora_adapter") / "small"
    return out, train(base_dir, examples, out)


def test_training_changes_the_adapter_and_not_the_base(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    before = (base_dir / "model.safetensors").read_bytes()
    train(base_dir, examples, tmp_path / "adapter")
    weights = load_file(tmp_path / "adapter" / WEIGHTS)
    # LoRA's B matrices start at zero.
    assert all(value.abs().max() > 0 for name, value in weights.items() if "lora_B" in name)
    assert (base_dir / "model.safetensors").read_bytes() == before


def test_training_lowers_the_loss_on_its_examples(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    report = TrainAdapter(
        base_dir,
        examples,
        examples,
        small_training_settings(max_steps=10, evaluations=10),
        tmp_path / "adapter",
        tmp_path / "checkpoints",
        LoadingSettings(),
    ).run()
    assert report.history["eval_loss"].iloc[-1] < report.history["eval_loss"].iloc[0]


def test_the_loss_table_has_a_row_a_step(trained: tuple[Path, AdapterReport]) -> None:
    _, report = trained
    history = report.history
    assert list(history.columns) == ["step", "epoch", "loss", "learning_rate", "eval_loss"]
    assert history["step"].tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert history.loc[history["loss"].notna(), "step"].tolist() == [1, 2, 3, 4, 5, 6]
    assert history.loc[history["eval_loss"].notna(), "step"].tolist() == [0, 3, 6]
    assert report.resumed_from_step is None
    assert report.tokens > 0


def test_the_weights_of_the_lowest_held_out_loss_are_saved(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    # Trained for long on six answers, the model comes to expect those six.
    changes = {"max_steps": 60, "epochs": 60, "evaluations": 30, "learning_rate": 0.05}
    report = train(base_dir, examples, tmp_path / "adapter", UNKNOWN, **changes)
    measured = report.history.dropna(subset=["eval_loss"]).set_index("step")["eval_loss"]
    assert report.kept_step == measured.idxmin() < measured.index[-1]
    assert report.fit is not None
    assert report.fit.held_out_loss == pytest.approx(measured.min(), rel=1e-4)
    assert report.fit.held_out_loss < measured.iloc[-1]


def test_an_adapter_that_only_gets_worse_has_no_effect(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    report = train(base_dir, examples, tmp_path / "adapter", UNKNOWN, learning_rate=50.0)
    assert report.kept_step == 0
    weights = load_file(tmp_path / "adapter" / WEIGHTS)
    assert not any(value.any() for name, value in weights.items() if "lora_B" in name)


def test_its_losses_are_measured_in_the_same_way(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    report = TrainAdapter(
        base_dir,
        examples.iloc[:3],
        examples.iloc[6:],
        small_training_settings(),
        tmp_path / "adapter",
        tmp_path / "checkpoints",
        LoadingSettings(),
        judged=examples.iloc[:3],
    ).run()
    assert report.fit is not None
    assert report.fit.held_out_loss == pytest.approx(report.fit.training_loss, rel=1e-5)
    tokenizer = load_tokenizer(base_dir, LoadingSettings())
    answers = examples["answer"].iloc[:3].tolist()
    tokens = sum(map(len, tokenizer(answers, add_special_tokens=False)["input_ids"])) + 3
    assert report.fit.held_out_loss_per_character == pytest.approx(
        report.fit.held_out_loss * tokens / sum(map(len, answers))
    )


def test_without_held_out_examples_the_last_weights_are_saved(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    report = train(base_dir, examples, tmp_path / "adapter", slice(0, 0))
    assert (report.kept_step, report.fit) == (6, None)
    assert report.history["step"].tolist() == [1, 2, 3, 4, 5, 6]


def test_the_saved_adapter_names_no_path(
    trained: tuple[Path, AdapterReport], base_dir: Path
) -> None:
    out, _ = trained
    own = {"README.md", "adapter_config.json", WEIGHTS}
    tokenizer = {"tokenizer.json", "tokenizer_config.json", "chat_template.jinja"}
    assert {file.name for file in out.iterdir()} == own | tokenizer
    for name in {"README.md", "adapter_config.json"} | tokenizer:
        text = (out / name).read_text(encoding="utf-8")
        assert str(base_dir.parent.parent) not in text
        assert (f"{base_dir.parent.name}/small" in text) == (name not in tokenizer)


def test_lists_of_the_configuration_have_an_order(
    trained: tuple[Path, AdapterReport],
) -> None:
    # Those of a set have another one in each process.
    config = json.loads((trained[0] / "adapter_config.json").read_text(encoding="utf-8"))

    assert len(config["target_modules"]) > 1
    assert config["target_modules"] == sorted(config["target_modules"])


def test_the_same_examples_give_the_same_bytes(
    trained: tuple[Path, AdapterReport],
    base_dir: Path,
    examples: pd.DataFrame,
    tmp_path: Path,
) -> None:
    out, report = trained
    again = train(base_dir, examples, tmp_path / "again")
    assert (tmp_path / "again" / WEIGHTS).read_bytes() == (out / WEIGHTS).read_bytes()
    pd.testing.assert_frame_equal(again.history, report.history)


class InterruptionError(Exception):
    """Ends a run from outside."""


def test_an_interrupted_run_goes_on_to_the_same_weights(
    trained: tuple[Path, AdapterReport],
    base_dir: Path,
    examples: pd.DataFrame,
    tmp_path: Path,
) -> None:
    def interrupt(line: str, _: Mapping[str, float] = NO_FIGURES, /) -> None:
        if "step 5 of 6" in line:
            raise InterruptionError

    out, whole = trained
    splits = (examples.iloc[:6], examples.iloc[KNOWN])
    places = (tmp_path / "adapter", tmp_path / "checkpoints")
    settings, loading = small_training_settings(), LoadingSettings()
    with pytest.raises(InterruptionError):
        TrainAdapter(base_dir, *splits, settings, *places, loading).run(
            replace(ALONE, send=interrupt)
        )
    assert not places[0].exists()

    resumed = TrainAdapter(base_dir, *splits, settings, *places, loading).run()
    assert resumed.resumed_from_step == 3
    assert resumed.kept_step == whole.kept_step == 6
    assert (places[0] / WEIGHTS).read_bytes() == (out / WEIGHTS).read_bytes()
    pd.testing.assert_frame_equal(resumed.history, whole.history)
    assert resumed.tokens == whole.tokens

    again = (tmp_path / "again", places[1])
    finished = TrainAdapter(base_dir, *splits, settings, *again, loading).run()
    assert finished.resumed_from_step == 6
    assert (again[0] / WEIGHTS).read_bytes() == (out / WEIGHTS).read_bytes()


def test_a_half_written_checkpoint_is_passed_over(tmp_path: Path) -> None:
    assert last_whole_checkpoint(tmp_path / "none") is None
    for step, state in ((9, '{"global_step": 9}'), (10, '{"global_step": 10}'), (11, '{"glob')):
        (tmp_path / f"checkpoint-{step}").mkdir()
        file = tmp_path / f"checkpoint-{step}" / "trainer_state.json"
        file.write_text(state, encoding="utf-8")
    (tmp_path / "checkpoint-12").mkdir()
    assert last_whole_checkpoint(tmp_path) == tmp_path / "checkpoint-10"


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"precision": "bf16"},
        {"gradient_checkpointing": True},
        {"optimizer": "paged_adamw_8bit"},
        {"target_modules": "all-linear"},
    ],
    ids=str,
)
def test_every_way_of_training_runs(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path, changes: dict[str, object]
) -> None:
    report = train(base_dir, examples, tmp_path / "adapter", max_steps=2, **changes)
    assert report.history["loss"].count() == 2
    assert (tmp_path / "adapter" / WEIGHTS).is_file()


def test_every_example_ends_in_a_learned_end_of_turn(
    base_dir: Path, examples: pd.DataFrame
) -> None:
    tokenizer = load_tokenizer(base_dir, LoadingSettings())
    encoded = encode(tokenizer, examples, TrainingSettings(max_length=16))
    assert len(encoded) == len(examples)
    ending = end_of_turn_id(tokenizer)
    assert all(example["labels"][-1] == example["input_ids"][-1] == ending for example in encoded)
    assert all(example["labels"].count(IGNORED_LABEL) < 16 for example in encoded)


def test_no_examples_are_refused(base_dir: Path, examples: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no examples"):
        train(base_dir, examples.iloc[:0], tmp_path / "adapter")


@pytest.mark.skipif(torch.cuda.is_available(), reason="fp16 is refused only without a GPU")
def test_a_precision_that_the_machine_lacks_is_refused(
    base_dir: Path, examples: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="'fp16' needs a GPU"):
        train(base_dir, examples, tmp_path / "adapter", precision="fp16")


@pytest.mark.parametrize(("examples", "steps"), [(1, 2), (100, 125), (1_000, 200)])
def test_steps_follow_the_examples_up_to_the_limit(examples: int, steps: int) -> None:
    assert TrainingSettings(max_steps=200).steps(examples) == steps
