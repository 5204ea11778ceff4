"""The experiments that the lake remembers, read from manifests and score tables."""

from hansol_assets.lake.lineage import ancestry, manifests
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import Lake
from hansol_assets.scoring.leaderboard import Experiment, flat_settings

SCORES = "validation_scores"


def experiments(lake: Lake, newest: Manifest) -> list[Experiment]:
    """Returns every experiment of the lake, the newest last."""
    known = lake.warehouse.versions(SCORES)
    others = [
        item for item in manifests(lake.paths, SCORES) if item.fingerprint != newest.fingerprint
    ]
    return [experiment(lake, item) for item in [*others, newest] if item.fingerprint in known]


def experiment(lake: Lake, manifest: Manifest) -> Experiment:
    """Reads one experiment.

    Args:
        lake: Where its scores are.
        manifest: Of its `validation_scores`.
    """
    ancestors = ancestry(lake.paths, manifest)
    return Experiment(
        fingerprint=manifest.fingerprint,
        profile=manifest.profile,
        strategy=str(manifest.facts["strategy"]),
        settings=dict(
            pair for name, item in ancestors.items() for pair in flat_settings(item.config, name)
        ),
        questions=lake.table(manifest),
        seconds=sum(item.seconds for item in ancestors.values()),
        date=manifest.created_at,
    )
