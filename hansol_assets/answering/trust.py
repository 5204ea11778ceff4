"""How far the answers can be trusted: rows asked for that nothing was fitted on, and the figures.

The figures are those of information retrieval and of selective answering, with their intervals.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

from hansol_assets.answering.known_questions import scored_ids
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.lake.manifest import Fact
from hansol_assets.plotting import calibration_picture, curve_picture, risk_coverage_picture
from hansol_assets.qa.table.columns import ID, QUESTIONS
from hansol_assets.retrieval.examples import unrelated_questions, without_row
from hansol_assets.retrieval.fitting import UNSEEN_UNRELATED
from hansol_assets.retrieval.index import FrameRows, build_index
from hansol_assets.retrieval.ranking import Ranker
from hansol_assets.retrieval.search import DEPTH, Hit, IndexSearcher
from hansol_assets.scoring.bootstrap import bootstrap_interval
from hansol_assets.scoring.measures import KNOWN, UNKNOWN

UNRELATED = "unrelated"
"""A question of another subject than any table's."""
MODES = ("full_text", "dense", "ranked")
PRECISION = 0.95
MOST_RANK = 10
BINS = 10
TRUST_FACTS = ("hit_at_1", "mrr_at_10", "auroc", "coverage_at_95", "calibration_error")
"""Those that stand on the leaderboard."""
TRUST_INTERVALS = ("hit_at_1", "hit_at_3", "mrr_at_10", "auroc", "auroc_unrelated")
"""Those with an interval."""

_TABLE = "evaluation"
_CUTOFFS = (1, 3, 5, 10)
_DECIMALS = 4


def evaluate_search(
    rows: pd.DataFrame, folds: pd.DataFrame, ranker: Ranker, workdir: Path
) -> pd.DataFrame:
    """Asks for validation rows by a paraphrase that is not in the index, and without the row.

    Each row is asked for by its last paraphrase (*known*: the others are in the index), then once
    more with the row taken out (*unknown*). A row with one question can only be asked for in the
    second way. *Unrelated* questions ship with this package, and nothing learned from them. Of many
    rows some are drawn by hash. The ranker was fitted without these rows;
    `workdir` holds a temporary index.

    Returns:
        `kind, row_id, question, first_id, full_text_rank, dense_rank, ranked_rank, confidence`, one
        row a question: the ranks of the row that answers (infinite where it was not found, or
        where none answers), which row came first, and how sure that is.
    """
    drawn = set(scored_ids(folds))
    asked = rows[rows[ID].isin(drawn)]
    questions = [
        _without_last(texts) if key in drawn else texts
        for key, texts in zip(rows[ID], rows[QUESTIONS], strict=True)
    ]
    indexed = FrameRows(rows.assign(**{QUESTIONS: questions}), folds)
    last = [texts[-1] for texts in asked[QUESTIONS]]
    unrelated = list(unrelated_questions()[UNSEEN_UNRELATED])
    retriever = ranker.features.retriever
    with TemporaryDirectory(dir=workdir) as folder:
        build_index(folder, _TABLE, indexed, retriever, _TABLE, ranker.features.documents)
        searcher = IndexSearcher(folder, _TABLE, retriever)
        splits = sorted(set(folds["split"]))
        pools = searcher.pools(last, DEPTH, splits)
        unrelated_pools = searcher.pools(unrelated, DEPTH, splits)
    pooled = list(zip(asked[ID], asked[QUESTIONS], last, pools, strict=True))
    kinds = {
        KNOWN: [(key, text, hits) for key, texts, text, hits in pooled if len(set(texts)) > 1],
        UNKNOWN: [("", text, without_row(hits, key)) for key, _, text, hits in pooled],
        UNRELATED: [("", *pair) for pair in zip(unrelated, unrelated_pools, strict=True)],
    }
    parts = [_asked(ranker, kind, of_kind) for kind, of_kind in kinds.items()]
    return pd.concat(parts, ignore_index=True)


