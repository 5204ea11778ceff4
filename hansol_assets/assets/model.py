"""Group `model`: the base model and the LoRA adapters trained on it."""

from collections.abc import Callable, Collection
from typing import Annotated

import pandas as pd

from hansol_assets.answering.parts import ALL_SPLITS
from hansol_assets.answering.searching import RowSearch
from hansol_assets.answering.training import (
    ENCODED_SOUNDLY,
    AdapterSettings,
    base_model_report,
    encoded_soundly,
    train_on,
    write_reference,
)
from hansol_assets.answering.training_tables import (
    CORPUS_COLUMNS,
    CORPUS_IDENTITY,
    EXAMPLE_COLUMNS,
    EXAMPLE_IDENTITY,
    ExampleSettings,
    adapter_table,
    asked_once,
    corpus_table,
    drawn_documents,
    drawn_examples,
    drift,
    empty_table,
    recipe_of,
    reuse_or_make,
    training_examples,
)
from hansol_assets.assets.libraries import ADAPTERS, MODELS
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import ArtifactBuild, Report, TableReport
from hansol_assets.modeling.base.base_model import BaseModelOrigin, make_base_model
from hansol_assets.qa.folds import TRAINING, FoldSettings, held_out_texts, rows_and_folds
from hansol_assets.qa.pairing import SINGLE, build_held_out, build_pairs
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.qa.splitting import QuestionMix

KINDS = {"huggingface", "pytorch"}

HeldOut = Annotated[FoldSettings, Setting("folds", only=("stock_share",))]
"""What distinguishes a held-out text from a stock answer; `qa_folds` says which are held out."""
Examples = Annotated[ExampleSettings, Setting("examples")]
MostDrift = Annotated[float, Setting("training.examples_drift")]
Training = Annotated[
    AdapterSettings,
    Setting(
        "adapter",
        without=("training.max_examples", "training.max_held_out", "training.examples_drift"),
    ),
]
"""How an adapter is trained; on which examples, the table of them says."""


@lake_table(kinds={"duckdb"}, code_version="3", named_by_content=True)
def pretraining_corpus(
    paired_questions: Table,
    qa_folds: Table,
    search: RowSearch,
    folds: HeldOut,
    kind: Annotated[str, Setting("base_model.kind")],
    most_drift: Annotated[float, Setting("base_model.corpus_drift")],
    prompt: PromptSettings,
    pretraining_corpus: Table | None,
) -> TableReport:
    """The documents that a base model is trained on from nothing; empty for a released one.

    Each is a single training example in the form of the later prompts, every answer once, or a draw
    of them where they are many. The last corpus is reused until more than a set share of the
    documents has changed, or a text of it is held out now, so that a changed row does not train the
    base model from nothing.
    """
    if kind == "hub":
        return TableReport(frame=empty_table(CORPUS_COLUMNS))
    pairs = paired_questions.read()
    singles = drawn_documents(asked_once(pairs[pairs["kind"] == SINGLE]))
    recipe = recipe_of(search.retriever.version, documents=search.documents, prompt=prompt)
    drawn = singles.assign(recipe=recipe)

    def make() -> pd.DataFrame:
        return corpus_table(drawn, training_examples(drawn, search.open(), prompt))

    identity, held_out = drawn[CORPUS_IDENTITY], held_out_texts(qa_folds.read(), folds)
    return _reused_or_made(pretraining_corpus, identity, held_out, most_drift, make)


@lake_artifact(kinds=KINDS, code_version="3", pool="gpu", retries=3, libraries=MODELS)
def base_model(
    pretraining_corpus: Table,
    origin: Annotated[BaseModelOrigin, Setting("base_model.pinned")],
    build: ArtifactBuild,
) -> Report:
    """The causal language model that is fine-tuned, in `save_pretrained` form.

    A profile either names a released model, which is fetched at the commit that its revision
    stands for now, or, as `tiny` does, has a small Gemma trained from nothing on the single
    training examples alone, so that the chain runs without a network.
    """
    documents = pretraining_corpus.read()["text"].tolist()
    made = make_base_model(documents, origin, build.folder, build.log)
    return base_model_report(made, build.folder)


