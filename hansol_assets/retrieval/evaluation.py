"""How good retrieval is: hit rate and MRR of each way to search.

What belongs here: the measurement. What does not: the search (`hansol_assets.retrieval.search`).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd

from hansol_assets.embedding.embedder import Embedder
from hansol_assets.qa.columns import QUESTION_COLUMNS
from hansol_assets.qa.folds import VALIDATION
from hansol_assets.retrieval.index import RetrievalSettings, build_index
from hansol_assets.retrieval.search import Hit, HybridSearcher

CUTOFFS = (1, 3, 5, 10)
_TABLE = "evaluation"


def evaluate_retrieval(
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    embedder: Embedder,
    settings: RetrievalSettings,
    workdir: Path,
    split: str = VALIDATION,
) -> pd.DataFrame:
    """Measures full-text, dense and hybrid search on questions whose own row is known.

    Each held-out row is asked for by one of its paraphrases, in an index where only the other one
    is left of it; then the other way round. All other rows are in the index as usual.

    Args:
        rows: Training table.
        folds: `id, fold, split`.
        embedder: Embedder of the index; not fitted on the held-out rows.
        settings: Depth and fusion.
        workdir: Folder for a temporary index; left as it was.
        split: The rows that are asked for.

    Returns:
        `mode, k, hit_rate, mrr, questions`: share of the questions whose row is among the first k
        hits, and mean reciprocal rank within them (0 beyond).
    """
    held_out = set(folds.loc[folds["split"] == split, "id"])
    ranks: dict[str, list[float]] = {}
    for asked, left in (QUESTION_COLUMNS, QUESTION_COLUMNS[::-1]):
        is_held_out = rows["id"].isin(held_out)
        indexed = rows.copy()
        indexed.loc[is_held_out, asked] = indexed.loc[is_held_out, left]
        questions = rows.loc[is_held_out, ["id", asked]]
        with TemporaryDirectory(dir=workdir) as folder:
            documents = settings.documents
            build_index(Path(folder), _TABLE, indexed, folds, embedder, _TABLE, documents)
            searcher = HybridSearcher(Path(folder), _TABLE, embedder, settings)
            for mode, search in _modes(searcher).items():
                found = search(questions[asked].tolist(), max(CUTOFFS), sorted(set(folds["split"])))
                ranks.setdefault(mode, []).extend(map(_rank_of, questions["id"], found))
    return pd.DataFrame(
        [_row(mode, k, own) for mode, own in ranks.items() for k in CUTOFFS],
        columns=["mode", "k", "hit_rate", "mrr", "questions"],
    )


Search = Callable[[Sequence[str], int, Sequence[str]], list[list[Hit]]]


def _modes(searcher: HybridSearcher) -> dict[str, Search]:
    return {
        "full_text": searcher.search_full_text,
        "dense": searcher.search_dense,
        "hybrid": searcher.search,
    }


def _rank_of(row_id: str, hits: list[Hit]) -> float:
    return next((hit.rank for hit in hits if hit.id == row_id), float("inf"))


def _row(mode: str, k: int, ranks: list[float]) -> tuple[str, int, float, float, int]:
    within = [rank for rank in ranks if rank <= k]
    count = max(1, len(ranks))
    return mode, k, len(within) / count, sum(1 / rank for rank in within) / count, len(ranks)
