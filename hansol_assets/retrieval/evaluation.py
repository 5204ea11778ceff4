"""How well the rows that answer are found, question by question.

What belongs here: asking for rows that nothing was fitted on. What does not: the search
(`hansol_assets.retrieval.search`) and what the ranks add up to (`hansol_assets.answering.trust`).
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from hansol_assets.qa.folds import VALIDATION
from hansol_assets.qa.seeded_draws import draw
from hansol_assets.qa.table.columns import ID, QUESTIONS
from hansol_assets.retrieval.examples import unrelated_questions, without_row
from hansol_assets.retrieval.fitting import UNSEEN_UNRELATED
from hansol_assets.retrieval.hits import Hit
from hansol_assets.retrieval.index import RetrievalSettings, build_index
from hansol_assets.retrieval.ranking import Ranker
from hansol_assets.retrieval.rows import FrameRows
from hansol_assets.retrieval.search import IndexSearcher

KNOWN = "known"
UNKNOWN = "unknown"
UNRELATED = "unrelated"
MODES = ("full_text", "dense", "ranked")
_TABLE = "evaluation"


def evaluate_search(
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    ranker: Ranker,
    settings: RetrievalSettings,
    workdir: Path,
) -> pd.DataFrame:
    """Asks for validation rows by a paraphrase that is not in the index, and without the row.

    Each row is asked for by its last paraphrase (*known*: the others are in the index), then once
    more with the row taken out (*unknown*). A row with one question can only be asked for in the
    second way. *Unrelated* questions ship with this package, and nothing learned from them. Of more
    rows than `scored_rows`, so many are drawn by hash.

    Args:
        rows: Training table.
        folds: `id, fold, split`.
        ranker: Fitted without the validation rows.
        settings: How rows are searched.
        workdir: Folder for a temporary index; left as it was.

    Returns:
        `kind, row_id, question, first_id, full_text_rank, dense_rank, ranked_rank, confidence`, one
        row a question: the ranks of the row that answers (infinite where it was not found, or
        where none answers), which row came first, and how sure that is.
    """
    held_out = set(folds.loc[folds["split"] == VALIDATION, ID])
    ids = rows.loc[rows[ID].isin(held_out), ID].tolist()
    drawn = {ids[place] for place in draw(ids, settings.scored_rows, "scored")}
    asked = rows[rows[ID].isin(drawn)]
    indexed = rows.assign(
        **{
            QUESTIONS: [
                _without_last(own) if key in drawn else own
                for key, own in zip(rows[ID], rows[QUESTIONS], strict=True)
            ]
        }
    )
    texts = [own[-1] for own in asked[QUESTIONS]]
    retriever = ranker.features.retriever
    with TemporaryDirectory(dir=workdir) as folder:
        build_index(
            folder, _TABLE, FrameRows(indexed, folds), retriever, _TABLE, settings.documents
        )
        searcher = IndexSearcher(folder, _TABLE, retriever, settings)
        splits = sorted(set(folds["split"]))
        pools = searcher.pools(texts, settings.depth, splits)
        unrelated = list(unrelated_questions()[UNSEEN_UNRELATED])
        off_pools = searcher.pools(unrelated, settings.depth, splits)
    named = list(zip(asked[ID], asked[QUESTIONS], texts, pools, strict=True))
    known = [(key, text, hits) for key, own, text, hits in named if len(set(own)) > 1]
    unknown = [("", text, without_row(hits, key)) for key, _, text, hits in named]
    off = [("", text, hits) for text, hits in zip(unrelated, off_pools, strict=True)]
    parts = [
        _asked(ranker, kind, own)
        for kind, own in ((KNOWN, known), (UNKNOWN, unknown), (UNRELATED, off))
    ]
    return pd.concat(parts, ignore_index=True)


def _without_last(questions: Sequence[str]) -> list[str]:
    return [text for text in questions if text != questions[-1]] or list(questions)


def _asked(ranker: Ranker, kind: str, asked: Sequence[tuple[str, str, list[Hit]]]) -> pd.DataFrame:
    ids, texts = [key for key, _, _ in asked], [text for _, text, _ in asked]
    pools = [hits for _, _, hits in asked]
    ranked = ranker.ranked(texts, pools)
    ranks = [_ranks(hits, key) for hits, key in zip(ranked, ids, strict=True)]
    return pd.DataFrame(
        {
            "kind": kind,
            "row_id": ids,
            "question": texts,
            "first_id": [hits[0].id if hits else "" for hits in ranked],
            **{f"{mode}_rank": np.array([own[mode] for own in ranks], float) for mode in MODES},
            "confidence": [
                ranker.model.confidence([hit.probability for hit in hits]) for hits in ranked
            ],
        }
    )


def _ranks(hits: Sequence[Hit], row_id: str) -> Mapping[str, float]:
    found = next((hit for hit in hits if hit.id == row_id), None)
    if found is None:
        return dict.fromkeys(MODES, float("inf"))
    ranks = (found.fts_rank, found.dense_rank, found.rank)
    return {
        mode: float("inf") if rank is None else float(rank)
        for mode, rank in zip(MODES, ranks, strict=True)
    }
