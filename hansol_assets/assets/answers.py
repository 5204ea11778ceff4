"""Group `answers`: candidates, regressors, the blend's weights, and the chosen answers.

What belongs here: the same path for the questions that judge and for those to be submitted. What
does not: how candidates are made, estimated and chosen (`hansol_assets.answering`).
"""

from typing import Annotated

from hansol_assets.answering.blending import (
    asked_alone,
    of_questions,
    of_split,
    part_components,
    split_of,
)
from hansol_assets.answering.candidates import CandidateInputs, gather_candidates
from hansol_assets.answering.choosing import choose_answers
from hansol_assets.answering.parts import TEST, to_submit
from hansol_assets.answering.regressors import (
    choose_on_calibration,
    fit_regressors,
    load_choices,
    load_regressors,
)
from hansol_assets.answering.searching import embedder_of
from hansol_assets.embedding.cached import open_embedder
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import ArtifactBuild, Build, Report, TableReport
from hansol_assets.qa.folds import CALIBRATION, VALIDATION
from hansol_assets.scoring.blend import WEIGHTS_FILE, BlendSettings, VectorBlend, fit_blend
from hansol_assets.scoring.components import ComponentSettings
from hansol_assets.scoring.consensus import SelectionSettings
from hansol_assets.scoring.evaluate import embed_references

Candidates = Annotated[CandidateInputs, Setting("candidate_inputs")]


@lake_table(kinds={"huggingface", "duckdb"}, code_version="3", pool="gpu")
def validation_candidates(
    held_out_questions: Table,
    retrieval_index: Artifact,
    lora_adapter: Artifact,
    settings: Candidates,
    build: Build,
) -> TableReport:
    """Every candidate answer to the questions that judge, with its origin and vector.

    For each part of a question: the greedy and the sampled generations, and the reference answers
    of the rows found among those that the question's split may see.
    """
    questions = held_out_questions.read()
    return gather_candidates(questions, retrieval_index, lora_adapter, settings, build.log)


@lake_table(
    kinds={"huggingface", "duckdb"}, code_version="3", pool="gpu", skip_without="raw_questions"
)
def test_candidates(
    raw_questions: Table,
    retrieval_index: Artifact,
    final_adapter: Artifact,
    settings: Candidates,
    build: Build,
) -> TableReport:
    """Every candidate answer to the questions to be submitted, with its origin and vector.

    Made as `validation_candidates` are, with all rows to be found.
    """
    questions = to_submit(raw_questions.read())
    return gather_candidates(questions, retrieval_index, final_adapter, settings, build.log)


@lake_artifact(kinds={"scikitlearn"})
def answer_regressor(
    qa_folds: Table,
    answer_embedder: Artifact,
    components: ComponentSettings,
    build: ArtifactBuild,
) -> Report:
    """What estimates the vector of an answer from its question, fitted for judging.

    Its strength is chosen on the calibration rows. One model answers calibration questions from
    training rows, the other validation questions from training and calibration rows.
    """
    rows, embedder = qa_folds.read(), open_embedder(answer_embedder)
    choices = choose_on_calibration(rows, embedder, components)
    splits = (CALIBRATION, VALIDATION)
    fitted = fit_regressors(rows, splits, embedder, choices, components, build.folder)
    return Report(facts={f"{split}_fitted_on": n for split, n in fitted.items()})


@lake_artifact(kinds={"scikitlearn"})
def final_regressor(
    qa_folds: Table,
    answer_embedder: Artifact,
    answer_regressor: Artifact,
    components: ComponentSettings,
    build: ArtifactBuild,
) -> Report:
    """What estimates the vector of an answer from its question, fitted on all rows for submitting.

    As strong as `answer_regressor`, whose choice was made on rows that it did not see.
    """
    rows, embedder = qa_folds.read(), open_embedder(answer_embedder)
    choices = load_choices(answer_regressor)
    fitted = fit_regressors(rows, (TEST,), embedder, choices, components, build.folder)
    return Report(facts={f"{split}_fitted_on": n for split, n in fitted.items()})


@lake_artifact(kinds={"scikitlearn"}, code_version="2")
def vector_blend(
    held_out_questions: Table,
    validation_candidates: Table,
    answer_regressor: Artifact,
    blend: BlendSettings,
    build: ArtifactBuild,
) -> Report:
    """The weights of the components in the submission vector, fitted on calibration questions.

    Calibration rows are in no training example, so the weights are not flattered by what a model
    has seen; validation rows stay unseen for the judgement. Parts are blended before they are
    joined, so questions asked alone say all that there is to know.
    """
    questions = asked_alone(of_split(held_out_questions.read(), CALIBRATION))
    candidates = of_questions(validation_candidates.read(), questions)
    components = part_components(candidates, split_of(questions), load_regressors(answer_regressor))
    references = embed_references(questions["references"].tolist(), embedder_of(answer_regressor))
    fitted = fit_blend(components.of_questions(questions["id"].tolist()), references, blend)
    fitted.save(build.folder / WEIGHTS_FILE)
    weights = {f"weight_{name}": round(weight, 4) for name, weight in fitted.weights.items()}
    return Report(facts={"questions": len(questions), **weights})


@lake_table(kinds={"duckdb"}, code_version="2")
def validation_answers(
    held_out_questions: Table,
    validation_candidates: Table,
    answer_regressor: Artifact,
    vector_blend: Artifact,
    qa_folds: Table,
    selection: SelectionSettings,
) -> TableReport:
    """The answer to each validation question: for each part the candidate expected to be nearest.

    Expected similarity is minimum Bayes risk over the candidates' vectors, with length and
    completeness taken into account; the table says which rows and prompts led to each answer.
    """
    return choose_answers(
        of_split(held_out_questions.read(), VALIDATION),
        validation_candidates,
        answer_regressor,
        VectorBlend.load(vector_blend.open() / WEIGHTS_FILE),
        qa_folds.read(),
        selection,
    )


@lake_table(kinds={"duckdb"}, code_version="2")
def generated_answers(
    raw_questions: Table,
    test_candidates: Table,
    final_regressor: Artifact,
    vector_blend: Artifact,
    qa_folds: Table,
    selection: SelectionSettings,
) -> TableReport:
    """The answer to each test question, chosen as `validation_answers` are."""
    return choose_answers(
        to_submit(raw_questions.read()),
        test_candidates,
        final_regressor,
        VectorBlend.load(vector_blend.open() / WEIGHTS_FILE),
        qa_folds.read(),
        selection,
    )
