"""Group `answers`: candidates, the blend's weights, and the chosen answers.

What belongs here: the same path for the questions that judge and for those to be submitted. What
does not: how candidates are made and chosen (`hansol_assets.answering`).
"""

from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pandas as pd

from hansol_assets.answering.adapters import adapter_manifest
from hansol_assets.answering.blend_files import load_blend, save_blend
from hansol_assets.answering.blending import PartComponents, part_components, visible_rows
from hansol_assets.answering.choosing import answer_table, vote
from hansol_assets.answering.collecting import collect_candidates
from hansol_assets.answering.generations import answer_requests
from hansol_assets.answering.parts import TEST, plan_parts
from hansol_assets.answering.searching import open_embedder, open_searcher
from hansol_assets.lake.cache import GENERATIONS
from hansol_assets.lake.fingerprint import config_of, fingerprint
from hansol_assets.lake.inputs import Inputs
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import ROWS_MADE, ROWS_REUSED, Report, TableReport
from hansol_assets.modeling.generation.generator import Generator
from hansol_assets.orchestration.resources import LakeResource, Work
from hansol_assets.qa.columns import answers_of
from hansol_assets.qa.folds import CALIBRATION, TRAINING, VALIDATION
from hansol_assets.qa.quality import answer_quality
from hansol_assets.scoring.blend import VectorBlend, fit_blend
from hansol_assets.scoring.components import Choices, choose
from hansol_assets.scoring.consensus import LengthRange
from hansol_assets.scoring.evaluate import embed_references
from hansol_assets.settings import Settings

ReadQuestions = Callable[[Inputs], pd.DataFrame]


def held_out(inputs: Inputs) -> pd.DataFrame:
    """Returns the questions that judge: `id, question, split` and more."""
    return inputs.table("held_out_questions")


def to_submit(inputs: Inputs) -> pd.DataFrame:
    """Returns the questions to be submitted: `id, question, split`."""
    questions = inputs.table("raw_questions").rename(columns={"질문": "question"})
    return questions[["id", "question"]].assign(split=TEST)


def _candidates(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    read_questions: ReadQuestions,
    adapter_asset: str,
) -> dg.MaterializeResult:
    settings = lake.settings

    def build(work: Work) -> TableReport:
        inputs = work.inputs
        embedder = open_embedder(inputs)
        searcher = open_searcher(inputs, lake.store.paths.lancedb, embedder, settings.retrieval)
        adapter = adapter_manifest(lake.store, inputs.manifest(adapter_asset))
        questions = read_questions(inputs)
        parts = plan_parts(
            questions,
            questions["split"].tolist(),
            searcher,
            settings.prompt,
            settings.retrieval.top_k,
        )
        answered = answer_requests(
            [part.request for part in parts],
            inputs.cache(GENERATIONS),
            _generation_scope(inputs, adapter, settings),
            lambda: Generator(
                inputs.artifact("base_model"),
                lake.store.artifact(adapter),
                settings.generation,
                settings.base_model.loading,
            ),
            work.log,
        )
        generations = answered.generations
        table = collect_candidates(parts, generations, embedder, settings.candidates)
        is_fresh = table["request"].isin(answered.asked)
        facts = {
            "adapter": adapter.fingerprint,
            "questions": len(questions),
            "parts": len(parts),
            "prompts_answered": len(answered.asked),
            "prompts_found": answered.found,
            ROWS_MADE: is_fresh.sum(),
            ROWS_REUSED: (~is_fresh).sum(),
            "texts_embedded": embedder.embedded,
            "generated_tokens": int(generations["new_tokens"].sum()),
            **{f"{name}_candidates": n for name, n in table["origin"].value_counts().items()},
        }
        return TableReport(frame=table, facts=facts)

    config = config_of(
        retrieval=settings.retrieval,
        prompt=settings.prompt,
        generation=settings.generation,
        loading=settings.base_model.loading,
        candidates=settings.candidates,
    )
    return lake.table(context, config, build)


def _generation_scope(inputs: Inputs, adapter: Manifest, settings: Settings) -> str:
    models = {"base_model": inputs.versions["base_model"], "adapter": adapter.fingerprint}
    config = config_of(generation=settings.generation, loading=settings.base_model.loading)
    # The adapter's name in front tells whether the answers may be pruned.
    return f"{adapter.fingerprint}-{fingerprint('generations', '1', config, models)}"


CANDIDATE_DEPS = ["base_model", "answer_embedder", "retrieval_index"]


