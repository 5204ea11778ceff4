"""From examples to an adapter: the look at their encoding, the run, and its report."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from hansol_assets.answering.training_tables import examples_of
from hansol_assets.compute.current import current
from hansol_assets.lake.declaration import Check, CheckFailedError
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.manifest import Fact, Manifest
from hansol_assets.lake.records import records
from hansol_assets.lake.reports import ArtifactBuild, Report, Verdict
from hansol_assets.lake.store import Lake
from hansol_assets.modeling.base.base_model import BaseModelReport
from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter
from hansol_assets.modeling.training.encoding import (
    EncodingInspection,
    LongAnswersError,
    WholeAnswers,
    fit_answers,
    inspect_encoding,
)
from hansol_assets.plotting import loss_curve
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.settings_model import SettingsModel

HISTORY_FILE = "history.parquet"
REFERENCE_FILE = "reference.json"
"""Stands in the folder of an adapter that is another one, so that no weights are stored twice."""
SHOWN_STEPS = 10


class AdapterSettings(SettingsModel):
    """All settings that an adapter depends on."""

    training: TrainingSettings
    loading: LoadingSettings


ENCODED_SOUNDLY = Check(
    "examples_are_encoded_soundly",
    "The end token carries loss, prompts are encoded as at generation, and no character is lost. "
    "The adapter looks before it trains, and does not start where this does not hold.",
    blocking=True,
)


class EncodingError(CheckFailedError):
    """Examples that would teach the model something wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Lists what is wrong with them."""
        listed = "\n  ".join(problems)
        super().__init__(
            ENCODED_SOUNDLY.name,
            f"training did not start, the encoded examples are not sound:\n  {listed}\n"
            "Check base_model.loading.tokenizer in the profile.",
            {"problems": list(problems)},
        )


def encoded_soundly(lake: Lake, manifest: Manifest) -> Iterator[Verdict]:  # noqa: ARG001
    """Reports how the examples of an adapter that was trained are encoded."""
    names = ("longest_example", "cut_examples", "unknown_tokens")
    facts = {name: manifest.facts[name] for name in names}
    yield Verdict(ENCODED_SOUNDLY.name, passed=True, metadata=facts)


def train_on(
    examples: Table, base_model: Artifact, settings: AdapterSettings, build: ArtifactBuild
) -> Report:
    """Trains an adapter and saves it in the build's folder.

    Examples (`EXAMPLE_COLUMNS`) of calibration rows decide which weights are saved, those of
    validation rows only judge them.

    Raises:
        EncodingError: The examples are not sound; nothing was trained.
        LongAnswersError: No answer fits into an example; nothing was trained.
    """
    table = examples.read()
    base_dir = base_model.open()
    tokenizer = load_tokenizer(base_dir, settings.loading)
    whole, guides, judges = (
        fit_answers(tokenizer, examples_of(table, split), settings.training.max_length)
        for split in (TRAINING, CALIBRATION, VALIDATION)
    )
    if whole.examples.empty:
        raise LongAnswersError(whole)
    inspection = inspect_encoding(tokenizer, whole.examples, settings.training.max_length)
    if inspection.problems:
        raise EncodingError(inspection.problems)
    if whole.warning:
        build.log(f"{whole.warning}.")
    work = TrainAdapter(
        base_dir=base_dir.resolve(),
        examples=whole.examples,
        held_out=guides.examples,
        settings=settings.training,
        out_dir=build.folder.resolve(),
        checkpoint_dir=build.checkpoints.resolve(),
        loading=settings.loading,
        judged=judges.examples,
        data={"base_model": base_model.version, "examples": examples.version},
        tracking_dir=build.paths.tracking.resolve(),
    )
    report = current().together(work, build.log)
    return _adapter_report(report, inspection, whole, build.folder)


def base_model_report(report: BaseModelReport, folder: Path) -> Report:
    """Reports on a base model, and saves its loss curve beside it."""
    facts: dict[str, Fact] = {
        "base_model": report.name,
        "revision": report.revision or "trained here",
        "parameters": report.parameters or 0,
        "vocabulary": report.vocabulary or 0,
        "training_tokens": report.tokens,
    }
    if report.history.empty:
        return Report(facts=facts)
    report.history.to_parquet(folder / HISTORY_FILE, index=False)
    facts["final_loss"] = round(float(report.history["loss"].iloc[-1]), 4)
    return Report(facts=facts, notes={"loss_curve": loss_curve(report.history, "base model")})


def _adapter_report(
    report: AdapterReport, inspection: EncodingInspection, whole: WholeAnswers, folder: Path
) -> Report:
    report.history.to_parquet(folder / HISTORY_FILE, index=False)
    facts: dict[str, Fact] = {
        "longest_example": inspection.longest,
        "cut_examples": inspection.cut,
        "longest_answer": whole.longest,
        "shortened_answers": whole.shortened,
        "left_out_answers": whole.left_out,
        "answers_warning": whole.warning,
        "unknown_tokens": inspection.unknown,
        "examples": report.examples,
        "training_tokens": report.tokens,
        "tokens_per_second": round(report.tokens / report.seconds, 1),
        "trainable_parameters": report.trainable_parameters,
        "resumed_from_step": report.resumed_from_step or 0,
        "final_loss": round(float(report.history["loss"].dropna().iloc[-1]), 4),
    }
    if report.fit:
        facts["kept_step"] = report.kept_step
        facts |= {name: round(loss, 4) for name, loss in asdict(report.fit).items()}
    if report.tracked_run:
        facts["tracked_run"] = report.tracked_run
    notes = {
        "encoded_example": inspection.example,
        "memory": f"```\n{report.memory}\n```",
        "loss_curve": loss_curve(report.history, "LoRA adapter"),
    }
    tables = {"losses": records(report.history.tail(SHOWN_STEPS))}
    return Report(facts=facts, notes=notes, tables=tables)


def write_reference(folder: Path, asset: str) -> None:
    """Writes of which input an artifact is the same."""
    (folder / REFERENCE_FILE).write_text(json.dumps({"asset": asset}) + "\n", encoding="utf-8")


def adapter_weights(final_adapter: Artifact, lora_adapter: Artifact) -> Artifact:
    """Returns the adapter whose weights `final_adapter` holds, or stands for.

    Raises:
        MixedVersionsError: It stands for another version of `lora_adapter`.
    """
    if not (final_adapter.open() / REFERENCE_FILE).is_file():
        return final_adapter
    final_adapter.require_inputs(lora_adapter)
    return lora_adapter
