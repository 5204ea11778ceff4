"""Removing what no manifest speaks of: leavings of killed runs, and copies of what was pruned.

What belongs here: bytes that nothing can load. What does not: results with a manifest
(`hansol_assets.lake.pruning`).
"""

import re
import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from hansol_assets.lake.atomic import remove_directory
from hansol_assets.lake.fingerprint import FINGERPRINT_PATTERN
from hansol_assets.lake.locks import lock_if_free, lock_name
from hansol_assets.lake.manifest import Manifest, live_profiles
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.store import Lake
from hansol_assets.lake.warehouse import DAMAGED_PREFIX, Warehouse

STALE_SECONDS = 3600
"""Age after which a staging file that no lock guards belongs to a dead process."""

_STAGED = re.compile(r"\.(?P<target>.+)\.[0-9a-f]{32}")


def sweep(lake: Lake, keep: int, published: str) -> Iterator[Path | str]:
    """Removes what nothing in the lake can load, and yields the paths that are gone.

    What another process holds a lock on stays.

    Args:
        lake: The lake.
        keep: Checkpoints of unfinished work that stay, an asset, the newest first.
        published: The asset whose results are published.
    """
    paths = lake.paths
    yield from _manifests(paths)
    yield from _submissions(paths, published)
    yield from _artifacts(paths)
    yield from _tables(paths)
    yield from _checkpoints(paths, keep)
    yield from _answers(paths)
    yield from _stale_files(paths)
    if paths.damaged.exists():
        remove_directory(paths.damaged)
        yield paths.damaged
    if lake.stored:
        yield from lake.stored.sweep(timedelta(seconds=STALE_SECONDS))


def _manifests(paths: LakePaths) -> Iterator[Path]:
    """Damaged manifests; of what is live, the next run writes it anew."""
    live = live_profiles(paths)
    for path in sorted(paths.manifests.glob("[!.]*/[!.]*.json")):
        key = (path.parent.name, path.stem)
        with lock_if_free(paths, lock_name(*key)) as held:
            if held and key not in live and Manifest.find(path) is None:
                path.unlink()
                yield path


def _submissions(paths: LakePaths, published: str) -> Iterator[Path]:
    """Published copies of submissions that are no longer in the lake, the latest one aside."""
    latest = paths.latest_submission.resolve().name
    for folder in sorted(paths.latest_submission.parent.glob("[!.]*")):
        is_copy = re.fullmatch(FINGERPRINT_PATTERN, folder.name) and folder.name != latest
        if is_copy and not paths.manifest(published, folder.name).exists():
            remove_directory(folder)
            yield folder


def _artifacts(paths: LakePaths) -> Iterator[Path]:
    """Folders that were never finished, and staging folders of killed runs."""
    for folder in sorted((paths.root / "artifacts").glob("*/*")):
        staged = _STAGED.fullmatch(folder.name)
        asset, fingerprint = folder.parent.name, staged["target"] if staged else folder.name
        with lock_if_free(paths, lock_name(asset, fingerprint)) as held:
            if held and (staged or not paths.manifest(asset, fingerprint).exists()):
                shutil.rmtree(folder) if staged else remove_directory(folder)
                yield folder


def _tables(paths: LakePaths) -> Iterator[Path]:
    """Tables whose run was killed before their manifest was written, and damaged ones."""
    warehouse = Warehouse(paths.warehouse)
    for asset, fingerprint in warehouse.tables():
        with lock_if_free(paths, lock_name(asset, fingerprint)) as held:
            damaged = asset.startswith(DAMAGED_PREFIX)
            if held and (damaged or not paths.manifest(asset, fingerprint).exists()):
                warehouse.drop(asset, fingerprint)
                yield paths.warehouse / f"{asset}@{fingerprint}"


def _checkpoints(paths: LakePaths, keep: int) -> Iterator[Path]:
    """Checkpoints of finished work, and the older ones of work that was never finished."""
    for folder in sorted((paths.root / "checkpoints").glob("*")):
        newest = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime)
        unfinished = [
            path for path in newest if not paths.manifest(folder.name, path.name).exists()
        ]
        for path in newest:
            with lock_if_free(paths, lock_name(folder.name, path.name)) as held:
                if held and path not in unfinished[:keep]:
                    remove_directory(path)
                    yield path


def _answers(paths: LakePaths) -> Iterator[Path]:
    """Notes of results that are gone."""
    for note in sorted(paths.answers.glob("*/[!.]*")):
        named = note.read_text(encoding="utf-8", errors="replace").strip()
        if not paths.manifest(note.parent.name, named).exists():
            note.unlink()
            yield note


def _stale_files(paths: LakePaths) -> Iterator[Path]:
    """Staging files, and folders on their way out, that a kill left behind."""
    now = time.time()
    folders = ("", "live/*", "manifests/*", "submissions", "checkpoints/*", "artifacts/*")
    for folder in folders:
        for path in sorted(paths.root.glob(f"{folder}/.*".lstrip("/"))):
            is_old = path.lstat().st_mtime < now - STALE_SECONDS
            if not (_STAGED.fullmatch(path.name) and is_old):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
            yield path
