"""Names that are held against other processes while something is written.

The operating system lets a lock go when its holder dies, so that a kill leaves none behind. Lock
files stay: removing one while another process waits for it would let two of them in.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from filelock import FileLock, Timeout

from hansol_assets.lake.paths import LakePaths

LANCEDB_LOCK = "lancedb"
"""Held by whoever adds a version to a LanceDB table, or removes one."""


def lock_name(asset: str, fingerprint: str) -> str:
    """Returns the name that is held while an artifact or table is found or built."""
    return f"{asset}-{fingerprint}"


def _lock(paths: LakePaths, name: str) -> FileLock:
    path = paths.locks / f"{name}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    return FileLock(path)


@contextmanager
def file_lock(paths: LakePaths, name: str) -> Iterator[None]:
    """Holds a name; a second holder waits for the first."""
    with _lock(paths, name):
        yield


@contextmanager
def lock_if_free(paths: LakePaths, name: str) -> Iterator[bool]:
    """Holds a name if no other process does, and says whether it is held."""
    lock = _lock(paths, name)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        yield False
        return
    try:
        yield True
    finally:
        lock.release()
