"""The vectors that may be submitted for a question, by strategy.

What belongs here: one vector a question for `text` (the composed one), `consensus` and `blend`.
What does not: which of them is submitted (`hansol_assets.answering.submission`).
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from hansol_assets.answering.blending import PartComponents
from hansol_assets.embedding.embedder import Embedder
from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.candidates import vectors_of
from hansol_assets.scoring.consensus import consensus_vector
from hansol_assets.scoring.row_share import RowShare


def strategy_vectors(
    answers: pd.DataFrame,
    candidates: pd.DataFrame,
    components: PartComponents,
    blend: VectorBlend,
    share: RowShare,
    rows: Mapping[str, Sequence[str]],
    embedder: Embedder,
) -> dict[str, np.ndarray]:
    """Computes what each strategy submits.

    Args:
        answers: Columns of `answer_table`.
        candidates: Columns of `collect_candidates`.
        components: Of the parts of the same questions.
        blend: The fitted weights.
        share: How much of a vector is of the rows that answer.
        rows: Row id → its references, of the rows found first at least.
        embedder: The one of the components.

    Returns:
        Strategy → [questions, dimensions], in the order of the answers. `text` keeps the
        embedder's own norms; the others have length 1.
    """
    ids = answers["id"].tolist()
    text = np.stack(answers["vector"].tolist())
    return {
        "text": text,
        "consensus": components.whole(ids, _consensus(components, candidates, text.shape[1])),
        "blend": components.submitted(ids, blend, share, rows, embedder),
    }


def _consensus(components: PartComponents, candidates: pd.DataFrame, width: int) -> np.ndarray:
    """The mean direction of all candidates of each part, [parts, width]."""
    keys = ["question_id", "part"]
    means = {key: consensus_vector(vectors_of(own, width)) for key, own in candidates.groupby(keys)}
    parts = components.index[keys].itertuples(index=False, name=None)
    return np.stack([means[part] for part in parts])
