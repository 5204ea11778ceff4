"""The LanceDB database: a folder, or a part of an object store, and the files below it.

What belongs here: opening it, and listing, proving and removing its files wherever they are. What
does not: which files a version needs (`hansol_assets.lake.lancedb_versions`).
"""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

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


def connect(uri: str | Path) -> "DBConnection":
    """Opens a database.

    Args:
        uri: A folder, or an `s3://` URL.

    Raises:
        ObjectStoreError: The store cannot be reached, or refuses.
        MissingClientError: The client is not installed.
    """
    import lancedb

    place = str(uri)
    if not place.startswith("s3://"):
        return lancedb.connect(place)
    # LanceDB takes minutes to give up a store that does not answer.
    ObjectStore(place).require_access()
    with store_explained(place):
        return lancedb.connect(place, storage_options=_S3_OPTIONS)


class Database(ABC):
    """The files below a database, by their names there.

    Attributes:
        uri: By which LanceDB opens it.
    """

    uri: str

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Names every file below a folder of the database, sorted."""

    @abstractmethod
    def read(self, name: str) -> bytes:
        """Returns a file's bytes."""

    @abstractmethod
    def stamps(self, names: Iterable[str]) -> dict[str, str]:
        """Returns name → what proves a file's content, of those files that there are."""

    @abstractmethod
    def is_placed(self, stamps: Mapping[str, str]) -> bool:
        """Whether files with these stamps belong into this database, and not into another."""

    @abstractmethod
    def size(self, names: Iterable[str]) -> int:
        """Returns the bytes of those files that there are."""

    @abstractmethod
    def remove(self, names: Iterable[str]) -> None:
        """Removes files, in this order."""

    @abstractmethod
    def set_aside(self, table: str) -> None:
        """Moves a table's folder out of the database."""

    @abstractmethod
    def place(self, name: str) -> Path | str:
        """Returns where a file is, for a person."""


class FolderDatabase(Database):
    """A database in a folder, whose files are proved by SHA-256.

    Args:
        folder: The database.
        damaged: Where damaged tables are set aside.
    """

    def __init__(self, folder: Path, damaged: Path) -> None:
        self.uri = str(folder)
        self._folder = folder
        self._damaged = damaged

    def names(self, folder: str) -> list[str]:
        """See `Database`."""
        files = (path for path in (self._folder / folder).rglob("*") if path.is_file())
        return sorted(path.relative_to(self._folder).as_posix() for path in files)

    def read(self, name: str) -> bytes:
        """See `Database`."""
        return (self._folder / name).read_bytes()

    def stamps(self, names: Iterable[str]) -> dict[str, str]:
        """See `Database`."""
        return {name: file_hash(path) for name, path in self._files(names)}

    def is_placed(self, stamps: Mapping[str, str]) -> bool:
        """See `Database`: a SHA-256 holds no space."""
        return not any(" " in stamp for stamp in stamps.values())

    def size(self, names: Iterable[str]) -> int:
        """See `Database`."""
        return sum(path.stat().st_size for _, path in self._files(names))

    def remove(self, names: Iterable[str]) -> None:
        """See `Database`."""
        for _, path in self._files(names):
            path.unlink()

    def set_aside(self, table: str) -> None:
        """See `Database`."""
        aside = self._damaged / table
        shutil.rmtree(aside, ignore_errors=True)
        if (self._folder / table).exists():
            aside.parent.mkdir(parents=True, exist_ok=True)
            (self._folder / table).rename(aside)

    def place(self, name: str) -> Path:
        """See `Database`."""
        return self._folder / name

    def _files(self, names: Iterable[str]) -> list[tuple[str, Path]]:
        files = ((name, self._folder / name) for name in names)
        return [(name, path) for name, path in files if path.is_file()]


class StoredDatabase(Database):
    """A database in an object store, which proves contents itself: by size and entity tag.

    Args:
        store: The store; the database is below `lancedb/` there.
    """

    def __init__(self, store: ObjectStore) -> None:
        self.uri = store.place(LANCEDB)
        self._store = store

    def names(self, folder: str) -> list[str]:
        """See `Database`."""
        return [f"{folder}/{name}" for name in self._store.listed(f"{LANCEDB}/{folder}")]

    def read(self, name: str) -> bytes:
        """See `Database`."""
        return self._store.read(f"{LANCEDB}/{name}") or b""

    def stamps(self, names: Iterable[str]) -> dict[str, str]:
        """See `Database`: a stamp names the database, too."""
        return {name: f"{self.uri} {item.stamp}" for name, item in self._objects(names).items()}

    def is_placed(self, stamps: Mapping[str, str]) -> bool:
        """See `Database`."""
        return all(stamp.startswith(f"{self.uri} ") for stamp in stamps.values())

    def size(self, names: Iterable[str]) -> int:
        """See `Database`."""
        return sum(item.size for item in self._objects(names).values())

    def remove(self, names: Iterable[str]) -> None:
        """See `Database`."""
        for name in names:
            self._store.remove([f"{LANCEDB}/{name}"])

    def set_aside(self, table: str) -> None:
        """See `Database`: the table is below `damaged/` then."""
        for name in self.names(table):
            self._store.move(f"{LANCEDB}/{name}", f"{DAMAGED}/{name}")

    def place(self, name: str) -> str:
        """See `Database`."""
        return f"{self.uri}/{name}"

    def _objects(self, names: Iterable[str]) -> dict[str, StoredObject]:
        wanted = set(names)
        tables = {PurePosixPath(name).parts[0] for name in wanted}
        listed = {
            f"{table}/{name}": item
            for table in tables
            for name, item in self._store.listed(f"{LANCEDB}/{table}").items()
        }
        return {name: listed[name] for name in sorted(wanted & listed.keys())}