@dg.asset(
    deps=["held_out_questions", "lora_adapter", *CANDIDATE_DEPS],
    kinds={"huggingface", "duckdb"},
    code_version="1",
    pool="gpu",
)
def validation_candidates(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    """Every candidate answer to the questions that judge, with its origin and vector.

    For each part of a question: the greedy and the sampled generations, and the reference answers
    of the rows found among those that the question's split may see.
    """
    return _candidates(context, lake, held_out, "lora_adapter")


@dg.asset(
    deps=["raw_questions", "final_adapter", *CANDIDATE_DEPS],
    kinds={"huggingface", "duckdb"},
    code_version="1",
    pool="gpu",
)
def test_candidates(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Every candidate answer to the questions to be submitted, with its origin and vector.

    Made as `validation_candidates` are, with all rows to be found.
    """
    return _candidates(context, lake, to_submit, "final_adapter")


@dg.asset(
    deps=["raw_qa", "qa_folds", "held_out_questions", "validation_candidates", "answer_embedder"],
    kinds={"scikitlearn"},
    code_version="1",
)
def vector_blend(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The weights of the components in the submission vector, fitted on calibration questions.

    Calibration rows are in no training example and not in the embedder, so the weights are not
    flattered by what a model has seen; validation rows stay unseen for the judgement.
    """
    settings = lake.settings

    def build(work: Work, folder: Path) -> Report:
        inputs = work.inputs
        rows, folds = inputs.table("raw_qa"), inputs.table("qa_folds")
        embedder = open_embedder(inputs)
        choices = choose(
            _rows_of(rows, folds, TRAINING),
            _rows_of(rows, folds, CALIBRATION),
            embedder,
            settings.components,
        )
        questions = of_split(held_out(inputs), CALIBRATION)
        candidates = of_questions(inputs.table("validation_candidates"), questions)
        components = part_components(
            candidates, _split_of(questions), rows, folds, embedder, choices, settings.components
        )
        blend = fit_blend(
            components.of_questions(questions["id"].tolist()),
            embed_references(questions["references"].tolist(), embedder),
            settings.blend,
        )
        save_blend(folder, blend, choices)
        facts = {f"weight_{name}": round(weight, 4) for name, weight in blend.weights.items()}
        return Report(facts={"questions": len(questions), **facts})

    config = config_of(components=settings.components, blend=settings.blend)
    return lake.artifact(context, config, build)


def open_blend(inputs: Inputs) -> tuple[VectorBlend, Choices]:
    """Loads the input `vector_blend`."""
    return load_blend(inputs.artifact("vector_blend"))


def components_of(
    inputs: Inputs,
    questions: pd.DataFrame,
    candidates: pd.DataFrame,
    choices: Choices,
    settings: Settings,
) -> PartComponents:
    """Computes the components of questions from the inputs that every answer asset has."""
    return part_components(
        candidates,
        _split_of(questions),
        inputs.table("raw_qa"),
        inputs.table("qa_folds"),
        open_embedder(inputs),
        choices,
        settings.components,
    )


def _answers(
    context: dg.AssetExecutionContext,
    lake: LakeResource,
    read_questions: ReadQuestions,
    candidates_asset: str,
    split: str,
) -> dg.MaterializeResult:
    settings = lake.settings

    def build(work: Work) -> TableReport:
        inputs = work.inputs
        questions = of_split(read_questions(inputs), split)
        candidates = of_questions(inputs.table(candidates_asset), questions)
        references = _reference_texts(inputs, split)
        blend, choices = open_blend(inputs)
        components = components_of(inputs, questions, candidates, choices, settings)
        voted = vote(
            candidates,
            components,
            blend,
            LengthRange.of(references, settings.selection),
            settings.selection,
        )
        adapter = str(inputs.manifest(candidates_asset).facts["adapter"])
        table = answer_table(questions, voted, open_embedder(inputs), adapter)
        quality = answer_quality(table["answer"].tolist(), references)
        # References answer one question each, so lengths are compared part by part.
        parts = answer_quality(voted.loc[voted["chosen"], "text"].tolist(), references)
        quality |= {name: parts[name] for name in LENGTH_FIGURES}
        return TableReport(frame=table, facts={k: round(v, 4) for k, v in quality.items()})

    config = config_of(components=settings.components, selection=settings.selection)
    return lake.table(context, config, build)


def _reference_texts(inputs: Inputs, split: str) -> list[str]:
    """Reference answers that a question of the split may know: their lengths are the measure."""
    rows = visible_rows(inputs.table("raw_qa"), inputs.table("qa_folds"), split)
    return answers_of(rows)


LENGTH_FIGURES = ("length_median", "length_ratio", "outside_length_share")
ANSWER_DEPS = ["raw_qa", "qa_folds", "answer_embedder", "vector_blend"]


@dg.asset(
    deps=["held_out_questions", "validation_candidates", *ANSWER_DEPS],
    kinds={"duckdb"},
    code_version="1",
)
def validation_answers(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    """The answer to each validation question: for each part the candidate expected to be nearest.

    Expected similarity is minimum Bayes risk over the candidates' vectors, with length and
    completeness taken into account; the table says which rows and prompts led to each answer.
    """
    return _answers(context, lake, held_out, "validation_candidates", VALIDATION)


@dg.asset(
    deps=["raw_questions", "test_candidates", *ANSWER_DEPS], kinds={"duckdb"}, code_version="1"
)
def generated_answers(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    """The answer to each test question, chosen as `validation_answers` are."""
    return _answers(context, lake, to_submit, "test_candidates", TEST)


def _rows_of(rows: pd.DataFrame, folds: pd.DataFrame, split: str) -> pd.DataFrame:
    ids = folds.loc[folds["split"] == split, "id"]
    return rows[rows["id"].isin(ids)].reset_index(drop=True)


def of_split(questions: pd.DataFrame, split: str) -> pd.DataFrame:
    """Returns the questions of one split."""
    return questions[questions["split"] == split].reset_index(drop=True)


def of_questions(candidates: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Returns the candidates of some questions."""
    chosen = candidates["question_id"].isin(questions["id"])
    return candidates[chosen].reset_index(drop=True)


def _split_of(questions: pd.DataFrame) -> dict[str, str]:
    return dict(zip(questions["id"], questions["split"], strict=True))
