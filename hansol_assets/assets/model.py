"""Group `model`: the base model and the LoRA adapter trained on it.

What belongs here: what is trained on which rows. What does not: how training runs
(`hansol_assets.modeling`).
"""

import base64
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from hansol_assets.answering.adapters import write_reference
from hansol_assets.answering.examples import corpus_documents, held_out_examples, training_examples
from hansol_assets.answering.parts import ALL_SPLITS
from hansol_assets.answering.searching import open_embedder, open_searcher
from hansol_assets.assets.dataset import test_mix
from hansol_assets.errors import ModelError
from hansol_assets.hub.models import pinned
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.store import Report
from hansol_assets.modeling.base.base_model import (
    BaseModelReport,
    fetch_base_model,
    train_base_model,
)
from hansol_assets.modeling.base.loading import load_tokenizer
from hansol_assets.modeling.training.adapter import AdapterReport, draw, train_adapter
from hansol_assets.modeling.training.curves import loss_curve
from hansol_assets.modeling.training.encoding_check import EncodingInspection, inspect_encoding
from hansol_assets.orchestration.resources import LakeResource, Work, said_to_people
from hansol_assets.qa.folds import TRAINING
from hansol_assets.qa.pairing import SINGLE, build_pairs
from hansol_assets.retrieval.search import HybridSearcher
from hansol_assets.settings import Settings

HISTORY_FILE = "history.parquet"


def _curve(history: pd.DataFrame, title: str) -> str:
    picture = base64.b64encode(loss_curve(history, title)).decode("ascii")
    return f"![{title}](data:image/png;base64,{picture})"


def _base_model_report(report: BaseModelReport, folder: Path) -> Report:
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
    return Report(facts=facts, notes={"loss_curve": _curve(report.history, "base model")})


FINAL_FIT_READS = [
    "base_model",
    "raw_qa",
    "qa_folds",
    "held_out_questions",
    "answer_embedder",
    "retrieval_index",
]
MODEL_DEPS = ["paired_questions", "answer_embedder", "retrieval_index"]


def _searcher(work: Work, lake: LakeResource) -> HybridSearcher:
    embedder = open_embedder(work.inputs)
    return open_searcher(work.inputs, lake.store.paths.lancedb, embedder, lake.settings.retrieval)


