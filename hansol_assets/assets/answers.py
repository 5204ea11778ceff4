"""Group `answers`: candidates, regressors, the blend's weights, and the answers."""

from typing import Annotated

import numpy as np
import pandas as pd

from hansol_assets.answering.answer_table import review_of_blocks
from hansol_assets.answering.blending import (
    BLEND,
    ROW_SHARE,
    fit_for_judging,
    fit_split,
    load_choices,
    load_regressors,
    part_components,
    split_of,
)
from hansol_assets.answering.candidates import CandidateInputs, Gatherer, of_questions
from hansol_assets.answering.choosing import Chooser
from hansol_assets.answering.known_questions import ask_held_out, fit_row_share, look_up
from hansol_assets.answering.parts import TEST, asked_alone, of_split, to_submit
from hansol_assets.answering.readings import KIWI
from hansol_assets.answering.searching import RowSearch
from hansol_assets.answering.training import adapter_weights
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.embedding.cached import open_embedder
from hansol_assets.embedding.embedder import encode_groups
from hansol_assets.embedding.fitted import save
from hansol_assets.lake.blocks import in_blocks
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import ArtifactBuild, Build, Report, TableReport
from hansol_assets.plotting import bar_picture
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.scoring.blend import BlendSettings, fit_blend

SHOWN_CONFIDENCE = (0.1, 0.5, 0.9)
MOST_ROWS = 300
"""Calibration rows that the share of rows is fitted on, at most."""

Block = Annotated[int, Setting("candidates.block")]
Candidates = Annotated[CandidateInputs, Setting("candidate_inputs")]


@lake_table(kinds={"huggingface", "duckdb"}, code_version="7", pool="gpu")
def validation_candidates(
    held_out_questions: Table,
    search: RowSearch,
    base_model: Artifact,
    lora_adapter: Artifact,
    settings: Candidates,
    build: Build,
) -> TableReport:
    """Every candidate answer to the questions that judge, with its origin and vector.

    For each part of a question: the greedy and the sampled generations, and the reference answers
    of the rows found among those that the question's split may see.
    """
    embedder = open_embedder(search.answer_embedder)
    gatherer = Gatherer(search.open(), lora_adapter, base_model, embedder, settings, build.log)
    return gatherer.gather(held_out_questions.read())


@lake_table(
    kinds={"huggingface", "duckdb"}, code_version="7", pool="gpu", skip_without="raw_questions"
)
def test_candidates(
    raw_questions: Table,
    search: RowSearch,
    base_model: Artifact,
    lora_adapter: Artifact,
    final_adapter: Artifact,
    settings: Candidates,
    block: Block,
    build: Build,
) -> TableReport:
    """Every candidate answer to the questions to be submitted, with its origin and vector.

    Made as `validation_candidates` are, with all rows to be found; of many questions block by
    block, so that a killed run goes on with the next one.
    """
    weights = adapter_weights(final_adapter, lora_adapter)
    embedder = open_embedder(search.answer_embedder)
    gatherer = Gatherer(search.open(), weights, base_model, embedder, settings, build.log)
    return in_blocks(build, block, to_submit(raw_questions.read()), gatherer.gather)


@lake_artifact(kinds={"scikitlearn"}, code_version="4", libraries=(*KIWI, "scikit-learn"))
def answer_regressor(qa_folds: Table, answer_embedder: Artifact, build: ArtifactBuild) -> Report:
    """What estimates the vector of an answer and composes its text, fitted for judging.

    Its strength is chosen on the calibration rows. One model answers calibration questions from
    training rows, the other validation questions from training and calibration rows.
    """
    rows, embedder = qa_folds.read(), open_embedder(answer_embedder, build.log)
    fitted = fit_for_judging(rows, embedder, build.folder)
    return Report(facts={f"{split}_fitted_on": n for split, n in fitted.items()})


@lake_artifact(kinds={"scikitlearn"}, code_version="4")
def final_regressor(
    qa_folds: Table, answer_embedder: Artifact, answer_regressor: Artifact, build: ArtifactBuild
) -> Report:
    """What estimates the vector of an answer and composes its text, fitted on all rows.

    As strong as `answer_regressor`, whose choice was made on rows that it did not see.
    """
    rows, embedder = qa_folds.read(), open_embedder(answer_embedder, build.log)
    fitted_on = fit_split(rows, TEST, embedder, load_choices(answer_regressor), build.folder)
    return Report(facts={f"{TEST}_fitted_on": fitted_on})


