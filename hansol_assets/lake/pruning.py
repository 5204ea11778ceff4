"""Removing what nobody uses any more, and never what somebody does.

A kill in the middle leaves a whole lake: manifests go before what they speak of. What another
process has locked stays.
"""

import re
import shutil
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from hansol_assets.lake.atomic import (
    LANCEDB_LOCK,
    file_lock,
    lock_if_free,
    lock_name,
    remove_directory,
)
from hansol_assets.lake.cache import MODEL_CACHES, RowCache
from hansol_assets.lake.databases import drop_all_but
from hansol_assets.lake.fingerprint import FINGERPRINT_PATTERN
from hansol_assets.lake.inventory import bytes_below, problems_of
from hansol_assets.lake.manifest import (
    Key,
    Manifest,
    all_manifests,
    ancestry,
    live_profiles,
    manifests,
)
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.store import Lake
from hansol_assets.lake.warehouse import DAMAGED_PREFIX

STALE_SECONDS = 3600
"""Age after which a staging file that no lock guards belongs to a dead process."""

_STAGED = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}")


@dataclass(frozen=True)
class Retention:
    """What stays of two assets that are not like the others.

    Attributes:
        published: The asset whose results are published; what a staying one was made from stays.
        history: The asset of which every result stays, since a history is made of them.
    """

    published: str
    history: str


@dataclass(frozen=True)
class PruneReport:
    """What pruning did.

    Attributes:
        removed: Asset and data version of each artifact and table that was removed.
        kept: The same of those that stay.
        swept: Other paths that were removed: published submissions, staging folders, damaged
            results, checkpoints of finished work, files of old index versions.
        cached_rows: Cached answers and vectors that were removed, since their model was.
        freed: Bytes by which the folder is smaller. Space of removed tables stays inside the DuckDB
            file, which uses it again for the next ones.
    """

    removed: tuple[Key, ...]
    kept: tuple[Key, ...]
    swept: tuple[Path | str, ...]
    cached_rows: int
    freed: int


def prune(lake: Lake, keep: int, retention: Retention) -> PruneReport:
    """Removes old results of every profile.

    What is live for any profile stays, the scores that the
    leaderboard shows, and all that a live result or a staying submission was made from. What is
    damaged and not live goes, whatever its age, unless its other copy mends it. Of each asset the
    newest `keep` results stay, whether live or not, and more of the assets of `retention`.

    Raises:
        ValueError: `keep` is less than 1.
    """
    if keep < 1:
        raise ValueError(f"keep must be at least 1, not {keep}: the last good state has to stay")
    paths = lake.paths
    before = bytes_below(paths.root)
    stored, live_works = all_manifests(paths), live_profiles(paths).keys()
    live = {item.key for item in stored if _work(item) in live_works}
    broken = _broken(lake, stored, live)
    whole = [item for item in stored if item.key not in broken]
    # What is live, and the newest work that gave each result: several may give the same.
    works = live_works | {item.key: _work(item) for item in whole}.values()
    staying = _staying(paths, whole, works, live, keep, retention)
    # A history names all that it was made from; others of what stays lack what was damaged alone.
    named = {
        ancestor.key
        for item in stored
        if item.key in staying
        for ancestor in ancestry(paths, item).values()
        if item.asset == retention.history or ancestor.key in broken
    }
    superseded = {
        _work(item)
        for item in whole
        if _work(item) not in works
        and any(ancestor.key not in staying for ancestor in ancestry(paths, item).values())
    }
    removed = [
        item
        for item in stored
        if (item.key not in staying or _work(item) in superseded)
        and _remove(lake, item, is_named=item.key in named)
    ]
    gone = set(map(_work, removed))
    kept = [item for item in stored if _work(item) not in gone]
    kept_keys = _keys(kept)
    swept = [
        *_sweep(lake, live_works, keep, retention.published),
        *_drop_index_versions(lake, kept),
    ]
    return PruneReport(
        removed=_keys([item for item in removed if item.key not in kept_keys]),
        kept=kept_keys,
        swept=tuple(swept),
        cached_rows=_remove_cached_rows(lake, kept),
        freed=max(0, before - bytes_below(paths.root)),
    )


