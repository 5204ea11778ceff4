"""Questions that the table knows and those that it does not, and how many of each are asked.

What belongs here: the weight of a judged question in the mix of the questions to be answered. What
does not: how a question is judged (`hansol_assets.answering.judging`,
`hansol_assets.answering.known`).
"""

import numpy as np
import pandas as pd

from hansol_assets.qa.pairing import SINGLE

ASKED = "asked"
"""The column that says of which kind a judged question is."""
KNOWN, UNKNOWN = "known", "unknown"
"""Whether the row that answers is in the table while the question is asked."""
WEIGHT = "weight"
"""The column with a judged question's share of the mix; all of a table sum to 1."""
_TINY = 1e-9
EVEN_SHARE = 0.5
"""The share of known questions where there are no questions to be answered."""


def weigh(questions: pd.DataFrame, known_share: float, joined_share: float) -> pd.DataFrame:
    """Weighs judged questions so that their weighted mean is that of the mix that is asked.

    Args:
        questions: `asked, kind`; unknown ones are joined in the mix's share already.
        known_share: Share of the mix that the table knows, 0 to 1.
        joined_share: Share of the mix that joins several questions, 0 to 1.

    Returns:
        The same rows with `weight`. Where one kind was not judged, the other has all the weight.
    """
    # Within a kind that is never asked, the weights of its forms are those of the others.
    known_share = np.clip(known_share, _TINY, 1 - _TINY)
    is_known, is_joined = questions[ASKED] == KNOWN, questions["kind"] != SINGLE
    shares = np.where(is_known, known_share, 1 - known_share)
    shares = shares * np.where(is_known, np.where(is_joined, joined_share, 1 - joined_share), 1)
    cells = is_known * (1 + is_joined)
    weights = shares / cells.groupby(cells).transform("size")
    return questions.assign(**{WEIGHT: weights / weights.sum()})


def weighted_mean(questions: pd.DataFrame, score: str) -> float:
    """The mean of a score in the mix; NaN where no question with a weight has one.

    Args:
        questions: Per-question scores, with `weight` where they are of a mix.
        score: The column; questions without a score are left out.
    """
    scored = questions[questions[score].notna()]
    weights = scored[WEIGHT] if WEIGHT in scored else pd.Series(1.0, index=scored.index)
    return float((scored[score] * weights).sum() / weights.sum()) if weights.sum() else np.nan
