"""Removing what nobody uses any more, and never what somebody does.

What belongs here: what is kept, and removing the rest so that a kill in the middle leaves a whole
lake.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from hansol_assets.lake.atomic import remove_directory
from hansol_assets.lake.cache import MODEL_CACHES, RowCache
from hansol_assets.lake.inventory import bytes_below
from hansol_assets.lake.lancedb_versions import drop_all_but
from hansol_assets.lake.locks import LANCEDB_LOCK, file_lock, lock_if_free, lock_name
from hansol_assets.lake.manifest import Manifest, all_manifests, ancestry, live_profiles
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.sweeping import sweep
from hansol_assets.lake.warehouse import Warehouse

Key = tuple[str, str]
"""Asset and fingerprint."""


@dataclass(frozen=True)
class Retention:
    """What stays of two assets that are not like the others.

    Attributes:
        published: The asset whose results are published; what a kept one was made from stays.
        remembered: The asset of which every result stays, since a history is made of them.
    """

    published: str
    remembered: str


@dataclass(frozen=True)
class PruneReport:
    """What pruning did.

    Attributes:
        removed: Asset and fingerprint of each artifact and table that was removed.
        kept: The same of those that stay.
        swept: Other paths that were removed: published submissions, staging folders, damaged
            results, checkpoints of finished work, files of old index versions.
        forgotten: Cached answers and vectors that were removed, since their model was.
        freed: Bytes by which the lake is smaller. Space of removed tables stays inside the DuckDB
            file, which uses it again for the next ones.
    """

    removed: tuple[Key, ...]
    kept: tuple[Key, ...]
    swept: tuple[Path, ...]
    forgotten: int
    freed: int


def prune(root: Path, keep: int, retention: Retention) -> PruneReport:
    """Removes old results; what another process is working on stays.

    Kept are what is live for any profile, the newest results of each asset, the scores that the
    leaderboard shows, and all that a live result or a kept submission was made from.

    Args:
        root: The lake's folder.
        keep: Results an asset that stay, the newest first, whether live or not.
        retention: The assets of which more stays.

    Raises:
        ValueError: `keep` is less than 1.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}: the last good state has to stay")
    paths = LakePaths(root)
    before = bytes_below(root)
    manifests = {(item.asset, item.fingerprint): item for item in all_manifests(paths)}
    live, tables = live_profiles(paths), set(Warehouse(paths.warehouse).tables())
    there = [item for item in manifests.values() if _is_there(paths, item, live, tables)]
    staying = _staying(paths, there, keep, retention)
    removed = [
        key
        for key, manifest in manifests.items()
        if key not in staying and _remove(paths, manifest, staying, retention.remembered)
    ]
    kept = [item for key, item in manifests.items() if key not in set(removed)]
    swept = [*sweep(paths, keep, retention.published), *_drop_index_versions(paths, kept)]
    return PruneReport(
        removed=tuple(removed),
        kept=tuple((item.asset, item.fingerprint) for item in kept),
        swept=tuple(swept),
        forgotten=_forget_cached(paths, kept),
        freed=max(0, before - bytes_below(root)),
    )


def _is_there(
    paths: LakePaths, manifest: Manifest, live: Collection[Key], tables: Collection[Key]
) -> bool:
    """Whether there are bytes at all; a live result without them is the next run's to rebuild."""
    key = (manifest.asset, manifest.fingerprint)
    if key in live:
        return True
    return paths.artifact(*key).is_dir() if manifest.kind == "artifact" else key in tables


def _forget_cached(paths: LakePaths, kept: list[Manifest]) -> int:
    """Removes what models that are gone had answered and embedded."""
    models = {item.fingerprint for item in kept}
    warehouse = Warehouse(paths.warehouse)
    return sum(RowCache(warehouse, name).keep_models(models) for name in MODEL_CACHES)


def _staying(
    paths: LakePaths, manifests: list[Manifest], keep: int, retention: Retention
) -> dict[Key, Manifest]:
    of_asset: dict[str, list[Manifest]] = defaultdict(list)
    for item in manifests:
        of_asset[item.asset].append(item)
    newest = [item for items in of_asset.values() for item in items[-keep:]]
    live = live_profiles(paths)
    in_use = [item for item in manifests if (item.asset, item.fingerprint) in live]
    submissions = [item for item in newest if item.asset == retention.published]
    published = paths.latest_submission.resolve().name
    submissions += [item for item in of_asset[retention.published] if item.fingerprint == published]
    made_from = [
        ancestor for item in [*in_use, *submissions] for ancestor in ancestry(paths, item).values()
    ]
    staying = [*newest, *in_use, *made_from, *of_asset[retention.remembered]]
    return {(item.asset, item.fingerprint): item for item in staying}


def _remove(
    paths: LakePaths, manifest: Manifest, staying: dict[Key, Manifest], remembered: str
) -> bool:
    """Removes one result, its manifest first; says whether it could be."""
    key = (manifest.asset, manifest.fingerprint)
    with lock_if_free(paths, lock_name(*key)) as held:
        if not held:
            return False
        _forget(paths, manifest, staying, remembered)
        if manifest.kind == "table":
            Warehouse(paths.warehouse).drop(*key)
        else:
            remove_directory(paths.artifact(*key))
    return True


def _forget(
    paths: LakePaths, manifest: Manifest, staying: dict[Key, Manifest], remembered: str
) -> None:
    """Takes a manifest away, or aside if something that stays was made from it."""
    key = (manifest.asset, manifest.fingerprint)
    path = paths.manifest(*key)
    descendants = (item for item in staying.values() if item.asset == remembered)
    if any(manifest in ancestry(paths, item).values() for item in descendants):
        paths.forgotten(*key).parent.mkdir(parents=True, exist_ok=True)
        path.replace(paths.forgotten(*key))
    else:
        path.unlink()


def _drop_index_versions(paths: LakePaths, kept: list[Manifest]) -> list[Path]:
    """Removes what no kept artifact needs of the LanceDB tables that they name."""
    needed = [paths.lancedb / name for item in kept for name in item.lancedb_files]
    tables = {path.relative_to(paths.lancedb).parts[0] for path in needed}
    with file_lock(paths, LANCEDB_LOCK):
        return [
            path for table in sorted(tables) for path in drop_all_but(paths.lancedb / table, needed)
        ]