def _without_last(questions: Sequence[str]) -> list[str]:
    return [text for text in questions if text != questions[-1]] or list(questions)


def _asked(ranker: Ranker, kind: str, asked: Sequence[tuple[str, str, list[Hit]]]) -> pd.DataFrame:
    ids, texts = [key for key, _, _ in asked], [text for _, text, _ in asked]
    ranked = ranker.ranked(texts, [hits for _, _, hits in asked])
    ranks = [_ranks(hits, key) for hits, key in zip(ranked, ids, strict=True)]
    return pd.DataFrame(
        {
            "kind": kind,
            "row_id": ids,
            "question": texts,
            "first_id": [hits[0].id if hits else "" for hits in ranked],
            **{f"{mode}_rank": np.array([row[mode] for row in ranks], float) for mode in MODES},
            "confidence": [
                ranker.model.confidence([hit.probability for hit in hits]) for hits in ranked
            ],
        }
    )


def _ranks(hits: Sequence[Hit], row_id: str) -> Mapping[str, float]:
    hit = next((hit for hit in hits if hit.id == row_id), None)
    ranks = (hit.fts_rank, hit.dense_rank, hit.rank) if hit else (None, None, None)
    return {
        mode: float("inf") if rank is None else float(rank)
        for mode, rank in zip(MODES, ranks, strict=True)
    }


def trust_facts(asked: pd.DataFrame, verdicts: VerdictSettings) -> dict[str, float]:
    """Sums up, of what `evaluate_search` returned, how well rows are found and how surely.

    Returns:
        Of known questions `hit_at_1, hit_at_3, mrr_at_10` (with `_low`, `_high`) and the mean
        reciprocal rank of each search alone; `answered_known, answered_unknown,
        answered_unrelated` (shares) and `precision` (share of the answers that are of the right
        row); `auroc` of known against all others, with its interval; `coverage_at_95` and
        `calibration_error`. What cannot be measured is left out.
    """
    facts: dict[str, float] = {"asked_questions": int((asked["kind"] == KNOWN).sum())}
    is_right, is_answered = right(asked), asked["confidence"] >= verdicts.answered_from
    for kind in (KNOWN, UNKNOWN, UNRELATED):
        of_kind = is_answered[asked["kind"] == kind]
        facts |= {f"answered_{kind}": float(of_kind.mean())} if len(of_kind) else {}
    if facts["asked_questions"]:
        facts |= _rank_facts(asked[asked["kind"] == KNOWN])
        facts |= _auroc(asked)
    if is_answered.any():
        facts["precision"] = float(is_right[is_answered].mean())
    confidence, outcome = asked["confidence"].to_numpy(), is_right.to_numpy()
    facts["coverage_at_95"] = coverage_at(PRECISION, confidence, outcome)
    facts["calibration_error"] = expected_calibration_error(confidence, outcome)
    return {name: round(value, _DECIMALS) for name, value in facts.items()}


def right(asked: pd.DataFrame) -> pd.Series:
    """Whether the row that came first answers each question."""
    return asked["ranked_rank"] == 1


def _rank_facts(known: pd.DataFrame) -> dict[str, float]:
    facts: dict[str, float] = {}
    gains = {
        "hit_at_1": known["ranked_rank"] <= 1,
        "hit_at_3": known["ranked_rank"] <= 3,
        "mrr_at_10": _reciprocal(known["ranked_rank"]),
    }
    for name, values in gains.items():
        low, high = bootstrap_interval(values.to_numpy(float))
        facts |= {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high}
    return facts | {
        f"mrr_{mode}": float(_reciprocal(known[f"{mode}_rank"]).mean()) for mode in MODES
    }


def _reciprocal(ranks: pd.Series) -> pd.Series:
    return (1 / ranks).where(ranks <= MOST_RANK, 0.0)


