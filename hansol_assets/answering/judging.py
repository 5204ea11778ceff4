"""Scores of the validation answers, question by question.

What belongs here: every figure that a question gives (strategies, baselines, ablations), so that
all comparisons can be paired. What does not: sums and intervals (`hansol_assets.scoring.evaluate`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import PartComponents, known_centroid
from hansol_assets.answering.choosing import joined_texts
from hansol_assets.answering.judge import Judge
from hansol_assets.answering.strategies import strategy_vectors
from hansol_assets.embedding.embedder import encode
from hansol_assets.plotting import distribution_picture
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.scoring.answer_regressor import AnswerRegressor
from hansol_assets.scoring.baselines import baseline_scores
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import GREEDY, RETRIEVED
from hansol_assets.scoring.chrf import chrf_scores
from hansol_assets.scoring.cosine import public_mask, reference_cosines
from hansol_assets.scoring.evaluate import ScoreSettings, embed_references
from hansol_assets.scoring.kinds import ASKED, UNKNOWN
from hansol_assets.scoring.leaderboard import BASELINES, ONLY, RAW_GENERATION, WITHOUT
from hansol_assets.scoring.row_share import RowShare

SHOWN_WORST = 20


def zero_of_parity(judge: Judge, regressor: AnswerRegressor, rows: pd.DataFrame) -> np.ndarray:
    """The direction of the mean of all answers that validation may know, [dimensions].

    Args:
        judge: In whose space.
        regressor: Fitted on those answers, with the embedder of the answers: it knows it already.
        rows: The rows of `qa_folds`.
    """
    if judge.embeds_answers:
        return regressor.answer_centroid
    return known_centroid(judge.embedder, rows, VALIDATION)


def judge_answers(
    questions: pd.DataFrame,
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    components: PartComponents,
    blend: VectorBlend,
    share: RowShare,
    judge: Judge,
    settings: ScoreSettings,
    centroid_vector: np.ndarray,
    rows: Mapping[str, Sequence[str]],
) -> pd.DataFrame:
    """Scores every strategy, baseline and ablation on every question.

    Args:
        questions: `id, kind, source_ids, references`.
        answers: Columns of `answer_table`, in the order of the questions.
        candidates: Columns of `collect_candidates`, of these questions.
        components: Of the same parts.
        blend: The fitted weights.
        share: How much of a vector is of the rows that answer.
        judge: Embeds the references; it scores vectors only if they are of its space.
        settings: How the public questions are drawn.
        centroid_vector: [dimensions], of the training answers, by the judge.
        rows: Row id → its references.

    Returns:
        `id, kind, asked, group, public, chrf, confidence`, the score of the `answer` that a person
        reads, of the composed `text`, of the raw generation and of the baselines; and, where the
        judge can score vectors, one column for each strategy, component alone (`only_…`) and blend
        without a component (`without_…`).
    """
    embedder = judge.embedder
    references = embed_references(questions["references"].tolist(), embedder)
    ids = questions["id"].tolist()
    table = pd.DataFrame(
        {
            "id": ids,
            "kind": questions["kind"].tolist(),
            ASKED: UNKNOWN,
            # Joined questions share rows with others; their first row stands for them.
            "group": [sources[0] for sources in questions["source_ids"]],
            "public": public_mask(ids, settings.public_share, settings.public_salt),
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
        vectors.update(
            strategy_vectors(answers, candidates, components, blend, share, rows, embedder)
        )
        vectors |= _ablations(ids, components, blend)
        estimates = blend.apply(components.vectors)
        vectors[f"{WITHOUT}rows"] = components.whole(ids, estimates)
        vectors[f"{ONLY}rows"] = components.whole(ids, components.rows)
    nearest = encode(embedder, first_texts(answers, candidates, RETRIEVED))
    scores = {name: reference_cosines(own, references) for name, own in vectors.items()}
    baselines = baseline_scores(references, centroid_vector, nearest)
    return pd.concat([table, pd.DataFrame(scores), baselines], axis=1)


def score_pictures(questions: pd.DataFrame, submitted: str) -> dict[str, str]:
    """Draws the scores of questions, as markdown.

    Args:
        questions: What `judge_answers` returned.
        submitted: The column of what is submitted.
    """
    return {"score_distribution": distribution_picture(questions, submitted, list(BASELINES))}


def worst_questions(
    judged: pd.DataFrame, answers: pd.DataFrame, references: list[list[str]]
) -> pd.DataFrame:
    """Returns the questions whose answers are furthest from their references, the worst first.

    Args:
        judged: What `judge_answers` returned.
        answers: `question, composed, confidence, composed_from`, in the same order.
        references: Of each question, at least one.

    Returns:
        `id, question, text, reference, score, confidence, source_ids`, at most `SHOWN_WORST`
        rows; the reference is the first one.
    """
    table = pd.DataFrame(
        {
            "id": judged["id"],
            "question": answers["question"].to_numpy(),
            "text": answers["composed"].to_numpy(),
            "reference": [own[0] for own in references],
            "score": judged["text"],
            "confidence": judged["confidence"],
            "source_ids": answers["composed_from"].to_numpy(),
        }
    )
    return table.sort_values("score", kind="stable").head(SHOWN_WORST)


def first_texts(answers: pd.DataFrame, candidates: pd.DataFrame, origin: str) -> list[str]:
    """The first candidate of one origin for each question, the parts of a question joined.

    Args:
        answers: `id, question`.
        candidates: Columns of `collect_candidates`.
        origin: Such as `greedy` or `retrieved`; "" where a question has no such candidate.
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
