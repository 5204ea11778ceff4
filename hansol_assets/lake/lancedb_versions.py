"""Which files a version of a LanceDB table needs, and removing the versions that nobody names.

LanceDB never changes a data file, so a version is whole while its files have their checksums. Its
own cleanup knows only an age, and would take an old version that an artifact still names.
See https://lancedb.github.io/lance/format.html
"""

import uuid
from collections.abc import Iterable
from pathlib import Path

from hansol_assets.lake.fingerprint import file_hash

MANIFEST_SUFFIX = ".manifest"
_LARGEST = 2**64 - 1
"""Manifests are named by what is left to this number, so that the newest comes first."""


def version_checksums(lancedb: Path, table: str, version: int) -> dict[str, str]:
    """Returns file name below the database's folder → SHA-256 of all that a version needs.

    Args:
        lancedb: The database's folder.
        table: The table's name.
        version: The version.
    """
    root = lancedb / f"{table}.lance"
    files = version_files(root, version)
    return {path.relative_to(lancedb).as_posix(): file_hash(path) for path in files}


def version_files(root: Path, version: int) -> list[Path]:
    """Returns the manifest of a version and every file that it names, sorted.

    Args:
        root: The table's folder.
        version: The version.
    """
    manifest = _manifest(root, version)
    content = manifest.read_bytes()
    named = [path for path in _content_files(root) if _names(content, root, path)]
    return sorted([manifest, *named])


def versions(root: Path) -> list[int]:
    """Returns the versions that a table's folder holds, the oldest first."""
    stems = (path.stem for path in (root / "_versions").glob(f"*{MANIFEST_SUFFIX}"))
    return sorted(_LARGEST - int(stem) for stem in stems if stem.isdigit())


def drop_all_but(root: Path, needed: Iterable[Path]) -> list[Path]:
    """Removes the files of a table that no version needs which is kept; the latest always is.

    Hold `LANCEDB_LOCK` meanwhile, so that no version is being written.

    Args:
        root: The table's folder.
        needed: The files of the versions that stay readable.

    Returns:
        The files that were removed.
    """
    held = versions(root)
    staying = {*needed, *(path for latest in held[-1:] for path in version_files(root, latest))}
    manifests = [_manifest(root, version) for version in held]
    # Manifests first: a kill in between leaves files that nobody names, not the other way round.
    removed = [path for path in [*manifests, *_content_files(root)] if path not in staying]
    for path in removed:
        path.unlink()
    return removed


def _manifest(root: Path, version: int) -> Path:
    return root / "_versions" / f"{_LARGEST - version:020d}{MANIFEST_SUFFIX}"


def _content_files(root: Path) -> list[Path]:
    folders = ("data", "_indices", "_deletions")
    found = (path for folder in folders for path in (root / folder).rglob("*"))
    return [path for path in found if path.is_file()]


def _names(manifest: bytes, root: Path, path: Path) -> bool:
    """Whether a manifest names a file: data by name, an index by UUID, deletions by number.

    A manifest names what its own transaction replaced too, so this errs on the side of keeping.
    """
    folder, *rest = path.relative_to(root).parts
    if folder == "_indices":
        return uuid.UUID(rest[0]).bytes in manifest
    if folder == "_deletions":
        return _varint(int(path.stem.rpartition("-")[2])) in manifest
    return path.name.encode() in manifest


def _varint(number: int) -> bytes:
    """A number as Protocol Buffers write it: seven bits a byte, the lowest first."""
    digits = []
    while number >= 0x80:
        digits.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*digits, number])