def _keys(items: Sequence[Manifest]) -> tuple[Key, ...]:
    return tuple(dict.fromkeys(item.key for item in items))


def _work(item: Manifest) -> tuple[str, str]:
    return item.asset, item.fingerprint


def _broken(lake: Lake, stored: Sequence[Manifest], live: Collection[Key]) -> set[Key]:
    """What is damaged for good; a live result is the next run's to rebuild.

    An index that is in another database is no damage.
    """
    unused = {
        item.key: item
        for item in stored
        if item.key not in live and lake.database.owns(item.lancedb_files)
    }
    problems = problems_of(lake, list(unused.values()))
    damaged = {(problem.asset, problem.version) for problem in problems}
    return {key for key in damaged if not _is_mended(lake, unused[key])}


def _is_mended(lake: Lake, manifest: Manifest) -> bool:
    """Whether an artifact is whole once it was fetched from its copy, or copied again."""
    if lake.stored is None or manifest.kind == "table" or not lake.fetch(manifest):
        return False
    lake.copy(manifest)
    return True


def _staying(
    paths: LakePaths,
    whole: Sequence[Manifest],
    works: Collection[tuple[str, str]],
    live: Set[Key],
    keep: int,
    retention: Retention,
) -> set[Key]:
    of_asset: dict[str, list[Manifest]] = defaultdict(list)
    for item in whole:
        of_asset[item.asset].append(item)
    newest = {key for items in of_asset.values() for key in _keys(items[::-1])[:keep]}
    published = (retention.published, paths.latest_submission.resolve().name)
    used = live | {key for key in newest if key[0] == retention.published} | {published}
    inputs = {
        ancestor.key
        for item in whole
        if item.key in used and _work(item) in works
        for ancestor in ancestry(paths, item).values()
    }
    history = {item.key for item in of_asset[retention.history]}
    return {item.key for item in whole} & (newest | used | inputs | history)


def _remove(lake: Lake, manifest: Manifest, *, is_named: bool) -> bool:
    """Removes one result, its copy first and then its manifest; says whether it could be."""
    paths = lake.paths
    with ExitStack() as stack:
        for name in {manifest.fingerprint, manifest.version}:
            lock = lock_if_free(paths, lock_name(manifest.asset, name))
            if not stack.enter_context(lock):
                return False
        if lake.stored and manifest.kind == "artifact":
            lake.stored.remove(manifest)
        _remove_manifest(paths, manifest, is_named=is_named)
        if manifest.kind == "artifact":
            remove_directory(paths.artifact(*manifest.key))
        elif not _has_manifest(paths, *manifest.key):
            lake.warehouse.drop(*manifest.key)
    return True


def _remove_manifest(paths: LakePaths, manifest: Manifest, *, is_named: bool) -> None:
    """Takes a manifest away, or aside if something that stays names it."""
    name = manifest.asset, manifest.fingerprint
    if is_named:
        paths.pruned_manifest(*name).parent.mkdir(parents=True, exist_ok=True)
        paths.manifest(*name).replace(paths.pruned_manifest(*name))
    else:
        paths.manifest(*name).unlink()


def _has_manifest(paths: LakePaths, asset: str, version: str) -> bool:
    """Whether a manifest, maybe a damaged one, speaks of a data version."""
    path = paths.manifest(asset, version)
    if path.exists() and Manifest.find(path) is None:
        return True
    return any(item.version == version for item in manifests(paths, asset))


def _remove_cached_rows(lake: Lake, kept: Sequence[Manifest]) -> int:
    """Removes what models that are gone had answered and embedded."""
    models = {item.version for item in kept}
    caches = (RowCache(lake.warehouse, name) for name in MODEL_CACHES)
    return sum(cache.remove_other_models(models) for cache in caches)


def _drop_index_versions(lake: Lake, kept: Sequence[Manifest]) -> list[Path | str]:
    """Removes what no staying artifact needs of the LanceDB tables that they name.

    What the object store has a copy of needs its version, too, though another machine made it.
    """
    copied = lake.stored.manifests() if lake.stored else ()
    here = [it for it in (*kept, *copied) if lake.database.owns(it.lancedb_files)]
    needed = {name for item in here for name in item.lancedb_files}
    tables = {Path(name).parts[0] for name in needed}
    with file_lock(lake.paths, LANCEDB_LOCK):
        return [
            lake.database.location(name)
            for table in sorted(tables)
            for name in drop_all_but(lake.database, table, needed)
        ]


