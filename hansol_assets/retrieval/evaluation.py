"""How good retrieval is: hit rate and MRR of each way to search.

What belongs here: the measurement. What does not: the search (`hansol_assets.retrieval.search`).
"""

from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import Embedder
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.qa.sampling import draw
from hansol_assets.qa.table.columns import ID, QUESTIONS
from hansol_assets.retrieval.index import RetrievalSettings, build_index
from hansol_assets.retrieval.rows import FrameRows
from hansol_assets.retrieval.search import Hit, HybridSearcher

CUTOFFS = (1, 3, 5, 10)
MODES = ("full_text", "dense", "hybrid")
_TABLE = "evaluation"
_QUANTILE = 1.96
"""Of the normal distribution, for 95 %."""


def evaluate_retrieval(
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    embedder: Embedder,
    settings: RetrievalSettings,
    workdir: Path,
    split: str = VALIDATION,
) -> pd.DataFrame:
    """Measures full-text, dense and hybrid search on questions whose own row is known.

    Each held-out row is asked for by its first paraphrase, in an index where only the others are
    left of it; then by its second. All other rows are in the index as usual. A row with one
    question cannot be asked for without being found by that very question, and is not asked for.
    Of more rows than `scored_rows`, so many are drawn by hash.

    Args:
        rows: Training table.
        folds: `id, fold, split`.
        embedder: Embedder of the index; not fitted on the held-out rows.
        settings: Depth and fusion.
        workdir: Folder for a temporary index; left as it was.
        split: The rows that are asked for.

    Returns:
        `mode, k, hit_rate, mrr, mrr_low, mrr_high, questions`: share of the questions whose row is
        among the first k hits, mean reciprocal rank within them (0 beyond), and its 95 % interval
        by the normal approximation over rows; NaN where no row can be asked for.
    """
    held_out = set(folds.loc[folds["split"] == split, "id"])
    can_be_asked = rows.loc[rows[ID].isin(held_out) & (rows[QUESTIONS].map(len) > 1), ID].tolist()
    drawn = {can_be_asked[place] for place in draw(can_be_asked, settings.scored_rows, "scored")}
    is_asked = rows[ID].isin(drawn)
    splits = sorted(set(folds["split"]))
    ranks: dict[str, list[float]] = {mode: [] for mode in MODES}
    # The second index differs from the first in the rows that are asked for: they alone are merged.
    with TemporaryDirectory(dir=workdir) as folder:
        for place in (0, 1) if drawn else ():
            asked = rows.loc[is_asked, QUESTIONS].map(itemgetter(place))
            left = [_without(own, place) for own in rows.loc[is_asked, QUESTIONS]]
            indexed = rows.copy()
            indexed.loc[is_asked, QUESTIONS] = pd.Series(left, rows.index[is_asked])
            documents = settings.documents
            indexed_rows = FrameRows(indexed, folds)
            build_index(Path(folder), _TABLE, indexed_rows, embedder, _TABLE, documents)
            searcher = HybridSearcher(Path(folder), _TABLE, embedder, settings)
            for mode, search in _modes(searcher).items():
                found = search(asked.tolist(), max(CUTOFFS), splits)
                ranks[mode].extend(map(_rank_of, rows.loc[is_asked, ID], found))
    return pd.DataFrame(
        [_row(mode, k, own) for mode, own in ranks.items() for k in CUTOFFS],
        columns=["mode", "k", "hit_rate", "mrr", "mrr_low", "mrr_high", "questions"],
    )


Search = Callable[[Sequence[str], int, Sequence[str]], list[list[Hit]]]


def _modes(searcher: HybridSearcher) -> dict[str, Search]:
    return dict(
        zip(MODES, (searcher.search_full_text, searcher.search_dense, searcher.search), strict=True)
    )


def _without(questions: Sequence[str], place: int) -> list[str]:
    return [question for other, question in enumerate(questions) if other != place]


def _rank_of(row_id: str, hits: list[Hit]) -> float:
    return next((hit.rank for hit in hits if hit.id == row_id), float("inf"))


def _row(mode: str, k: int, ranks: list[float]) -> tuple[str, int, float, float, float, float, int]:
    if not ranks:
        nothing = float("nan")
        return mode, k, nothing, nothing, nothing, nothing, 0
    found = np.array(ranks)
    gains = np.where(found <= k, 1 / found, 0.0)
    # A row is asked for twice, and its two questions are found together or not: rows are the draw.
    by_row = gains.reshape(2, -1).mean(axis=0)
    mean, error = by_row.mean(), by_row.std() / np.sqrt(len(by_row))
    low, high = mean - _QUANTILE * error, mean + _QUANTILE * error
    return mode, k, float((found <= k).mean()), float(mean), float(low), float(high), len(ranks)
