"""Scores of the validation answers, question by question, by a judge that is named beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from hansol_assets.answering.answer_table import joined_texts
from hansol_assets.answering.blending import (
    PartComponents,
    VectorModels,
    strategy_vectors,
    visible_centroid,
)
from hansol_assets.answering.candidates import GREEDY, RETRIEVED
from hansol_assets.embedding.cached import CachedEmbedder, open_embedder
from hansol_assets.embedding.embedder import (
    EmbedderSettings,
    embedder_facts,
    encode,
    encode_groups,
    save_embedder,
)
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import ArtifactBuild, Report
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.leaderboard import ONLY, RAW_GENERATION, WITHOUT
from hansol_assets.scoring.measures import (
    ASKED,
    UNKNOWN,
    baseline_scores,
    chrf_scores,
    public_mask,
    reference_cosines,
)

JUDGE = "judge"
"""Fact: the name of the embedder that gave a figure."""
SHOWN_WORST = 20
_EMBEDS_ANSWERS = "embeds_answers"


@dataclass(frozen=True)
class Judge:
    """The embedder that scores.

    Attributes:
        name: Model and revision.
        embeds_answers: Whether submission vectors are of its space, so that it can score them.
    """

    name: str
    embedder: CachedEmbedder
    embeds_answers: bool


def save_judge(
    answer_embedder: Artifact, settings: EmbedderSettings, build: ArtifactBuild
) -> Report:
    """Saves the judge, by reference where it is the embedder of the answers."""
    facts = embedder_facts(settings)
    name = judge_name(facts)
    same = name == judge_name(answer_embedder.facts)
    if not same:
        save_embedder(settings, build.folder)
    return Report(facts={**facts, JUDGE: name, _EMBEDS_ANSWERS: same})


def judge_name(facts: Mapping[str, Fact]) -> str:
    """Returns how an embedder is named beside its figures: model and revision."""
    return f"{facts['model']} {facts['revision']}"


def open_judge(judge_embedder: Artifact, answer_embedder: Artifact) -> Judge:
    """Opens the judge, or the embedder of the answers that it stands for.

    Raises:
        MixedVersionsError: It was made beside another version of that.
    """
    same = bool(judge_embedder.facts[_EMBEDS_ANSWERS])
    judge_embedder.require_inputs(answer_embedder)
    artifact = answer_embedder if same else judge_embedder
    return Judge(str(judge_embedder.facts[JUDGE]), open_embedder(artifact), same)


def zero_of_parity(judge: Judge, regressor: AnswerRegressor, rows: pd.DataFrame) -> np.ndarray:
    """The direction of the mean of all answers that validation may know, in the judge's space.

    The regressor, fitted on those answers with their embedder, knows it already.
    """
    if judge.embeds_answers:
        return regressor.answer_centroid
    return visible_centroid(judge.embedder, rows, VALIDATION)


def judge_answers(
    questions: pd.DataFrame,
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    components: PartComponents,
    models: VectorModels,
    judge: Judge,
    centroid_vector: np.ndarray,
    rows: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Scores every strategy, baseline and ablation on every question, so that all can be paired.

    Questions have `id, kind, source_ids, references`, and answers (`answer_table`) are in their
    order; `centroid_vector`, [dimensions], is of the training answers, by the judge; `rows` maps
    ids to references.

    Returns:
        `id, kind, asked, group, public, chrf, confidence`, the score of the `answer` that a person
        reads, of the composed `text`, of the raw generation and of the baselines; and, where the
        judge can score vectors, one column for each strategy, component alone (`only_…`) and blend
        without a component (`without_…`).
    """
    embedder = judge.embedder
    references = encode_groups(embedder, questions["references"].tolist())
    ids = questions["id"].tolist()
    table = pd.DataFrame(
        {
            "id": ids,
            "kind": questions["kind"].tolist(),
            ASKED: UNKNOWN,
            # Joined questions share rows with others; their first row stands for them.
            "group": [sources[0] for sources in questions["source_ids"]],
            "public": public_mask(ids),
            "chrf": chrf_scores(answers["composed"].tolist(), questions["references"].tolist()),
            "confidence": answers["confidence"],
        }
    )
    vectors: dict[str, np.ndarray] = {
        "answer": encode(embedder, answers["answer"].tolist()),
        "text": encode(embedder, answers["composed"].tolist()),
        RAW_GENERATION: encode(embedder, first_texts(answers, candidates, GREEDY)),
    }
    if judge.embeds_answers:
        vectors |= strategy_vectors(answers, candidates, components, models, rows)
        vectors |= _ablations(ids, components, models.blend)
        estimates = models.blend.apply(components.vectors)
        vectors[f"{WITHOUT}rows"] = components.whole(ids, estimates)
        vectors[f"{ONLY}rows"] = components.whole(ids, components.rows)
    nearest = encode(embedder, first_texts(answers, candidates, RETRIEVED))
    scores = {name: reference_cosines(one, references) for name, one in vectors.items()}
    baselines = baseline_scores(references, centroid_vector, nearest)
    return pd.concat([table, pd.DataFrame(scores), baselines], axis=1)


def worst_questions(
    judged: pd.DataFrame, answers: pd.DataFrame, references: list[list[str]]
) -> pd.DataFrame:
    """Returns the questions whose answers are furthest from their references, the worst first.

    Returns:
        `id, question, text, reference, score, confidence, source_ids`, at most `SHOWN_WORST`
        rows; the reference is the first one.
    """
    table = pd.DataFrame(
        {
            "id": judged["id"],
            "question": answers["question"].to_numpy(),
            "text": answers["composed"].to_numpy(),
            "reference": [texts[0] for texts in references],
            "score": judged["text"],
            "confidence": judged["confidence"],
            "source_ids": answers["composed_from"].to_numpy(),
        }
    )
    return table.sort_values("score", kind="stable").head(SHOWN_WORST)


def first_texts(answers: pd.DataFrame, candidates: pd.DataFrame, origin: str) -> list[str]:
    """The first candidate of one origin for each question, the parts of a question joined.

    "" where a question has no such candidate.
    """
    first = candidates[(candidates["origin"] == origin) & (candidates["rank"] == 1)]
    texts = dict(iter(first.groupby("question_id")["text"]))
    return [
        joined_texts(question, texts[key].tolist()) if key in texts else ""
        for key, question in zip(answers["id"], answers["question"], strict=True)
    ]


def _ablations(
    ids: list[str], components: PartComponents, blend: VectorBlend
) -> dict[str, np.ndarray]:
    """Each component alone, and the blend without each component that has a weight."""
    alone = {f"{ONLY}{name}": vectors for name, vectors in components.of_questions(ids).items()}
    weights = {name: weight for name, weight in blend.weights.items() if weight > 0}
    rests = {
        name: {other: weights[other] for other in weights if other != name} for name in weights
    }
    without = {
        f"{WITHOUT}{name}": components.whole(ids, VectorBlend(rest).apply(components.vectors))
        for name, rest in rests.items()
        if rest
    }
    return alone | without