def _sweep(
    lake: Lake, live_works: Collection[tuple[str, str]], keep: int, published: str
) -> Iterator[Path | str]:
    """Removes what nothing in the lake can load, and yields the paths that are gone."""
    paths = lake.paths
    yield from _sweep_manifests(paths, live_works)
    yield from _sweep_submissions(paths, published)
    yield from _sweep_artifacts(paths)
    yield from _sweep_tables(lake)
    yield from _sweep_checkpoints(paths, keep)
    yield from _sweep_staging(paths)
    if paths.damaged.exists():
        remove_directory(paths.damaged)
        yield paths.damaged
    if lake.stored:
        yield from lake.stored.sweep(timedelta(seconds=STALE_SECONDS))


def _sweep_manifests(paths: LakePaths, live_works: Collection[tuple[str, str]]) -> Iterator[Path]:
    """Damaged manifests; of what is live, the next run writes it anew."""
    for path in sorted(paths.manifests.glob("[!.]*/[!.]*.json")):
        name = path.parent.name, path.stem
        with lock_if_free(paths, lock_name(*name)) as locked:
            if locked and name not in live_works and Manifest.find(path) is None:
                path.unlink()
                yield path


def _sweep_submissions(paths: LakePaths, published: str) -> Iterator[Path]:
    """Published copies of submissions that are no longer in the lake, the latest one aside."""
    latest = paths.latest_submission.resolve().name
    for folder in sorted(paths.latest_submission.parent.glob("[!.]*")):
        is_copy = re.fullmatch(FINGERPRINT_PATTERN, folder.name) and folder.name != latest
        if is_copy and not _has_manifest(paths, published, folder.name):
            remove_directory(folder)
            yield folder


def _sweep_artifacts(paths: LakePaths) -> Iterator[Path]:
    """Folders that were never finished, and staging folders of killed runs."""
    for folder in sorted((paths.root / "artifacts").glob("*/*")):
        staged = _STAGED.fullmatch(folder.name)
        key = folder.parent.name, staged["target"] if staged else folder.name
        with lock_if_free(paths, lock_name(*key)) as locked:
            if locked and (staged or not _has_manifest(paths, *key)):
                shutil.rmtree(folder) if staged else remove_directory(folder)
                yield folder


def _sweep_tables(lake: Lake) -> Iterator[Path]:
    """Tables whose run was killed before their manifest was written, and damaged ones."""
    for key in lake.warehouse.tables():
        with lock_if_free(lake.paths, lock_name(*key)) as locked:
            damaged = key[0].startswith(DAMAGED_PREFIX)
            if locked and (damaged or not _has_manifest(lake.paths, *key)):
                lake.warehouse.drop(*key)
                yield lake.paths.warehouse / "@".join(key)


def _sweep_checkpoints(paths: LakePaths, keep: int) -> Iterator[Path]:
    """Checkpoints of finished work, and the older ones of work that was never finished."""
    for folder in sorted((paths.root / "checkpoints").glob("*")):
        newest = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime)
        unfinished = [
            path for path in newest if not paths.manifest(folder.name, path.name).exists()
        ]
        for path in newest:
            with lock_if_free(paths, lock_name(folder.name, path.name)) as locked:
                if locked and path not in unfinished[:keep]:
                    remove_directory(path)
                    yield path


def _sweep_staging(paths: LakePaths) -> Iterator[Path]:
    """Staging files, and folders on their way out, that a kill left behind."""
    stale_before = time.time() - STALE_SECONDS
    folders = ("", "live/*", "manifests/*", "submissions", "checkpoints/*", "artifacts/*")
    for folder in folders:
        for path in sorted(paths.root.glob(f"{folder}/.*".lstrip("/"))):
            is_stale = path.lstat().st_mtime < stale_before
            if not (_STAGED.fullmatch(path.name) and is_stale):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            yield path
