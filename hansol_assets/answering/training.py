"""From examples to an adapter: their prompts, the look at their encoding, the run, and its report.

What belongs here: putting examples, the retrieval index and a base model together. What does not:
how training runs (`hansol_assets.modeling.training`).
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd

from hansol_assets.answering.examples import held_out_examples, training_examples
from hansol_assets.answering.searching import open_searcher
from hansol_assets.errors import ModelError
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import ArtifactBuild, Report
from hansol_assets.modeling.base.base_model import BaseModelReport
from hansol_assets.modeling.base.loading import LoadingSettings, load_tokenizer
from hansol_assets.modeling.training.adapter import (
    AdapterReport,
    TrainingSettings,
    draw,
    train_adapter,
)
from hansol_assets.modeling.training.encoding_check import EncodingInspection, inspect_encoding
from hansol_assets.modeling.training.whole_answers import (
    LongAnswersError,
    WholeAnswers,
    fit_answers,
)
from hansol_assets.plotting.losses import loss_curve
from hansol_assets.qa.folds import CALIBRATION
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.settings_model import SettingsModel

HISTORY_FILE = "history.parquet"


class AdapterSettings(SettingsModel):
    """All settings that an adapter depends on."""

    training: TrainingSettings
    prompt: PromptSettings
    retrieval: RetrievalSettings
    loading: LoadingSettings


class EncodingError(ModelError):
    """Examples that would teach the model something wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Lists what is wrong with them."""
        listed = "\n  ".join(problems)
        super().__init__(
            f"training did not start, the encoded examples are not sound:\n  {listed}\n"
            "Check base_model.loading.tokenizer in the profile."
        )


def train_on(
    pairs: pd.DataFrame,
    splits: Sequence[str],
    questions: pd.DataFrame | None,
    base_model: Artifact,
    retrieval_index: Artifact,
    settings: AdapterSettings,
    build: ArtifactBuild,
) -> Report:
    """Trains an adapter on pairs and saves it in the build's folder.

    Args:
        pairs: `source_ids, question, answer` of every example.
        splits: Splits of the rows that prompts may show.
        questions: `split, source_ids, question, references` of the held-out questions; None where
            all rows train. The calibration questions decide which weights are kept, the others
            only judge them.
        base_model: What it is trained on.
        retrieval_index: Gives the rows that prompts show.
        settings: All that the result depends on beside these.
        build: Folder, checkpoints and log.

    Raises:
        EncodingError: The examples are not sound; nothing was trained.
        LongAnswersError: No answer fits into an example; nothing was trained.
    """
    searcher = open_searcher(retrieval_index, settings.retrieval)
    drawn = draw(pairs, settings.training.max_examples, settings.training.seed)
    examples = training_examples(drawn, searcher, settings.prompt, splits)
    guiding = judging = examples.head(0)
    if questions is not None:
        held_out = held_out_examples(questions, searcher, settings.prompt)
        calibrates = (questions["split"] == CALIBRATION).to_numpy()
        guiding, judging = held_out[calibrates], held_out[~calibrates]
    base_dir = base_model.open()
    tokenizer = load_tokenizer(base_dir, settings.loading)
    whole, guides, judges = (
        fit_answers(tokenizer, given, settings.training.max_length)
        for given in (examples, guiding, judging)
    )
    if whole.examples.empty:
        raise LongAnswersError(whole)
    inspection = inspect_encoding(tokenizer, whole.examples, settings.training.max_length)
    if inspection.problems:
        raise EncodingError(inspection.problems)
    if whole.warning:
        build.log(f"{whole.warning}.")
    report = train_adapter(
        base_dir,
        whole.examples,
        guides.examples,
        settings.training,
        build.folder,
        build.checkpoints,
        build.log,
        settings.loading,
        judged=judges.examples,
        data={"base_model": base_model.version, "retrieval_index": retrieval_index.version},
        tracking_dir=build.paths.tracking,
    )
    return _adapter_report(report, inspection, whole, build.folder)


def base_model_report(report: BaseModelReport, folder: Path) -> Report:
    """Tells of a base model, and keeps its loss curve beside it."""
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
        "encoding_problems": len(inspection.problems),
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
        "loss_table": report.history.tail(10).to_markdown(index=False, floatfmt=".4g"),
    }
    return Report(facts=facts, notes=notes)
