"""A LoRA adapter trained by TRL's SFTTrainer on questions, retrieved context and answers."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from hansol_assets.compute.protocol import ALONE, Member
from hansol_assets.errors import InputError
from hansol_assets.modeling.base.loading import (
    LoadingSettings,
    load_causal_lm,
    load_tokenizer,
    new_token_ids,
)
from hansol_assets.modeling.base.model_folder import ModelSource, source_of
from hansol_assets.modeling.base.tokenizer import IGNORED_LABEL, Example, encode_example
from hansol_assets.modeling.base.vocabulary import WHOLE, Vocabulary, table_vocabulary
from hansol_assets.modeling.hyperparameters import TrainingSettings
from hansol_assets.modeling.memory import explained_device_failures, preflight
from hansol_assets.modeling.runtime import deterministic
from hansol_assets.modeling.training.callbacks import (
    checkpoint_step,
    history_table,
    last_whole_checkpoint,
    restore_best,
    tracked,
    training_callback,
)
from hansol_assets.modeling.training.export import CARD_FILE, model_card
from hansol_assets.modeling.training.sft import (
    build_trainer,
    dataset,
    in_training_order,
    lora_config,
    sft_config,
)

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase
    from trl.trainer.sft_trainer import SFTTrainer

RESUMABLE = "Checkpoints are kept: a run with the same settings goes on from the last."


@dataclass(frozen=True)
class AdapterReport:
    """What is known about an adapter once it is trained.

    Attributes:
        history: One row a step: step, epoch, loss and eval_loss (nats a token), learning_rate.
        tokens: Tokens seen in training, over all epochs.
        seconds: Time of this run, without what an interrupted one took before it.
        kept_step: The step of the lowest held-out loss, 0 being the base model's; the last where
            nothing was held out.
        fit: None where nothing is there to judge the adapter.
    """

    history: pd.DataFrame = field(repr=False)
    examples: int
    tokens: int
    seconds: float
    trainable_parameters: int
    resumed_from_step: int | None
    memory: str
    tracked_run: str | None
    kept_step: int
    fit: "Fit | None"


@dataclass(frozen=True)
class Fit:
    """Losses of one adapter in nats, a token or a character of the answers.

    By characters adapters with different vocabularies can be compared.
    """

    training_loss: float
    held_out_loss: float
    held_out_loss_per_character: float


@dataclass(frozen=True)
class TrainAdapter:
    """A LoRA adapter's training, with loss on answers only, as work that can be sent to a group.

    After an interruption it resumes from the last whole checkpoint in `checkpoint_dir`, which must
    belong to these attributes alone, to the same weights as without. Saved are the weights of the
    lowest held-out loss.

    Attributes:
        examples: Columns messages (chat messages with `role` and `content`) and answer; so the
            others.
        held_out: Decides which weights are saved; may be empty.
        out_dir: Gets the adapter in PEFT's form, its tokenizer and its model card.
        judged: Measured once at the end, so that the reported loss chose nothing; by default
            `held_out`.
        data: Input → its version, for the model card.
        tracking_dir: Where a tracker keeps its files; by default beside the checkpoints.
    """

    base_dir: Path
    examples: pd.DataFrame
    held_out: pd.DataFrame
    settings: TrainingSettings
    out_dir: Path
    checkpoint_dir: Path
    loading: LoadingSettings
    judged: pd.DataFrame | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    tracking_dir: Path | None = None
    name: str = "training"

    @property
    def rows(self) -> int:
        """Examples that are trained on, over all epochs."""
        return self.settings.steps(len(self.examples)) * self.settings.batch_examples

    def can_use(self, members: int) -> bool:
        """Whether the batch can be divided among so many."""
        return self.settings.batch_examples % members == 0

    def run(self, member: Member = ALONE) -> AdapterReport:
        """Trains as one process of the group; the first of them saves the adapter.

        Raises:
            InputError: There are no examples, or the precision does not fit the machine.
            OutOfMemoryError, LostDeviceError: The device is too small, or failed; checkpoints stay.
            TrackerUnavailableError: wandb is asked for, and not installed or not logged in.
        """
        if self.examples.empty:
            raise InputError(
                "the adapter has no examples to train on: is the training split empty?"
            )
        start = time.perf_counter()
        run = _prepared(self, member)
        memory = preflight(self.base_dir, self.loading, self.settings, run.vocabulary.token_ids)
        member.send(f"adapter: {memory}")
        # Read now: later checkpoints replace the one that it resumes from.
        resumed_from_step = checkpoint_step(run.checkpoint) if run.checkpoint else None
        folder = self.checkpoint_dir
        tracking = self.tracking_dir or folder.with_name(f"{folder.name}-tracking")
        with (
            tracked(run.report_to, tracking, folder.name) as tracked_run,
            explained_device_failures(memory, RESUMABLE),
        ):
            trainer = _train(run)
            fit = _fit(run, trainer) if run.judged else None
        epochs_per_step = self.settings.batch_examples / len(run.train)
        history = history_table(trainer.state.log_history, epochs_per_step)
        report = AdapterReport(
            history=history,
            examples=len(run.train),
            tokens=int(trainer.state.num_input_tokens_seen),
            seconds=time.perf_counter() - start,
            trainable_parameters=_trainable_parameters(trainer),
            resumed_from_step=resumed_from_step,
            memory=str(memory),
            tracked_run=tracked_run.location,
            kept_step=kept_step(history),
            fit=fit,
        )
        _save(run, trainer.model, report)
        return report


@dataclass(frozen=True)
class _Run:
    """A training whose examples are encoded, in one process of the group."""

    job: TrainAdapter
    member: Member
    tokenizer: "PreTrainedTokenizerBase"
    vocabulary: Vocabulary
    train: list[Example]
    held_out: list[Example]
    judged: list[Example]
    characters: int
    checkpoint: Path | None

    @property
    def report_to(self) -> tuple[str, ...]:
        return self.job.settings.report_to if self.member.is_first else ()


def _prepared(job: TrainAdapter, member: Member) -> _Run:
    tokenizer = load_tokenizer(job.base_dir, job.loading)
    judged = job.held_out if job.judged is None else job.judged
    splits = [
        encode(tokenizer, rows, job.settings) for rows in (job.examples, job.held_out, judged)
    ]
    vocabulary = WHOLE
    if job.loading.vocabulary == "table":
        texts = (example["input_ids"] for split in splits for example in split)
        vocabulary = table_vocabulary(tokenizer, texts)
    train, held_out, judging = [[inward(row, vocabulary) for row in split] for split in splits]
    return _Run(
        job=job,
        member=member,
        tokenizer=tokenizer,
        vocabulary=vocabulary,
        train=train,
        held_out=held_out,
        judged=judging,
        characters=int(judged["answer"].str.len().sum()) if judging else 0,
        checkpoint=last_whole_checkpoint(job.checkpoint_dir),
    )


def _save(run: _Run, model: Any, report: AdapterReport) -> None:
    if not run.member.is_first:
        return
    job, source = run.job, source_of(run.job.base_dir)
    save_adapter(model, run.tokenizer, source, job.out_dir)
    run.vocabulary.save(job.out_dir)
    card = model_card(source, job.data, job.settings, job.loading, _results(report))
    (job.out_dir / CARD_FILE).write_text(card, encoding="utf-8")


def _train(run: _Run) -> "SFTTrainer":
    """Build a trainer and run it to its end; its model lives in no other frame than this."""
    job, settings, send = run.job, run.job.settings, run.member.send
    steps = settings.steps(len(run.train))
    with deterministic(settings.seed):
        model = load_causal_lm(job.base_dir, job.loading, run.vocabulary)
        trainer = build_trainer(
            model,
            run.tokenizer,
            run.vocabulary,
            (in_training_order(run.train, steps, settings), dataset(run.held_out)),
            sft_config(
                settings,
                steps,
                job.checkpoint_dir,
                evaluates=bool(run.held_out),
                resumes=run.checkpoint is not None,
                member=run.member,
            ),
            lora_config(model, settings, new_token_ids(run.tokenizer, job.loading)),
        )
        trainer.add_callback(training_callback(send, job.checkpoint_dir))
        trainer.train(resume_from_checkpoint=str(run.checkpoint) if run.checkpoint else None)
        # The first process writes the best weights, and all of them read them.
        trainer.accelerator.wait_for_everyone()
        if run.held_out:
            restore_best(trainer.model, job.checkpoint_dir)
    return trainer


def _fit(run: _Run, trainer: "SFTTrainer") -> Fit:
    """Measure the kept adapter on as many of its own examples as of those that judge it."""
    count = min(len(run.judged), len(run.train))
    drawn = np.random.default_rng(run.job.settings.seed).permutation(len(run.train))[:count]
    seen = dataset([run.train[index] for index in drawn])
    losses = {
        name: trainer.evaluate(eval_dataset=examples, metric_key_prefix=name)[f"{name}_loss"]
        for name, examples in (("seen", seen), ("judged", dataset(run.judged)))
    }
    tokens = sum(len(e["labels"]) - e["labels"].count(IGNORED_LABEL) for e in run.judged)
    return Fit(losses["seen"], losses["judged"], losses["judged"] * tokens / run.characters)


def kept_step(history: pd.DataFrame) -> int:
    """Return the step of the lowest held-out loss, the first of equals; the last without any."""
    measured = history.dropna(subset=["eval_loss"])
    if measured.empty:
        return int(history["step"].max())
    return int(measured.loc[measured["eval_loss"].idxmin(), "step"])


def _results(report: AdapterReport) -> dict[str, float]:
    """What is known at the end of training, the same on every run."""
    losses = report.history["loss"].dropna()
    results: dict[str, float] = {
        "examples": report.examples,
        "tokens": report.tokens,
        "steps": int(report.history["step"].max()),
        "kept step": report.kept_step,
        "trained parameters": report.trainable_parameters,
        "first loss (nats a token)": float(losses.iloc[0]),
        "last loss (nats a token)": float(losses.iloc[-1]),
    }
    if report.fit:
        results["training loss of the kept weights (nats a token)"] = report.fit.training_loss
        results["held-out loss (nats a token)"] = report.fit.held_out_loss
        per_character = report.fit.held_out_loss_per_character
        results["held-out loss (nats a character)"] = per_character
    return results


def _trainable_parameters(trainer: "SFTTrainer") -> int:
    weights = trainer.model.parameters() if trainer.model else ()
    return sum(weight.numel() for weight in weights if weight.requires_grad)


def encode(
    tokenizer: "PreTrainedTokenizerBase", examples: pd.DataFrame, settings: TrainingSettings
) -> list[Example]:
    """Encode a table of examples."""
    rows = zip(examples.get("messages", []), examples.get("answer", []), strict=True)
    return [
        encode_example(tokenizer, messages, answer, settings.max_length)
        for messages, answer in rows
    ]


def inward(example: Example, vocabulary: Vocabulary) -> Example:
    """Turn an example into ids of a cut vocabulary; a token may be spelled by several."""
    prompt = example["labels"].count(IGNORED_LABEL)
    before, answer = (
        vocabulary.inward(ids)
        for ids in (example["input_ids"][:prompt], example["labels"][prompt:])
    )
    return Example(input_ids=[*before, *answer], labels=[IGNORED_LABEL] * len(before) + answer)


def save_adapter(
    model: Any,
    tokenizer: "PreTrainedTokenizerBase",
    source: ModelSource,
    out_dir: Path,
) -> None:
    """Save a PEFT model's adapter, with its tokenizer, so that its files name no path here."""
    out_dir.mkdir(parents=True, exist_ok=True)
    for config in model.peft_config.values():
        config.base_model_name_or_path = source.name
        config.revision = source.revision if source.on_hub else None
        _sort_sets(config)
    # Else PEFT looks the base model up by name to compare vocabularies; rows of new tokens are
    # saved by themselves.
    model.save_pretrained(out_dir, save_embedding_layers=False)
    tokenizer.save_pretrained(out_dir)


def _sort_sets(config: Any) -> None:
    """Gives the sets of a PEFT configuration an order: that of a set is another in each process."""
    for name, value in vars(config).items():
        if isinstance(value, set):
            setattr(config, name, sorted(value))
