"""Whether a new submission may take the place of the published one.

What belongs here: the comparison of the two by their validation scores. What does not: publishing
(`hansol_assets.answering.submission`).
"""

from dataclasses import dataclass

from hansol_assets.answering.experiments import SCORES, experiment
from hansol_assets.answering.submission import MANIFEST_FILE
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import Lake
from hansol_assets.scoring.bootstrap import BootstrapSettings
from hansol_assets.scoring.leaderboard import compare


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


def judge_promotion(lake: Lake, settings: BootstrapSettings) -> Promotion:
    """Compares the live validation scores with those behind the published submission.

    Args:
        lake: The lake under the active profile.
        settings: How the difference's interval is drawn.

    Returns:
        Not allowed only if the score fell significantly: the whole interval of the paired
        difference is below 0.
    """
    newest = lake.live(SCORES)
    path = lake.paths.latest_submission / MANIFEST_FILE
    if not path.is_file():
        return Promotion(True, "there is no submission yet")
    published = Manifest.load(path)
    if published.profile != newest.profile:
        return Promotion(True, f"the published submission is of profile '{published.profile}'")
    before = str(published.facts.get(SCORES, ""))
    if before == newest.fingerprint:
        return Promotion(True, "the published submission has the same scores")
    if before not in lake.warehouse.versions(SCORES):
        return Promotion(True, "the scores behind the published submission are gone")
    old = Manifest.load(lake.paths.manifest(SCORES, before))
    result = compare(experiment(lake, newest), experiment(lake, old), settings)
    if result is None:
        return Promotion(True, "too few questions were asked of both")
    interval = f"{result.difference:+.4f} ({result.low:+.4f} to {result.high:+.4f})"
    if result.high < 0:
        return Promotion(False, f"the validation score fell by {interval}", result.difference)
    return Promotion(True, f"the validation score moved by {interval}", result.difference)
