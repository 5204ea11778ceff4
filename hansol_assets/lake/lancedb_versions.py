"""Which files a version of a LanceDB table needs, and removing the versions that nobody names.

LanceDB never changes a data file, so a version is whole while its files are the same. Its own
cleanup knows only an age, and would take an old version that an artifact still names. Files go by
their names below the database, wherever that is (`hansol_assets.lake.databases`).
See https://lancedb.github.io/lance/format.html
"""

import uuid
from collections.abc import Iterable
from pathlib import PurePosixPath

from hansol_assets.lake.databases import Database

MANIFEST_SUFFIX = ".manifest"
_CONTENT = ("data", "_indices", "_deletions")
_LARGEST = 2**64 - 1
"""Manifests are named by what is left to this number, so that the newest comes first."""


def version_checksums(database: Database, table: str, version: int) -> dict[str, str]:
    """Returns file name below the database → what proves its content, of all a version needs.

    Args:
        database: The database.
        table: The table's name.
        version: The version.
    """
    return database.stamps(version_files(database, f"{table}.lance", version))


def version_files(database: Database, folder: str, version: int) -> list[str]:
    """Returns the manifest of a version and every file that it names, sorted.

    Args:
        database: The database.
        folder: The table's folder.
        version: The version.
    """
    return _version_files(database, folder, version, database.names(folder))


def drop_all_but(database: Database, folder: str, needed: Iterable[str]) -> list[str]:
    """Removes the files of a table that no version needs which is kept; the latest always is.

    Hold `LANCEDB_LOCK` meanwhile, so that no version is being written.

    Args:
        database: The database.
        folder: The table's folder.
        needed: The files of the versions that stay readable.

    Returns:
        The files that were removed.
    """
    names = database.names(folder)
    held = _versions(folder, names)
    staying = set(needed)
    for latest in held[-1:]:
        staying.update(_version_files(database, folder, latest, names))
    manifests = [_manifest(folder, version) for version in held]
    # Manifests first: a kill in between leaves files that nobody names, not the other way round.
    removed = [name for name in [*manifests, *_content(folder, names)] if name not in staying]
    database.remove(removed)
    return removed


def _version_files(
    database: Database, folder: str, version: int, names: Iterable[str]
) -> list[str]:
    manifest = _manifest(folder, version)
    content = database.read(manifest)
    return sorted([manifest, *(n for n in _content(folder, names) if _names(content, folder, n))])


def _versions(folder: str, names: Iterable[str]) -> list[int]:
    """The versions of a table, the oldest first."""
    below = f"{folder}/_versions/"
    manifests = (n for n in names if n.startswith(below) and n.endswith(MANIFEST_SUFFIX))
    stems = (PurePosixPath(name).stem for name in manifests)
    return sorted(_LARGEST - int(stem) for stem in stems if stem.isdigit())


def _manifest(folder: str, version: int) -> str:
    return f"{folder}/_versions/{_LARGEST - version:020d}{MANIFEST_SUFFIX}"


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
