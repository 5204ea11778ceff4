"""Writing so that a kill at any moment, or another process, leaves the old state or the new one."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from hansol_assets.lake.paths import LakePaths

LANCEDB_LOCK = "lancedb"
"""Held by whoever adds a version to a LanceDB table, or removes one."""


def sync_directory(path: Path) -> None:
    """Makes the entries of a directory durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sync_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def staging_path(target: Path) -> Path:
    """Returns a new hidden name beside a target; nothing reads what a kill leaves there."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}")


def staging_leftovers(target: Path) -> list[Path]:
    """Returns what killed writers of a target left beside it."""
    return sorted(target.parent.glob(f".{target.name}.*"))


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file's content in one step; missing parents are made.

    Raises:
        OSError: The disk is full or read-only; the old file is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = staging_path(path)
    try:
        with staging.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        staging.replace(path)
    finally:
        staging.unlink(missing_ok=True)
    sync_directory(path.parent)


@contextmanager
def staged_directory(target: Path) -> Iterator[Path]:
    """Yields an empty folder that becomes `target`, or replaces it, if the block ends well.

    Every file is synced before the rename.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staging = staging_path(target)
    staging.mkdir()
    try:
        yield staging
        readers = staging.stat().st_mode & 0o444
        for path in sorted(staging.rglob("*")):
            # safetensors lets nobody else read its files, whatever the umask says.
            path.chmod(path.stat().st_mode | readers)
            sync_directory(path) if path.is_dir() else _sync_file(path)
        sync_directory(staging)
        _replace_directory(staging, target)
        sync_directory(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _replace_directory(staging: Path, target: Path) -> None:
    """Puts a folder in the place of another; both stay whole until the new one is in place."""
    if not target.exists():
        staging.rename(target)
        return
    old = staging_path(target)
    target.rename(old)
    try:
        staging.rename(target)
    except OSError:
        old.rename(target)
        raise
    shutil.rmtree(old, ignore_errors=True)


def remove_directory(path: Path) -> None:
    """Removes a folder so that a kill leaves it whole, or gone from its name."""
    if not path.exists():
        return
    doomed = staging_path(path)
    path.rename(doomed)
    shutil.rmtree(doomed, ignore_errors=True)


def move_aside(folder: Path, aside: Path) -> None:
    """Moves what there is of a folder, in the place of what was moved there before."""
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(aside)


def lock_name(asset: str, name: str) -> str:
    """Returns the name that is locked while an artifact or table is looked for or built."""
    return f"{asset}-{name}"


def file_lock(paths: LakePaths, name: str) -> FileLock:
    """Returns a lock between processes; a second holder waits for the first.

    The operating system lets it go when its holder dies. Lock files stay: removing one while
    another process waits for it would let two of them in.
    """
    path = paths.locks / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)


@contextmanager
def lock_if_free(paths: LakePaths, name: str) -> Iterator[bool]:
    """Takes a lock if no other process has it, and says whether it did."""
    lock = file_lock(paths, name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
