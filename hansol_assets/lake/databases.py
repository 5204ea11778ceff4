"""The LanceDB database: a folder, or a part of an object store, and the files of its versions.

LanceDB never changes a data file, so a version is whole while its files are the same. It does not
list them, and its cleanup (`Table.optimize`, 0.40) refuses to run where an old version is tagged:
so both are done here, by reading the table's manifests.
See https://lancedb.github.io/lance/format.html
"""

import uuid
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from hansol_assets.lake.atomic import move_aside
from hansol_assets.lake.fingerprint import file_hash
from hansol_assets.lake.object_store import (
    CONNECT_SECONDS,
    DAMAGED,
    RETRIES,
    RETRY_SECONDS,
    ObjectStore,
    StoredObject,
    store_explained,
)

if TYPE_CHECKING:
    from lancedb.db import DBConnection

LANCEDB = "lancedb"
"""The database's folder in an object store."""

_S3_OPTIONS = {
    "connect_timeout": f"{CONNECT_SECONDS}s",
    "client_max_retries": str(RETRIES),
    "client_retry_timeout": str(RETRY_SECONDS),
}

_MANIFEST_SUFFIX = ".manifest"
_CONTENT = ("data", "_indices", "_deletions")
_LARGEST = 2**64 - 1
"""Manifests are named by what is left to this number, so that the newest comes first."""


def connect(uri: str | Path) -> "DBConnection":
    """Opens a database in a folder, or at an `s3://` URL.

    Raises:
        ObjectStoreError: The store cannot be reached, or refuses.
        MissingClientError: The client is not installed.
    """
    import lancedb

    name = str(uri)
    if not name.startswith("s3://"):
        return lancedb.connect(name)
    # LanceDB takes minutes to give up a store that does not answer.
    ObjectStore(name).require_access()
    with store_explained(name):
        return lancedb.connect(name, storage_options=_S3_OPTIONS)


class FolderDatabase:
    """A database in a folder, whose files are proved by SHA-256; tables are set aside elsewhere.

    LanceDB opens it by its `uri`; files have their names below it.
    """

    def __init__(self, folder: Path, damaged: Path) -> None:
        self.uri = str(folder)
        self._folder = folder
        self._damaged = damaged

    def names(self, folder: str) -> list[str]:
        files = (path for path in (self._folder / folder).rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in files)

    def read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()

    def stamps(self, names: Iterable[str]) -> dict[str, str]:
        """Returns name → what proves a file's content, of those files that there are."""
        return {name: file_hash(path) for name, path in self._files(names)}

    def owns(self, stamps: Mapping[str, str]) -> bool:
        """Whether files with these stamps belong into this database, and not into another."""
        # A SHA-256 holds no space.
        return not any(" " in stamp for stamp in stamps.values())

    def size(self, names: Iterable[str]) -> int:
        return sum(path.stat().st_size for _, path in self._files(names))

    def remove(self, names: Iterable[str]) -> None:
        for _, path in self._files(names):
            path.unlink()

    def set_aside(self, table: str) -> None:
        move_aside(self._folder / table, self._damaged / table)

    def location(self, name: str) -> Path:
        return self._folder / name

    def _files(self, names: Iterable[str]) -> list[tuple[str, Path]]:
        files = ((name, self._folder / name) for name in names)
        return [(name, path) for name, path in files if path.is_file()]