@dg.asset(deps=MODEL_DEPS, kinds={"huggingface", "pytorch"}, code_version="1", pool="gpu")
def base_model(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The causal language model that is fine-tuned, in `save_pretrained` form.

    A profile either names a released model or, as `tiny` does, has a small Gemma trained from
    nothing on the single training examples alone, so that the chain runs without a network.
    """
    settings, prompt = lake.settings.base_model, lake.settings.prompt

    def train(work: Work, folder: Path) -> Report:
        pairs = work.inputs.table("paired_questions")
        singles = pairs[pairs["kind"] == SINGLE].reset_index(drop=True)
        documents = corpus_documents(training_examples(singles, _searcher(work, lake), prompt))
        return _base_model_report(train_base_model(documents, settings, folder, work.log), folder)

    def fetch(work: Work, folder: Path) -> Report:  # noqa: ARG001 - a build's signature
        return _base_model_report(fetch_base_model(pinned_settings, folder), folder)

    if settings.kind == "hub":
        # The commit that a branch stands for now is a part of the name.
        with said_to_people():
            hub = pinned(settings.hub)
        pinned_settings = settings.model_copy(update={"hub": hub})
        return lake.artifact(context, config_of(hub=hub), fetch, reads=())
    config = config_of(scratch=settings.scratch, prompt=prompt, retrieval=lake.settings.retrieval)
    return lake.artifact(context, config, train)


class EncodingError(ModelError):
    """Examples that would teach the model something wrong."""

    def __init__(self, problems: Sequence[str]) -> None:
        """Lists what is wrong with them."""
        listed = "\n  ".join(problems)
        super().__init__(
            f"training did not start, the encoded examples are not sound:\n  {listed}\n"
            "Check base_model.loading.tokenizer in the profile."
        )


def _adapter_report(report: AdapterReport, inspection: EncodingInspection, folder: Path) -> Report:
    report.history.to_parquet(folder / HISTORY_FILE, index=False)
    facts: dict[str, Fact] = {
        "encoding_problems": len(inspection.problems),
        "longest_example": inspection.longest,
        "cut_examples": inspection.cut,
        "unknown_tokens": inspection.unknown,
        "examples": report.examples,
        "training_tokens": report.tokens,
        "tokens_per_second": round(report.tokens / report.seconds, 1),
        "trainable_parameters": report.trainable_parameters,
        "resumed_from_step": report.resumed_from_step or 0,
        "final_loss": round(float(report.history["loss"].dropna().iloc[-1]), 4),
    }
    held_out = report.history["eval_loss"].dropna()
    if not held_out.empty:
        facts["held_out_loss"] = round(float(held_out.iloc[-1]), 4)
    if report.tracked_run:
        facts["tracked_run"] = report.tracked_run
    notes = {
        "encoded_example": inspection.example,
        "memory": f"```\n{report.memory}\n```",
        "loss_curve": _curve(report.history, "LoRA adapter"),
        "loss_table": report.history.tail(10).to_markdown(index=False, floatfmt=".4g"),
    }
    return Report(facts=facts, notes=notes)


@dg.asset(
    deps=["base_model", "held_out_questions", *MODEL_DEPS],
    kinds={"huggingface", "pytorch"},
    code_version="1",
    pool="gpu",
)
def lora_adapter(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The LoRA adapter: TRL's SFTTrainer and PEFT on `paired_questions`, loss on answers only.

    Prompts show retrieved rows just as at generation, never the example's own. The loss per step
    and the held-out loss stand in `history.parquet` beside the weights.
    """

    def build(work: Work, folder: Path) -> Report:
        pairs = work.inputs.table("paired_questions")
        return _train(work, lake, folder, pairs, [TRAINING])

    return lake.artifact(context, _training_config(lake.settings), build)


@dg.asset(
    deps=[*FINAL_FIT_READS, "raw_questions", "lora_adapter", "validation_scores"],
    kinds={"huggingface", "pytorch"},
    code_version="1",
    pool="gpu",
)
def final_adapter(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The adapter that answers the test questions, once validation is done.

    With `final_fit` it is trained anew on all rows, as `lora_adapter` was on the training
    rows, and keeps apart from it by fingerprint; without, it is `lora_adapter` by reference.
    """
    settings = lake.settings

    def refer(work: Work, folder: Path) -> Report:
        fingerprint = work.inputs.manifest("lora_adapter").fingerprint
        write_reference(folder, "lora_adapter", fingerprint)
        return Report(facts={"same_as": fingerprint})

    if not settings.final_fit:
        return lake.artifact(context, {}, refer, reads=["lora_adapter"])
    mix = test_mix(lake)

    def train(work: Work, folder: Path) -> Report:
        rows, folds = work.inputs.table("raw_qa"), work.inputs.table("qa_folds")
        pairs = build_pairs(rows, folds.assign(split=TRAINING), mix, settings.pairing)
        return _train(work, lake, folder, pairs, ALL_SPLITS)

    pairing = config_of(pairing=settings.pairing, mix=asdict(mix))
    config = {**_training_config(settings), **pairing}
    # Scores decide when the final fit is made, not what it is.
    return lake.artifact(context, config, train, reads=FINAL_FIT_READS)


def _training_config(settings: Settings) -> dict[str, Any]:
    return config_of(
        training=settings.training,
        prompt=settings.prompt,
        retrieval=settings.retrieval,
        loading=settings.base_model.loading,
    )


def _train(
    work: Work, lake: LakeResource, folder: Path, pairs: pd.DataFrame, splits: Sequence[str]
) -> Report:
    settings = lake.settings
    drawn = draw(pairs, settings.training.max_examples, settings.training.seed)
    searcher = _searcher(work, lake)
    examples = training_examples(drawn, searcher, settings.prompt, splits)
    questions = work.inputs.table("held_out_questions")
    base_dir = work.inputs.artifact("base_model")
    tokenizer = load_tokenizer(base_dir, settings.base_model.loading)
    inspection = inspect_encoding(tokenizer, examples, settings.training.max_length)
    if inspection.problems:
        raise EncodingError(inspection.problems)
    report = train_adapter(
        base_dir,
        examples,
        held_out_examples(questions, searcher, settings.prompt),
        settings.training,
        folder,
        work.checkpoints,
        work.log,
        settings.base_model.loading,
        data=work.inputs.versions,
        tracking_dir=lake.store.paths.root / "tracking",
    )
    return _adapter_report(report, inspection, folder)