def _auroc(asked: pd.DataFrame) -> dict[str, float]:
    """The chance that a known question is surer than another one; ties count half."""
    known = asked.loc[asked["kind"] == KNOWN, "confidence"].to_numpy()
    facts: dict[str, float] = {}
    kinds = {"auroc": asked["kind"] != KNOWN, "auroc_unrelated": asked["kind"] == UNRELATED}
    for name, others in kinds.items():
        other = asked.loc[others, "confidence"].to_numpy()
        wins = (known[:, None] > other).mean(axis=1) + (known[:, None] == other).mean(axis=1) / 2
        low, high = bootstrap_interval(wins)
        facts |= {name: float(wins.mean()), f"{name}_low": low, f"{name}_high": high}
    return facts


def calibration_table(confidence: np.ndarray, right: np.ndarray, bins: int = BINS) -> pd.DataFrame:
    """Probabilities beside the share that was right, in bins of equal width.

    Returns:
        `questions, confidence, right`, one row a bin that is not empty, probability rising.
    """
    numbers = np.minimum((confidence * bins).astype(int), bins - 1)
    table = pd.DataFrame({"bin": numbers, "confidence": confidence, "right": right})
    grouped = table.groupby("bin")
    means = grouped[["confidence", "right"]].mean()
    return means.assign(questions=grouped.size()).reset_index(drop=True)[
        ["questions", "confidence", "right"]
    ]


def expected_calibration_error(
    confidence: np.ndarray, right: np.ndarray, bins: int = BINS
) -> float:
    """Mean distance of probability and share right over bins (Naeini et al. 2015)."""
    table = calibration_table(confidence, right, bins)
    gaps = (table["confidence"] - table["right"]).abs()
    return float(np.average(gaps, weights=table["questions"]))


def risk_coverage(confidence: np.ndarray, right: np.ndarray) -> pd.DataFrame:
    """The share of wrong answers among the surest ones, for every number of them.

    El-Yaniv and Wiener 2010, "On the Foundations of Noise-free Selective Classification".

    Returns:
        `coverage` (share of the questions that are answered, 0 to 1) and `risk` (share of those
        answered wrongly), coverage rising.
    """
    order = np.argsort(-confidence, kind="stable")
    counts = np.arange(1, len(order) + 1)
    wrong = np.cumsum(~right[order].astype(bool))
    return pd.DataFrame({"coverage": counts / max(len(order), 1), "risk": wrong / counts})


def coverage_at(precision: float, confidence: np.ndarray, right: np.ndarray) -> float:
    """The largest share of the questions that can be answered with a precision."""
    curve = risk_coverage(confidence, right)
    enough = curve[curve["risk"] <= 1 - precision + 1e-9]
    return float(enough["coverage"].max()) if len(enough) else 0.0


def trust_pictures(asked: pd.DataFrame) -> dict[str, str]:
    """Draws rows found among the first k, the risk-coverage curve, and the calibration."""
    confidence, outcome = asked["confidence"].to_numpy(), right(asked).to_numpy()
    known = asked[asked["kind"] == KNOWN]
    hits = pd.DataFrame(
        [
            (mode.replace("_", " "), k, float((known[f"{mode}_rank"] <= k).mean()))
            for mode in MODES
            for k in _CUTOFFS
        ],
        columns=["search", "k", "hit rate"],
    )
    pictures = {
        "risk_coverage": risk_coverage_picture(risk_coverage(confidence, outcome)),
        "calibration": calibration_picture(calibration_table(confidence, outcome)),
    }
    if len(known):
        pictures["hits"] = curve_picture(
            "Rows found among the first k", hits, "k", "hit rate", "search"
        )
    return pictures


def trust_of(facts: Mapping[str, Fact]) -> dict[str, float]:
    """Returns those of the facts of `retrieval_scores` that stand on the leaderboard."""
    return {name: float(facts.get(name, np.nan)) for name in TRUST_FACTS}
