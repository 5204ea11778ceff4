"""The leaderboard: one row an experiment, and whether the newest is better."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from hansol_assets.scoring.bootstrap import PairedResult, bootstrap_interval, paired_bootstrap
from hansol_assets.scoring.evaluate import parity_note, parity_of
from hansol_assets.scoring.measures import (
    ASKED,
    BASELINES,
    HUMAN,
    KNOWN,
    UNKNOWN,
    WEIGHT,
    weighted_mean,
)

SHARED_QUESTIONS = 30
"""Questions that two experiments must share to be compared: fewer say nothing."""

ANSWER = "answer"
"""The score of the text that a person reads."""
DECIMALS = 4
SHOWN = [
    *("rank", "kind", "name", "profile", "private", "low", "high", "public", "parity"),
    *(f"{kind}{figure}" for kind in (KNOWN, UNKNOWN) for figure in ("", "_parity")),
]
"""The columns that a person looks at first."""

UNMEASURED = (
    "of the strategy '{strategy}' unknown questions alone are scored: it has no figure for the mix "
    "that is asked"
)
_FIGURES = ("private", "low", "high", "parity")

RAW_GENERATION = "raw_generation"
WAYS = (ANSWER, "text", "consensus", "blend", RAW_GENERATION)
"""Other ways to answer than the one that is submitted."""
ONLY = "only_"
WITHOUT = "without_"


@dataclass(frozen=True)
class Experiment:
    """One judged state of the graph.

    Attributes:
        fingerprint: Of its `validation_scores`.
        profile: The profile that made it first.
        judge: The embedder that gave its figures.
        strategy: What it submits: `text`, `consensus` or `blend`.
        settings: Setting (`asset.section.key`) → value, of everything that it was made from.
        questions: Its per-question scores.
        trust: Figures of how far its answers can be trusted.
        seconds: Time of all the work that led to it.
        date: When it was finished, ISO 8601.
    """

    fingerprint: str
    profile: str
    judge: str
    strategy: str
    settings: Mapping[str, Any]
    questions: pd.DataFrame
    trust: Mapping[str, float]
    seconds: float
    date: str


def flat_settings(config: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    """Yields `prefix.section.key`, value for every leaf of nested settings."""
    for name, value in config.items():
        path = f"{prefix}.{name}"
        if isinstance(value, Mapping):
            yield from flat_settings(value, path)
        else:
            yield path, value


def leaderboard(experiments: Sequence[Experiment]) -> pd.DataFrame:
    """Makes the leaderboard of experiments, the newest last; the best submitted score comes first.

    Returns:
        One row for each experiment's submitted vector and, of the newest experiment, one row for
        its answer text, each component and each baseline: `rank, kind, name, profile, judge,
        fingerprint`, the figures of `figures`, those of the answer text (`text_private,
        text_public, text_parity`), `chrf, questions, differs, seconds, date, note`, and the figures
        of trust. A figure that cannot be measured is NaN, as that of one human reference where
        every question has one reference; `note` says so.
    """
    if not experiments:
        return pd.DataFrame()
    differing = _differing(experiments)
    rows = [_experiment_row(item, differing) for item in experiments]
    rows += list(_newest_rows(experiments[-1]))
    table = pd.DataFrame(rows).sort_values(
        ["private", "name"], ascending=[False, True], ignore_index=True
    )
    table.insert(0, "rank", range(1, len(table) + 1))
    return table


def compare(newest: Experiment, other: Experiment) -> PairedResult | None:
    """Compares two experiments on the questions that both were asked.

    Returns:
        How much better the newest is; None where they share fewer than `SHARED_QUESTIONS`, or
        where two judges scored them, whose figures cannot be compared.
    """
    if newest.judge != other.judge:
        return None
    scores = [newest.strategy, f"{other.strategy}_other"]
    both = newest.questions.merge(other.questions, on="id", suffixes=("", "_other")).dropna(
        subset=scores
    )
    if len(both) < min(SHARED_QUESTIONS, len(newest.questions)):
        return None
    mine, theirs = (both[name].to_numpy() for name in scores)
    return paired_bootstrap(mine, theirs, both["group"].tolist(), both[WEIGHT].to_numpy())


def compare_with_best(experiments: Sequence[Experiment]) -> tuple[Experiment, PairedResult] | None:
    """Compares the newest experiment, the last, with the best earlier one of the same questions.

    Returns:
        The best earlier experiment, and how much better the newest is; None where there is none
        to compare with.
    """
    *earlier, newest = experiments
    ids = newest.questions["id"].tolist()
    comparable = [
        item
        for item in earlier
        if item.judge == newest.judge and item.questions["id"].tolist() == ids
    ]
    if not comparable:
        return None
    best = max(comparable, key=lambda item: weighted_mean(item.questions, item.strategy))
    result = compare(newest, best)
    return None if result is None else (best, result)


def _differing(experiments: Sequence[Experiment]) -> set[str]:
    """The settings that are not the same in all experiments."""
    names = {name for item in experiments for name in item.settings}
    return {
        name
        for name in names
        if len({str(item.settings.get(name, "")) for item in experiments}) > 1
    }


def figures(questions: pd.DataFrame, score: str) -> dict[str, float]:
    """Sums up one column of scores of questions (`group, public, asked, weight`, baselines).

    Returns:
        `private, public, low, high, parity` over the mix that is asked; NaN where questions of a
        kind in it have no score. Likewise of each kind alone: `known, known_low, known_high,
        known_parity`, and the same of unknown ones.
    """
    scored = questions[questions[score].notna()]
    kinds = {kind: scored[scored[ASKED] == kind] for kind in (KNOWN, UNKNOWN)}
    is_whole = set(scored[ASKED]) >= set(questions.loc[questions[WEIGHT] > 0, ASKED])
    mixed = scored if is_whole else scored.iloc[:0]
    values = dict(zip(_FIGURES, _mean_and_parity(mixed, score), strict=True))
    values["public"] = weighted_mean(mixed[mixed["public"]], score)
    for kind, of_kind in kinds.items():
        names = (kind, *(f"{kind}_{name}" for name in _FIGURES[1:]))
        values |= zip(names, _mean_and_parity(of_kind, score), strict=True)
    return values


def _mean_and_parity(scored: pd.DataFrame, score: str) -> tuple[float, float, float, float]:
    """Weighted mean, both ends of its interval, and parity; NaN without scores."""
    if scored.empty:
        return (float("nan"),) * 4
    groups, weights = scored["group"].tolist(), scored[WEIGHT].to_numpy()
    low, high = bootstrap_interval(scored[score].to_numpy(), groups, weights)
    return weighted_mean(scored, score), low, high, parity_of(scored, score)


def score_facts(questions: pd.DataFrame, strategy: str) -> dict[str, str | int | float]:
    """Sums up an experiment: what is submitted, its text, the baselines, and chrF."""
    submitted, text = figures(questions, strategy), figures(questions, ANSWER)
    return {
        "strategy": strategy,
        **{name: round(value, DECIMALS) for name, value in submitted.items()},
        **{f"text_{name}": round(value, DECIMALS) for name, value in text.items()},
        **{name: round(weighted_mean(questions, name), DECIMALS) for name in BASELINES},
        "chrf": round(float(questions["chrf"].mean()), 2),
    }


def comparison_facts(experiments: Sequence[Experiment]) -> dict[str, str | float]:
    """Tells how the newest experiment compares with the best earlier one; nothing without one."""
    compared = compare_with_best(experiments)
    if compared is None:
        return {}
    best, result = compared
    return {
        "compared_with": best.fingerprint,
        "difference": round(result.difference, DECIMALS),
        "difference_low": round(result.low, DECIMALS),
        "difference_high": round(result.high, DECIMALS),
        "p_better": round(result.p_better, DECIMALS),
    }


def differing_settings(newest: Experiment, other: Experiment) -> pd.DataFrame:
    """Puts the settings side by side in which two experiments differ.

    Returns:
        `setting, newest, other`, by name; a setting that one does not have is empty there.
    """
    names = sorted(_differing([newest, other]))
    values = [[str(item.settings.get(name, "")) for name in names] for item in (newest, other)]
    return pd.DataFrame({"setting": names, "newest": values[0], "other": values[1]})


def _experiment_row(item: Experiment, differing: set[str]) -> dict[str, Any]:
    submitted = figures(item.questions, item.strategy)
    text = figures(item.questions, ANSWER)
    notes = [parity_note(item.questions)]
    if math.isnan(submitted["private"]):
        notes.append(UNMEASURED.format(strategy=item.strategy))
    differs = {name: value for name, value in item.settings.items() if name in differing}
    return {
        "kind": "experiment",
        "name": f"submission ({item.strategy})",
        "profile": item.profile,
        "judge": item.judge,
        "fingerprint": item.fingerprint,
        **submitted,
        "text_private": text["private"],
        "text_public": text["public"],
        "text_parity": text["parity"],
        "chrf": float(item.questions["chrf"].mean()),
        **item.trust,
        "questions": len(item.questions),
        "differs": "; ".join(f"{name}={value}" for name, value in sorted(differs.items())),
        "seconds": round(item.seconds, 1),
        "date": item.date,
        "note": "\n\n".join(filter(None, notes)),
    }


def _newest_rows(newest: Experiment) -> Iterator[dict[str, Any]]:
    for score in newest.questions.columns:
        kind = _kind(score)
        if kind is None or score == newest.strategy:
            continue
        yield {
            "kind": kind,
            "name": score,
            "profile": newest.profile,
            "judge": newest.judge,
            "fingerprint": newest.fingerprint,
            **figures(newest.questions, score),
            "questions": len(newest.questions),
            "differs": "",
            "date": newest.date,
            "note": parity_note(newest.questions) if score == HUMAN else "",
        }


def _kind(column: str) -> str | None:
    """What a column of scores is a score of; None where it holds something else."""
    if column in BASELINES:
        return "baseline"
    return "ablation" if column in WAYS or column.startswith((ONLY, WITHOUT)) else None