@lake_artifact(kinds={"scikitlearn"}, code_version="5")
def vector_blend(
    held_out_questions: Table,
    validation_candidates: Table,
    answer_regressor: Artifact,
    qa_folds: Table,
    search: RowSearch,
    blend: BlendSettings,
    build: ArtifactBuild,
) -> Report:
    """The weights of the components in the submission vector, fitted on calibration questions.

    Calibration rows are in no training example, so the weights are not flattered by what a model
    has seen; validation rows stay unseen for the judgement. Parts are blended before they are
    joined, so questions asked alone say all that there is to know.

    How much of a vector is of the rows found, as the probability that they answer says, is fitted
    on the calibration rows asked while the table knows them, and while it does not.
    """
    questions = asked_alone(of_split(held_out_questions.read(), CALIBRATION))
    candidates = of_questions(validation_candidates.read(), questions)
    models = load_regressors(answer_regressor, search.answer_embedder)
    embedder = open_embedder(search.answer_embedder)
    components = part_components(candidates, split_of(questions), models)
    references = encode_groups(embedder, questions["references"].tolist())
    fitted = fit_blend(components.of_questions(questions["id"].tolist()), references)
    save(fitted, build.folder / BLEND)
    rows, searcher = qa_folds.read(), search.open()
    model = models[CALIBRATION]
    held_out = rows.loc[rows["split"] == CALIBRATION, "id"].tolist()[:MOST_ROWS]
    known, unknown = (
        look_up(asked, rows, searcher, model, fitted, embedder)
        for asked in ask_held_out(rows, held_out, (TRAINING, CALIBRATION), searcher)
    )
    share = fit_row_share(known, unknown, rows, embedder, blend.unknown_weight)
    save(share, build.folder / ROW_SHARE)
    weights = {f"weight_{name}": round(weight, 4) for name, weight in fitted.weights.items()}
    notes = {"weights": bar_picture("Weights of the components", fitted.weights, "weight")}
    shares = share.of(np.array(SHOWN_CONFIDENCE)).round(4).tolist()
    share_facts = {
        f"row_share_at_{p}": value for p, value in zip(SHOWN_CONFIDENCE, shares, strict=True)
    }
    return Report(facts={"questions": len(questions), **weights, **share_facts}, notes=notes)


@lake_table(kinds={"duckdb"}, code_version="6")
def validation_answers(
    held_out_questions: Table,
    validation_candidates: Table,
    answer_regressor: Artifact,
    answer_embedder: Artifact,
    vector_blend: Artifact,
    qa_folds: Table,
    verdicts: VerdictSettings,
) -> TableReport:
    """The answer to each validation question, with the probability that it is right.

    `answer` is what a person reads: the whole answer of the row that answers, or that the table has
    no such question. `composed` is a text of sentences of several rows, made and chosen to be
    near the estimated vector (minimum Bayes risk). The table says which rows and which prompts led
    to each, and flags the answers that a person should review.
    """
    chooser = Chooser.open(
        VALIDATION, answer_regressor, vector_blend, answer_embedder, qa_folds.read(), verdicts
    )
    return chooser.choose(of_split(held_out_questions.read(), VALIDATION), validation_candidates)


@lake_table(kinds={"duckdb"}, code_version="6")
def generated_answers(
    raw_questions: Table,
    test_candidates: Table,
    final_regressor: Artifact,
    answer_embedder: Artifact,
    vector_blend: Artifact,
    qa_folds: Table,
    verdicts: VerdictSettings,
    block: Block,
    build: Build,
) -> TableReport:
    """The answer to each test question, as `validation_answers` are.

    Of many questions they are chosen block by block.
    """
    chooser = Chooser.open(
        TEST, final_regressor, vector_blend, answer_embedder, qa_folds.read(), verdicts
    )

    def answer(questions: pd.DataFrame) -> TableReport:
        return chooser.choose(questions, test_candidates)

    return in_blocks(build, block, to_submit(raw_questions.read()), answer, review_of_blocks)
