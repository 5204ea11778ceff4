"""Whether a new submission may take the place of the published one.

What belongs here: the comparison of the two by their validation scores. What does not: publishing
(`hansol_assets.answering.submission`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hansol_assets.answering.experiments import experiment
from hansol_assets.answering.submission import FITS_TEMPLATE, MANIFEST_FILE, publish_live
from hansol_assets.commands import PROMOTE
from hansol_assets.lake.declaration import Check
from hansol_assets.lake.handles import Table
from hansol_assets.lake.manifest import Fact, Manifest
from hansol_assets.lake.pruning import Retention
from hansol_assets.lake.reports import Verdict
from hansol_assets.lake.store import Lake
from hansol_assets.scoring.bootstrap import BootstrapSettings
from hansol_assets.scoring.leaderboard import compare

if TYPE_CHECKING:
    from hansol_assets.settings import Settings

SCORES = "validation_scores"
RETENTION = Retention(published="submission", history=SCORES)
"""What pruning keeps: the leaderboard is made of every score."""

PROMOTED = Check(
    "promoted",
    "The validation score did not fall significantly, so that the submission takes the place of "
    "the last one.",
)
BY_HAND = f"the last submission stays in place. To publish this one all the same: {PROMOTE}"


@dataclass(frozen=True)
class Promotion:
    """The verdict on a new submission.

    Attributes:
        allowed: Whether it may be published.
        reason: Why, for a person.
        difference: Its mean score less that of the published one; None where not compared.
    """

    allowed: bool
    reason: str
    difference: float | None = None


def publish_if_promoted(lake: Lake, settings: "Settings", manifest: Manifest) -> Iterator[Verdict]:
    """Publishes a submission that may be, and answers the submission's checks.

    Args:
        lake: The lake under the active profile.
        settings: The run's settings.
        manifest: Of the submission that was materialised, which fits its template.
    """
    form = {name: manifest.facts[name] for name in ("rows", "dimensions")}
    yield Verdict(FITS_TEMPLATE.name, passed=True, metadata=form)
    promotion = judge_promotion(lake, manifest, settings.scores.bootstrap)
    if promotion.allowed:
        publish_live(lake)
    reason = promotion.reason if promotion.allowed else f"{promotion.reason}; {BY_HAND}"
    score: dict[str, Fact] = {"validation_score": manifest.facts["validation_score"]}
    if promotion.difference is not None:
        score["difference"] = promotion.difference
    yield Verdict(PROMOTED.name, promotion.allowed, reason, score)


def judge_promotion(lake: Lake, manifest: Manifest, settings: BootstrapSettings) -> Promotion:
    """Compares the scores behind a submission with those behind the published one.

    Args:
        lake: The lake under the active profile.
        manifest: Of the new submission.
        settings: How the difference's interval is drawn.

    Returns:
        Not allowed only if the score fell significantly: the whole interval of the paired
        difference is below 0.
    """
    path = lake.paths.latest_submission / MANIFEST_FILE
    if not path.is_file():
        return Promotion(True, "there is no submission yet")
    published = Manifest.load(path)
    if published.profile != manifest.profile:
        return Promotion(True, f"the published submission is of profile '{published.profile}'")
    before, now = published.inputs.get(SCORES, ""), manifest.inputs[SCORES]
    if before == now:
        return Promotion(True, "the published submission has the same scores")
    if before not in lake.warehouse.versions(SCORES):
        return Promotion(True, "the scores behind the published submission are gone")
    newest, old = (
        experiment(Table(lake, Manifest.load(lake.paths.manifest(SCORES, version))))
        for version in (now, before)
    )
    if newest.judge != old.judge:
        return Promotion(True, f"the published submission was judged by {old.judge}")
    result = compare(newest, old, settings)
    if result is None:
        return Promotion(True, "too few questions were asked of both")
    interval = f"{result.difference:+.4f} ({result.low:+.4f} to {result.high:+.4f})"
    if result.high < 0:
        return Promotion(False, f"the validation score fell by {interval}", result.difference)
    return Promotion(True, f"the validation score moved by {interval}", result.difference)
