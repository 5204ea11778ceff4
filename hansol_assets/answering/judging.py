"""Scores of the validation answers, question by question.

What belongs here: every figure that a question gives (strategies, baselines, ablations), so that
all comparisons can be paired. What does not: sums and intervals (`hansol_assets.scoring.evaluate`).
"""

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import PartComponents, part_components, split_of
from hansol_assets.answering.choosing import joined_texts
from hansol_assets.answering.regressors import load_regressors
from hansol_assets.answering.searching import embedder_of
from hansol_assets.answering.strategies import strategy_vectors
from hansol_assets.embedding.embedder import Embedder, encode
from hansol_assets.lake.handles import Artifact
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.baselines import baseline_scores
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import GREEDY, RETRIEVED
from hansol_assets.scoring.chrf import chrf_scores
from hansol_assets.scoring.cosine import public_mask, reference_cosines
from hansol_assets.scoring.evaluate import ScoreSettings, embed_references

RAW_GENERATION = "raw_generation"
ONLY = "only_"
WITHOUT = "without_"


def judge_answers(
    questions: pd.DataFrame,
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    regressor: Artifact,
    blend: VectorBlend,
    settings: ScoreSettings,
) -> pd.DataFrame:
    """Scores the answers to validation questions; see `judge` for what is returned.

    Args:
        questions: `id, kind, split, source_ids, references`.
        answers: Columns of `answer_table`, in the order of the questions.
        candidates: Columns of `collect_candidates`, of these questions.
        regressor: The one that was fitted for judging.
        blend: The fitted weights.
        settings: How the public questions are drawn.
    """
    models = load_regressors(regressor)
    components = part_components(candidates, split_of(questions), models)
    centroid = models[VALIDATION].answer_centroid
    embedder = embedder_of(regressor)
    return judge(questions, answers, candidates, components, blend, embedder, centroid, settings)


def judge(
    questions: pd.DataFrame,
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    components: PartComponents,
    blend: VectorBlend,
    embedder: Embedder,
    centroid_vector: np.ndarray,
    settings: ScoreSettings,
) -> pd.DataFrame:
    """Scores every strategy, baseline and ablation on every question.

    Args:
        questions: `id, kind, source_ids, references`.
        answers: Columns of `answer_table`, in the order of the questions.
        candidates: Columns of `collect_candidates`, of these questions.
        components: Of the same parts.
        blend: The fitted weights.
        embedder: Embeds the references.
        centroid_vector: [dimensions], of the training answers.
        settings: How the public questions are drawn.

    Returns:
        `id, kind, group, public, chrf` and one column of cosine scores for each strategy, baseline,
        component alone (`only_…`) and blend without a component (`without_…`).
    """
    references = embed_references(questions["references"].tolist(), embedder)
    ids = questions["id"].tolist()
    table = pd.DataFrame(
        {
            "id": ids,
            "kind": questions["kind"].tolist(),
            # Joined questions share rows with others; their first row stands for them.
            "group": [sources[0] for sources in questions["source_ids"]],
            "public": public_mask(ids, settings.public_share, settings.public_salt),
            "chrf": chrf_scores(answers["answer"].tolist(), questions["references"].tolist()),
        }
    )
    vectors = {
        **strategy_vectors(answers, candidates, components, blend),
        RAW_GENERATION: _first_vectors(answers, candidates, GREEDY, embedder),
        **_ablations(ids, components, blend),
    }
    nearest = _first_vectors(answers, candidates, RETRIEVED, embedder)
    scores = {name: reference_cosines(own, references) for name, own in vectors.items()}
    baselines = baseline_scores(references, centroid_vector, nearest)
    return pd.concat([table, pd.DataFrame(scores), baselines], axis=1)


def _first_vectors(
    answers: pd.DataFrame, candidates: pd.DataFrame, origin: str, embedder: Embedder
) -> np.ndarray:
    """Vectors of the first candidate of one origin, the parts of a question joined."""
    first = candidates[(candidates["origin"] == origin) & (candidates["rank"] == 1)]
    texts = dict(iter(first.groupby("question_id")["text"]))
    joined = [
        joined_texts(question, texts[key].tolist()) if key in texts else ""
        for key, question in zip(answers["id"], answers["question"], strict=True)
    ]
    return encode(embedder, joined)


def _ablations(
    ids: list[str], components: PartComponents, blend: VectorBlend
) -> dict[str, np.ndarray]:
    """Each component alone, and the blend without each component that has a weight."""
    alone = {f"{ONLY}{name}": own for name, own in components.of_questions(ids).items()}
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
