"""How far the answers can be trusted: figures with their intervals, and pictures.

What belongs here: what the ranks and probabilities of `hansol_assets.retrieval.evaluation` add up
to, in the words of information retrieval and selective answering. What does not: asking.
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.lake.manifest import Fact
from hansol_assets.plotting import calibration_picture, curve_picture, risk_coverage_picture
from hansol_assets.retrieval.evaluation import KNOWN, MODES, UNKNOWN, UNRELATED
from hansol_assets.scoring.bootstrap import BootstrapSettings, bootstrap_interval
from hansol_assets.scoring.confidence import (
    calibration_table,
    coverage_at,
    expected_calibration_error,
    risk_coverage,
)

PRECISION = 0.95
MOST_RANK = 10
TRUST_FACTS = ("hit_at_1", "mrr_at_10", "auroc", "coverage_at_95", "calibration_error")
"""Those that stand on the leaderboard."""
TRUST_INTERVALS = ("hit_at_1", "hit_at_3", "mrr_at_10", "auroc", "auroc_unrelated")
"""Those with an interval."""

_CUTOFFS = (1, 3, 5, 10)
_DECIMALS = 4


def trust_facts(
    asked: pd.DataFrame, verdicts: VerdictSettings, bootstrap: BootstrapSettings
) -> dict[str, float]:
    """Sums up how well rows are found and how true their probabilities are.

    Args:
        asked: What `evaluate_search` returned.
        verdicts: From which confidence on a question is answered.
        bootstrap: How intervals are drawn.

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
        own = is_answered[asked["kind"] == kind]
        facts |= {f"answered_{kind}": float(own.mean())} if len(own) else {}
    if facts["asked_questions"]:
        facts |= _rank_facts(asked[asked["kind"] == KNOWN], bootstrap)
        facts |= _auroc(asked, bootstrap)
    if is_answered.any():
        facts["precision"] = float(is_right[is_answered].mean())
    confidence, told = asked["confidence"].to_numpy(), is_right.to_numpy()
    facts["coverage_at_95"] = coverage_at(PRECISION, confidence, told)
    facts["calibration_error"] = expected_calibration_error(confidence, told)
    return {name: round(value, _DECIMALS) for name, value in facts.items()}


def right(asked: pd.DataFrame) -> pd.Series:
    """Whether the row that came first answers each question."""
    return asked["ranked_rank"] == 1


def _rank_facts(known: pd.DataFrame, bootstrap: BootstrapSettings) -> dict[str, float]:
    facts: dict[str, float] = {}
    gains = {
        "hit_at_1": known["ranked_rank"] <= 1,
        "hit_at_3": known["ranked_rank"] <= 3,
        "mrr_at_10": _reciprocal(known["ranked_rank"]),
    }
    for name, values in gains.items():
        low, high = bootstrap_interval(values.to_numpy(float), bootstrap)
        facts |= {name: float(values.mean()), f"{name}_low": low, f"{name}_high": high}
    return facts | {
        f"mrr_{mode}": float(_reciprocal(known[f"{mode}_rank"]).mean()) for mode in MODES
    }


def _reciprocal(ranks: pd.Series) -> pd.Series:
    return (1 / ranks).where(ranks <= MOST_RANK, 0.0)


def _auroc(asked: pd.DataFrame, bootstrap: BootstrapSettings) -> dict[str, float]:
    """The chance that a known question is surer than another one; ties count half."""
    known = asked.loc[asked["kind"] == KNOWN, "confidence"].to_numpy()
    found: dict[str, float] = {}
    kinds = {"auroc": asked["kind"] != KNOWN, "auroc_unrelated": asked["kind"] == UNRELATED}
    for name, others in kinds.items():
        other = asked.loc[others, "confidence"].to_numpy()
        wins = (known[:, None] > other).mean(axis=1) + (known[:, None] == other).mean(axis=1) / 2
        low, high = bootstrap_interval(wins, bootstrap)
        found |= {name: float(wins.mean()), f"{name}_low": low, f"{name}_high": high}
    return found


def trust_pictures(asked: pd.DataFrame) -> dict[str, str]:
    """Draws rows found among the first k, the risk-coverage curve, and the calibration.

    Args:
        asked: What `evaluate_search` returned.
    """
    confidence, told = asked["confidence"].to_numpy(), right(asked).to_numpy()
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
        "risk_coverage": risk_coverage_picture(risk_coverage(confidence, told)),
        "calibration": calibration_picture(calibration_table(confidence, told)),
    }
    if len(known):
        pictures["hits"] = curve_picture(
            "Rows found among the first k", hits, "k", "hit rate", "search"
        )
    return pictures


def trust_of(facts: Mapping[str, Fact]) -> dict[str, float]:
    """Returns those of the facts of `retrieval_scores` that stand on the leaderboard."""
    return {name: float(facts.get(name, np.nan)) for name in TRUST_FACTS}
