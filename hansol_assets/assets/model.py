"""Group `model`: the base model and the LoRA adapters trained on it.

What belongs here: what is trained on which rows. What does not: how training runs
(`hansol_assets.modeling`) and how examples are made (`hansol_assets.answering.training`).
"""

from typing import Annotated

from hansol_assets.answering.adapters import write_reference
from hansol_assets.answering.corpus import asked_once, corpus_table, drift, held_still, no_corpus
from hansol_assets.answering.examples import training_examples
from hansol_assets.answering.parts import ALL_SPLITS
from hansol_assets.answering.searching import open_searcher
from hansol_assets.answering.training import AdapterSettings, base_model_report, train_on
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import ArtifactBuild, Report, TableReport
from hansol_assets.modeling.base.base_model import BaseModelOrigin, make_base_model
from hansol_assets.qa.folds import TRAINING, FoldSettings, own_answers, rows_and_folds
from hansol_assets.qa.pairing import SINGLE, PairingSettings, build_pairs
from hansol_assets.qa.prompts import PromptSettings
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.qa.table.columns import texts_of
from hansol_assets.retrieval.index import RetrievalSettings

KINDS = {"huggingface", "pytorch"}


@lake_table(kinds={"duckdb"}, named_by_content=True)
def pretraining_corpus(
    paired_questions: Table,
    qa_folds: Table,
    retrieval_index: Artifact,
    folds: FoldSettings,
    kind: Annotated[str, Setting("base_model.kind")],
    most_drift: Annotated[float, Setting("base_model.corpus_drift")],
    prompt: PromptSettings,
    retrieval: RetrievalSettings,
    pretraining_corpus: Table | None,
) -> TableReport:
    """The documents that a base model is trained on from nothing; empty for a released one.

    Each is a single training example in the form of the later prompts, every answer once. The last
    corpus is kept until more than a set share of the documents has changed, or a text of it is
    held out now, so that a changed row does not train the base model from nothing.
    """
    if kind == "hub":
        return TableReport(frame=no_corpus())
    pairs = paired_questions.read()
    singles = asked_once(pairs[pairs["kind"] == SINGLE])
    examples = training_examples(singles, open_searcher(retrieval_index, retrieval), prompt)
    rows = qa_folds.read()
    own = rows.assign(answers=own_answers(rows, folds))
    held_out = texts_of(own[own["split"] != TRAINING])
    previous = pretraining_corpus.read() if pretraining_corpus else None
    current = corpus_table(singles, examples)
    corpus = held_still(previous, current, held_out, most_drift)
    return TableReport(frame=corpus, facts={"drift": round(drift(corpus, current), 4)})


@lake_artifact(kinds=KINDS, code_version="2", pool="gpu", retries=3)
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


@lake_artifact(kinds=KINDS, code_version="3", pool="gpu")
def lora_adapter(
    base_model: Artifact,
    paired_questions: Table,
    held_out_questions: Table,
    retrieval_index: Artifact,
    settings: Annotated[AdapterSettings, Setting("adapter")],
    build: ArtifactBuild,
) -> Report:
    """The LoRA adapter: TRL's SFTTrainer and PEFT on `paired_questions`, loss on answers only.

    Prompts show retrieved rows just as at generation, never the example's own. The loss per step
    and the held-out loss stand in `history.parquet` beside the weights.
    """
    return train_on(
        paired_questions.read(),
        [TRAINING],
        held_out_questions.read(),
        base_model,
        retrieval_index,
        settings,
        build,
    )


@lake_artifact(kinds=KINDS, code_version="3", pool="gpu", after=("validation_scores",))
def final_adapter(
    lora_adapter: Artifact,
    qa_folds: Table,
    question_mix: Table,
    retrieval_index: Artifact,
    final_fit: Annotated[bool, Setting("final_fit")],
    pairing: PairingSettings,
    settings: Annotated[AdapterSettings, Setting("adapter")],
    build: ArtifactBuild,
) -> Report:
    """The adapter that answers the test questions, once validation is done.

    With `final_fit` it is trained anew on all rows, as `lora_adapter` was on the training
    rows, and keeps apart from it by fingerprint; without, it is `lora_adapter` by reference.
    """
    if not final_fit:
        write_reference(build.folder, "lora_adapter")
        return Report(facts={"same_as": lora_adapter.version})
    rows, folds = rows_and_folds(qa_folds.read().assign(split=TRAINING))
    pairs = build_pairs(rows, folds, QuestionMix.of_table(question_mix.read()), pairing)
    return train_on(
        pairs,
        ALL_SPLITS,
        None,
        lora_adapter.made_from("base_model"),
        retrieval_index,
        settings,
        build,
    )
