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


def write_atomically(path: Path, content: bytes) -> None:
    """Replaces a file's content in one step.

    Args:
        path: The file; missing parents are made.
        content: The whole new content.

    Raises:
        OSError: The disk is full or read-only; the old file is then untouched.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    staging = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
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
    staging = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    staging.mkdir()
    try:
        yield staging
        for path in sorted(staging.rglob("*")):
            sync_directory(path) if path.is_dir() else _sync_file(path)
        sync_directory(staging)
        if target.exists():
            shutil.rmtree(target)
        staging.rename(target)
        sync_directory(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
