"""Artifacts in an object store: a copy of each, which outlives the machine that made it.

What belongs here: keeping, proving, fetching and removing the copies. What does not: when that
happens (`hansol_assets.lake.store`) and how objects are read and written
(`hansol_assets.lake.object_store`).

A copy's files are below `artifacts/<asset>/<fingerprint>/`. Its record, `<fingerprint>.json` beside
them, is written last and removed first: what has no record is not there. The record holds the
artifact's manifest, so that a lake that never had it can take it over.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hansol_assets.lake.atomic import staged_directory
from hansol_assets.lake.manifest import Manifest, directory_checksums
from hansol_assets.lake.object_store import DAMAGED, ObjectStore

ARTIFACTS = "artifacts"
RECORD_SUFFIX = ".json"

Key = tuple[str, str]
"""Asset and fingerprint."""


@dataclass(frozen=True)
class _Record:
    """What the store holds of an artifact.

    Attributes:
        manifest: The artifact's.
        stamps: File → what the store said of it when it was uploaded.
    """

    manifest: Manifest
    stamps: dict[str, str]

    def is_of(self, manifest: Manifest) -> bool:
        """Whether it speaks of these very bytes."""
        own = self.manifest
        return (own.checksums, own.lancedb_files) == (manifest.checksums, manifest.lancedb_files)


class StoredArtifacts:
    """The copies of artifacts in one object store.

    Args:
        store: The store.
    """

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def require_access(self) -> None:
        """See `ObjectStore.require_access`."""
        self._store.require_access()

    def find(self, asset: str, fingerprint: str) -> Manifest | None:
        """Returns the manifest of an artifact that the store holds, whether its files are whole."""
        record = self._record(asset, fingerprint)
        return record.manifest if record else None

    def keep(self, manifest: Manifest, folder: Path) -> None:
        """Uploads an artifact, unless the store holds it whole.

        Args:
            manifest: The artifact's.
            folder: Its files, whole.
        """
        if not self.damaged_files(manifest):
            return
        self.forget(manifest)
        place = _folder(manifest)
        stamps = {
            name: self._store.upload(folder / name, f"{place}/{name}")
            for name in sorted(manifest.checksums)
        }
        record = {"manifest": manifest.sealed(), "files": stamps}
        self._store.write(
            f"{place}{RECORD_SUFFIX}", json.dumps(record, ensure_ascii=False).encode()
        )

    def damaged_files(self, manifest: Manifest) -> list[str]:
        """Names the files of an artifact that the store lacks, or that changed there since.

        All that is looked at is what the store lists: size and entity tag. Without a record of this
        very manifest every file is named.
        """
        record = self._record(manifest.asset, manifest.fingerprint)
        if record is None or not record.is_of(manifest):
            return sorted(manifest.checksums)
        listed = self._store.listed(_folder(manifest))
        return [
            name
            for name, stamp in sorted(record.stamps.items())
            if name not in listed or listed[name].stamp != stamp
        ]

    def fetch(self, manifest: Manifest, folder: Path) -> bool:
        """Downloads an artifact, proves it, and only then puts it in place.

        Args:
            manifest: The artifact's.
            folder: Where it belongs; what is there is replaced.

        Returns:
            Whether the store held it whole; otherwise the folder is as it was.
        """
        listed = self._store.listed(_folder(manifest))
        if not manifest.checksums.keys() <= listed.keys():
            return False
        try:
            with staged_directory(folder) as staging:
                for name in manifest.checksums:
                    place = f"{_folder(manifest)}/{name}"
                    self._store.download(place, listed[name].size, staging / name)
                if directory_checksums(staging) != manifest.checksums:
                    raise _NotWholeError
        except _NotWholeError:
            return False
        return True

    def forget(self, manifest: Manifest) -> None:
        """Removes the record, so that what is left of the copy counts for nothing."""
        self._store.remove([_folder(manifest) + RECORD_SUFFIX])

    def remove(self, manifest: Manifest) -> None:
        """Removes a copy."""
        self.forget(manifest)
        self._remove_below(_folder(manifest))

    def recorded(self) -> Iterator[Manifest]:
        """Yields the manifest of every artifact that the store holds."""
        for name in self._store.listed(ARTIFACTS):
            asset, _, rest = name.partition("/")
            if rest.endswith(RECORD_SUFFIX) and "/" not in rest:
                found = self.find(asset, rest.removesuffix(RECORD_SUFFIX))
                if found:
                    yield found

    def sweep(self, older_than: timedelta) -> Iterator[str]:
        """Removes uploads that never ended and what was set aside; yields where it was."""
        listed = self._store.listed(ARTIFACTS)
        begun_before = datetime.now(UTC) - older_than
        for folder in sorted({"/".join(name.split("/")[:2]) for name in listed}):
            own = [item.at for name, item in listed.items() if name.startswith(f"{folder}/")]
            if own and f"{folder}{RECORD_SUFFIX}" not in listed and max(own) < begun_before:
                self._remove_below(f"{ARTIFACTS}/{folder}")
                yield self._store.place(f"{ARTIFACTS}/{folder}")
        damaged = self._store.listed(DAMAGED)
        self._remove_below(DAMAGED)
        yield from (self._store.place(f"{DAMAGED}/{name}") for name in damaged)

    def place(self, manifest: Manifest, name: str) -> str:
        """Returns where a file of an artifact is, for a person."""
        return self._store.place(f"{_folder(manifest)}/{name}")

    def _record(self, asset: str, fingerprint: str) -> _Record | None:
        content = self._store.read(f"{ARTIFACTS}/{asset}/{fingerprint}{RECORD_SUFFIX}")
        try:
            said = json.loads(content or b"")
            manifest = Manifest.read(said["manifest"])
            stamps = dict(said["files"])
        except (ValueError, KeyError, TypeError):
            return None
        is_own = manifest.is_named(asset, fingerprint)
        return _Record(manifest, stamps) if is_own else None

    def _remove_below(self, folder: str) -> None:
        self._store.remove([f"{folder}/{name}" for name in self._store.listed(folder)])


class _NotWholeError(Exception):
    """What was downloaded is not what the manifest says."""


def _folder(manifest: Manifest) -> str:
    return f"{ARTIFACTS}/{manifest.asset}/{manifest.fingerprint}"