@lake_table(kinds={"duckdb"}, named_by_content=True)
def adapter_examples(
    paired_questions: Table,
    held_out_questions: Table,
    qa_folds: Table,
    search: RowSearch,
    folds: HeldOut,
    settings: Examples,
    most_drift: MostDrift,
    adapter_examples: Table | None,
) -> TableReport:
    """The examples that `lora_adapter` is trained on, and those that guide and judge it.

    Prompts show retrieved rows just as at generation; in a set share of them the rows of the
    example itself are among these, as they are for what the table knows. The last examples are kept
    until more than a set share has changed, or a text of them is held out now, so that a changed
    row does not train the adapter anew.
    """
    rows, pairs, held_out = qa_folds.read(), paired_questions.read(), held_out_questions.read()
    recipe = recipe_of(search.retriever.version, documents=search.documents, examples=settings)
    drawn = drawn_examples(pairs, held_out, settings, recipe)

    def make() -> pd.DataFrame:
        return adapter_table(drawn, rows, search.open(), settings)

    identity, unseen = drawn[EXAMPLE_IDENTITY], held_out_texts(rows, folds)
    return _reused_or_made(adapter_examples, identity, unseen, most_drift, make)


@lake_artifact(
    kinds=KINDS,
    code_version="4",
    pool="gpu",
    libraries=ADAPTERS,
    checks=(ENCODED_SOUNDLY,),
    conclude=encoded_soundly,
)
def lora_adapter(
    base_model: Artifact, adapter_examples: Table, settings: Training, build: ArtifactBuild
) -> Report:
    """The LoRA adapter: TRL's SFTTrainer and PEFT on `adapter_examples`, loss on answers only.

    The loss per step and the held-out loss stand in `history.parquet` beside the weights.
    """
    return train_on(adapter_examples, base_model, settings, build)


@lake_table(kinds={"duckdb"}, code_version="2", named_by_content=True)
def final_examples(
    qa_folds: Table,
    question_mix: Table,
    search: RowSearch,
    final_fit: Annotated[bool, Setting("final_fit")],
    settings: Examples,
    most_drift: MostDrift,
    final_examples: Table | None,
) -> TableReport:
    """The examples of all rows that `final_adapter` is trained on; none without `final_fit`.

    They are drawn and kept as `adapter_examples` are.
    """
    if not final_fit:
        return TableReport(frame=empty_table(EXAMPLE_COLUMNS))
    every = qa_folds.read().assign(split=TRAINING)
    rows, dealt = rows_and_folds(every)
    mix = QuestionMix.of_table(question_mix.read())
    pairs = build_pairs(rows, dealt, mix)
    none_held_out = build_held_out(rows, dealt, mix, settings.pairing)
    recipe = recipe_of(search.retriever.version, documents=search.documents, examples=settings)
    drawn = drawn_examples(pairs, none_held_out, settings, recipe)

    def make() -> pd.DataFrame:
        return adapter_table(drawn, every, search.open(), settings, ALL_SPLITS)

    return _reused_or_made(final_examples, drawn[EXAMPLE_IDENTITY], (), most_drift, make)


@lake_artifact(kinds=KINDS, code_version="4", pool="gpu", after=("validation_scores",))
def final_adapter(
    base_model: Artifact,
    lora_adapter: Artifact,
    final_examples: Table,
    final_fit: Annotated[bool, Setting("final_fit")],
    settings: Training,
    build: ArtifactBuild,
) -> Report:
    """The adapter that answers the test questions, once validation is done.

    With `final_fit` it is trained anew on all rows, as `lora_adapter` was on the training
    rows, and keeps apart from it by fingerprint; without, it is `lora_adapter` by reference.
    """
    if not final_fit:
        write_reference(build.folder, "lora_adapter")
        return Report(facts={"same_as": lora_adapter.version})
    return train_on(final_examples, base_model, settings, build)


def _reused_or_made(
    previous: Table | None,
    identity: pd.DataFrame,
    held_out: Collection[str],
    most_drift: float,
    make: Callable[[], pd.DataFrame],
) -> TableReport:
    before = previous.read() if previous else None
    table = reuse_or_make(before, identity, held_out, most_drift, make)
    return TableReport(frame=table, facts={"drift": round(drift(table, identity), 4)})
