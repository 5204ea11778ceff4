"""The vectors that may be submitted for a question, by strategy.

What belongs here: one vector a question for `text`, `consensus` and `blend`. What does not: which
of them is submitted (`hansol_assets.answering.submission`).
"""

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import PartComponents
from hansol_assets.answering.submission import Strategy
from hansol_assets.embedding.vectors import mean_directions, unit
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import vectors_of
from hansol_assets.scoring.consensus import consensus_vector


def strategy_vectors(
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    components: PartComponents,
    blend: VectorBlend,
) -> dict[Strategy, np.ndarray]:
    """Computes what each strategy submits.

    Args:
        answers: Columns of `answer_table`.
        candidates: Columns of `collect_candidates`.
        components: Of the parts of the same questions.
        blend: The fitted weights.

    Returns:
        Strategy → [questions, dimensions], in the order of the answers. `text` keeps the
        embedder's own norms; the others have length 1.
    """
    ids = answers["id"].tolist()
    text = np.stack(answers["vector"].tolist())
    return {
        "text": text,
        "consensus": _consensus(ids, candidates, text.shape[1]),
        "blend": blend.apply(components.of_questions(ids)),
    }


def _consensus(ids: list[str], candidates: pd.DataFrame, width: int) -> np.ndarray:
    """The mean direction of all candidates of a part, averaged over a question's parts."""
    of_parts: dict[str, list[np.ndarray]] = {}
    for (question_id, _), own in candidates.groupby(["question_id", "part"]):
        of_parts.setdefault(question_id, []).append(consensus_vector(vectors_of(own, width)))
    return unit(mean_directions([np.stack(of_parts[key]) for key in ids]))