class StoredDatabase:
    """A database below `lancedb/` in an object store, which proves files by size and entity tag."""

    def __init__(self, store: ObjectStore) -> None:
        self.uri = store.url_of(LANCEDB)
        self._store = store

    def names(self, folder: str) -> list[str]:
        return [f"{folder}/{name}" for name in self._store.listed(f"{LANCEDB}/{folder}")]

    def read(self, name: str) -> bytes:
        return self._store.read(f"{LANCEDB}/{name}") or b""

    def stamps(self, names: Iterable[str]) -> dict[str, str]:
        return {name: f"{self.uri} {item.stamp}" for name, item in self._objects(names).items()}

    def owns(self, stamps: Mapping[str, str]) -> bool:
        return all(stamp.startswith(f"{self.uri} ") for stamp in stamps.values())

    def size(self, names: Iterable[str]) -> int:
        return sum(item.size for item in self._objects(names).values())

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            self._store.remove([f"{LANCEDB}/{name}"])

    def set_aside(self, table: str) -> None:
        for name in self.names(table):
            self._store.move(f"{LANCEDB}/{name}", f"{DAMAGED}/{name}")

    def location(self, name: str) -> str:
        return f"{self.uri}/{name}"

    def _objects(self, names: Iterable[str]) -> dict[str, StoredObject]:
        requested = set(names)
        listed = {
            f"{table}/{name}": item
            for table in {PurePosixPath(name).parts[0] for name in requested}
            for name, item in self._store.listed(f"{LANCEDB}/{table}").items()
        }
        return {name: listed[name] for name in sorted(requested & listed.keys())}


Database = FolderDatabase | StoredDatabase


def version_checksums(database: Database, table: str, version: int) -> dict[str, str]:
    """Returns file name below the database → what proves its content, of all a version needs."""
    folder = f"{table}.lance"
    return database.stamps(_version_files(database, folder, version, database.names(folder)))


def drop_all_but(database: Database, folder: str, needed: Iterable[str]) -> list[str]:
    """Removes a table's files that neither the latest version needs nor those that stay readable.

    Hold `LANCEDB_LOCK` meanwhile, so that no version is being written. `needed` are the files of
    the versions that stay readable.

    Returns:
        The files that were removed.
    """
    names = database.names(folder)
    versions = _versions(folder, names)
    staying = set(needed)
    for latest in versions[-1:]:
        staying.update(_version_files(database, folder, latest, names))
    manifests = [_manifest(folder, version) for version in versions]
    # Manifests first: a kill in between leaves files that nobody names, not the other way round.
    removed = [name for name in [*manifests, *_content(folder, names)] if name not in staying]
    database.remove(removed)
    return removed


def _version_files(
    database: Database, folder: str, version: int, names: Iterable[str]
) -> list[str]:
    """The manifest of a version and every file that it names, sorted."""
    manifest = _manifest(folder, version)
    content = database.read(manifest)
    return sorted([manifest, *(n for n in _content(folder, names) if _names(content, folder, n))])


def _versions(folder: str, names: Iterable[str]) -> list[int]:
    """The versions of a table, the oldest first."""
    below = f"{folder}/_versions/"
    manifests = (n for n in names if n.startswith(below) and n.endswith(_MANIFEST_SUFFIX))
    stems = (PurePosixPath(name).stem for name in manifests)
    return sorted(_LARGEST - int(stem) for stem in stems if stem.isdigit())


def _manifest(folder: str, version: int) -> str:
    return f"{folder}/_versions/{_LARGEST - version:020d}{_MANIFEST_SUFFIX}"


def _content(folder: str, names: Iterable[str]) -> list[str]:
    below = tuple(f"{folder}/{kind}/" for kind in _CONTENT)
    return [name for name in names if name.startswith(below)]


def _names(manifest: bytes, folder: str, name: str) -> bool:
    """Whether a manifest names a file: data by name, an index by UUID, deletions by number.

    A manifest names what its own transaction replaced too, so this errs on the side of keeping.
    """
    path = PurePosixPath(name).relative_to(folder)
    kind, *rest = path.parts
    if kind == "_indices":
        return uuid.UUID(rest[0]).bytes in manifest
    if kind == "_deletions":
        return _varint(int(path.stem.rpartition("-")[2])) in manifest
    return path.name.encode() in manifest


def _varint(number: int) -> bytes:
    """A number as Protocol Buffers write it: seven bits a byte, the lowest first."""
    digits = []
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
