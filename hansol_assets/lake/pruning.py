"""Removing what nobody uses any more, and never what somebody does.

What belongs here: what is kept, and removing the rest so that a kill in the middle leaves a whole
lake.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hansol_assets.lake.atomic import remove_directory
from hansol_assets.lake.cache import MODEL_CACHES, RowCache
from hansol_assets.lake.inventory import bytes_below
from hansol_assets.lake.lancedb_versions import drop_all_but
from hansol_assets.lake.locks import LANCEDB_LOCK, file_lock, lock_if_free, lock_name
from hansol_assets.lake.manifest import Manifest, all_manifests, ancestry, live_profiles
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.store import Lake
from hansol_assets.lake.stored_artifacts import Key
from hansol_assets.lake.sweeping import sweep
from hansol_assets.lake.verification import problems_of
from hansol_assets.lake.warehouse import Warehouse


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
        freed: Bytes by which the folder is smaller. Space of removed tables stays inside the DuckDB
            file, which uses it again for the next ones.
    """

    removed: tuple[Key, ...]
    kept: tuple[Key, ...]
    swept: tuple[Path | str, ...]
    forgotten: int
    freed: int


def prune(lake: Lake, keep: int, retention: Retention) -> PruneReport:
    """Removes old results; what another process is working on stays.

    Kept are what is live for any profile, the newest results of each asset, the scores that the
    leaderboard shows, and all that a live result or a kept submission was made from. What is
    damaged and not live goes, whatever its age, unless its other copy mends it.

    Args:
        lake: The lake; its profile does not matter.
        keep: Results an asset that stay, the newest first, whether live or not.
        retention: The assets of which more stays.

    Raises:
        ValueError: `keep` is less than 1.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}: the last good state has to stay")
    paths = lake.paths
    before = bytes_below(paths.root)
    manifests = {(item.asset, item.fingerprint): item for item in all_manifests(paths)}
    broken = _broken(lake, manifests)
    there = [item for key, item in manifests.items() if key not in broken]
    staying = _staying(paths, there, keep, retention)
    # A history names all that it was made from; others of what stays lack what was damaged alone.
    told = {
        (own.asset, own.fingerprint)
        for key, item in staying.items()
        for own in ancestry(paths, item).values()
        if item.asset == retention.remembered or (own.asset, own.fingerprint) in broken
    }
    removed = [
        key
        for key, manifest in manifests.items()
        if (key not in staying or key in broken) and _remove(lake, manifest, is_told=key in told)
    ]
    kept = [item for key, item in manifests.items() if key not in set(removed)]
    swept = [*sweep(lake, keep, retention.published), *_drop_index_versions(lake, kept)]
    return PruneReport(
        removed=tuple(removed),
        kept=tuple((item.asset, item.fingerprint) for item in kept),
        swept=tuple(swept),
        forgotten=_forget_cached(paths, kept),
        freed=max(0, before - bytes_below(paths.root)),
    )


def _broken(lake: Lake, manifests: Mapping[Key, Manifest]) -> set[Key]:
    """What is damaged for good; a live result is the next run's to rebuild.

    An index that is in another database is no damage.
    """
    live = live_profiles(lake.paths)
    unused = [
        item
        for key, item in manifests.items()
        if key not in live and lake.database.is_placed(item.lancedb_files)
    ]
    damaged = {(found.asset, found.fingerprint) for found in problems_of(lake, unused)}
    return {key for key in damaged if not _is_mended(lake, manifests[key])}


def _is_mended(lake: Lake, manifest: Manifest) -> bool:
    """Whether an artifact is whole once it was fetched from its copy, or copied again."""
    if lake.stored is None or manifest.kind == "table" or not lake.fetched_alone(manifest):
        return False
    lake.copy(manifest)
    return True


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


def _remove(lake: Lake, manifest: Manifest, *, is_told: bool) -> bool:
    """Removes one result, its copy first and then its manifest; says whether it could be."""
    paths, key = lake.paths, (manifest.asset, manifest.fingerprint)
    with lock_if_free(paths, lock_name(*key)) as held:
        if not held:
            return False
        if lake.stored and manifest.kind == "artifact":
            lake.stored.remove(manifest)
        _forget(paths, key, is_told=is_told)
        if manifest.kind == "table":
            lake.warehouse.drop(*key)
        else:
            remove_directory(paths.artifact(*key))
    return True


def _forget(paths: LakePaths, key: Key, *, is_told: bool) -> None:
    """Takes a manifest away, or aside if something that stays tells of it."""
    path = paths.manifest(*key)
    if is_told:
        paths.forgotten(*key).parent.mkdir(parents=True, exist_ok=True)
        path.replace(paths.forgotten(*key))
    else:
        path.unlink()


def _drop_index_versions(lake: Lake, kept: list[Manifest]) -> list[Path | str]:
    """Removes what no kept artifact needs of the LanceDB tables that they name.

    What the object store has a copy of needs its version, too, though another machine made it.
    """
    recorded = lake.stored.recorded() if lake.stored else ()
    placed = [it for it in (*kept, *recorded) if lake.database.is_placed(it.lancedb_files)]
    needed = {name for item in placed for name in item.lancedb_files}
    tables = {Path(name).parts[0] for name in needed}
    with file_lock(lake.paths, LANCEDB_LOCK):
        return [
            lake.database.place(name)
            for table in sorted(tables)
            for name in drop_all_but(lake.database, table, needed)
        ]
