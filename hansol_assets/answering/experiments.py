"""The experiments that the lake remembers, read from manifests and score tables."""

import pandas as pd

from hansol_assets.answering.judge import JUDGE
from hansol_assets.answering.trust import trust_of
from hansol_assets.lake.handles import History, Table
from hansol_assets.lake.manifest import ancestry
from hansol_assets.scoring.kinds import ASKED, UNKNOWN, WEIGHT
from hansol_assets.scoring.leaderboard import Experiment, flat_settings


def experiments(validation_scores: History) -> list[Experiment]:
    """Returns every experiment of the lake, the newest last."""
    return [experiment(item) for item in (*validation_scores.earlier, validation_scores)]


def experiment(scores: Table) -> Experiment:
    """Reads one experiment.

    Args:
        scores: A version of `validation_scores`.
    """
    manifest = scores.manifest
    ancestors = ancestry(scores.lake.paths, manifest)
    return Experiment(
        fingerprint=manifest.fingerprint,
        profile=manifest.profile,
        judge=str(manifest.facts.get(JUDGE, "unknown")),
        strategy=str(manifest.facts["strategy"]),
        settings=dict(
            pair for name, item in ancestors.items() for pair in flat_settings(item.config, name)
        ),
        questions=_of_kinds(scores.read()),
        trust=trust_of(manifest.facts),
        seconds=sum(item.seconds for item in ancestors.values()),
        date=manifest.created_at,
    )


def _of_kinds(questions: pd.DataFrame) -> pd.DataFrame:
    """Scores that an earlier release remembered are of unknown questions alone."""
    if ASKED in questions:
        return questions
    return questions.assign(**{ASKED: UNKNOWN, WEIGHT: 1 / len(questions)})
