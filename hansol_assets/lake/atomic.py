"""Writing so that a kill at any moment leaves the old state or the new one, never a mixture."""

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


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
    """Returns a new hidden name beside a target; what a kill leaves there is nobody's."""
    return target.with_name(f".{target.name}.{uuid.uuid4().hex}")


def staging_leftovers(target: Path) -> list[Path]:
    """Returns what killed writers of a target left beside it."""
    return sorted(target.parent.glob(f".{target.name}.*"))


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file's content in one step.

    Args:
        path: The file; missing parents are made.
        content: The whole new content.

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
    """Yields an empty folder that becomes `target` if the block ends well.

    Every file is synced before the rename. A `target` that is already there is replaced.

    Args:
        target: The folder to make.

    Yields:
        The staging folder, on the same file system.
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
