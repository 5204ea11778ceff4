"""An S3-compatible object store, and the copies of artifacts in it, which outlive a machine.

Two clients speak to it, obstore and LanceDB. Both read region, endpoint and credentials from the
same `AWS_…` variables; no setting of this project holds any of them.

A copy's files are below `artifacts/<asset>/<version>/`. Its record, `<version>.json` beside them,
is written last and removed first: what has no record is not there. The record holds the artifact's
manifest, so that a lake that never had it can take it over.
"""

import json
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hansol_assets.lake.atomic import staged_directory
from hansol_assets.lake.lake_errors import (
    MissingClientError,
    ObjectStoreError,
    UnreachableStoreError,
    explained,
)
from hansol_assets.lake.manifest import Manifest, directory_checksums

if TYPE_CHECKING:
    from obstore.store import S3Store

URL_PATTERN = r"^s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9_.=-]+)*/?$"
"""A bucket and a prefix; nothing in it could be a credential."""

ARTIFACTS = "artifacts"
RECORD_SUFFIX = ".json"

DAMAGED = "damaged"
"""The folder of what was set aside."""

PART = 16 * 2**20
"""Bytes that go over the wire in one request."""

PARTS_AT_ONCE = 4
CONNECT_SECONDS = 5
REQUEST_SECONDS = 60
RETRIES = 3
RETRY_SECONDS = 30

_SPEAKS_OF_S3 = re.compile(r'Generic S3 error|store: "S3"|Error performing [A-Z]+ https?://')

_REFUSALS = (
    (
        r"NoSuchBucket",
        "there is no such bucket",
        "Make it, or name another one with HANSOL_OBJECT_STORE",
    ),
    (
        r"BadScheme",
        "its endpoint is plain http, which has to be allowed",
        "Set AWS_ALLOW_HTTP=true, or name an https endpoint with AWS_ENDPOINT_URL",
    ),
    (
        r"AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken"
        r"|\b40[13]\b|Unauthenticated|PermissionDenied|[Cc]redential"
        # Where no key is named, a client asks the machine's metadata service for one.
        r"|/latest/(api|meta-data)/",
        "there are no credentials, or the store refuses them or gives them no access",
        "Look at AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN and AWS_REGION, and "
        "at what they may do: list, read, write and remove",
    ),
)
"""What the error says, what is wrong, and the remedy."""

_NO_ANSWER = re.compile(
    r"error sending request|kind: (Connect|Timeout|Request)|[Tt]imed ?out|operation timed"
    r"|status: 5\d\d|status code: 5\d\d|connection (closed|reset)"
)


def store_explained(url: str) -> AbstractContextManager[None]:
    """Turns what a client says of the store at a URL into an error for a person.

    Raises:
        ObjectStoreError: The store cannot be reached, or refuses. Other errors pass unchanged.
    """
    return explained(lambda error: _explain(error, url))


def _explain(error: Exception, url: str) -> ObjectStoreError | None:
    text = str(error)
    if not _SPEAKS_OF_S3.search(text):
        return None
    for pattern, problem, remedy in _REFUSALS:
        if re.search(pattern, text):
            return ObjectStoreError(url, problem, remedy)
    if _NO_ANSWER.search(text):
        return UnreachableStoreError(url)
    return ObjectStoreError(url, text.partition("\n")[0], "See what the store says of it")


@dataclass(frozen=True)
class StoredObject:
    """What a store lists of an object; the stamp is its size and entity tag, of its content."""

    size: int
    stamp: str
    at: datetime


class ObjectStore:
    """Bytes by name below one URL, `s3://bucket/prefix`."""

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def url_of(self, name: str) -> str:
        """Returns the URL of an object."""
        return f"{self.url}/{name}"

    def require_access(self) -> None:
        """Asks the store for a little, before any work.

        Raises:
            ObjectStoreError: It cannot be reached, or refuses.
            MissingClientError: The client is not installed.
        """
        self.listed(".nothing")

    def read(self, name: str) -> bytes | None:
        """Returns an object's bytes; None where there is no such object."""
        with store_explained(self.url):
            try:
                return bytes(self._client.get(name).bytes())
            except FileNotFoundError as error:
                # A bucket that is not there is no missing object.
                if "NoSuchBucket" in str(error):
                    raise
                return None

    def write(self, name: str, content: bytes) -> None:
        """Puts an object in place in one step."""
        with store_explained(self.url):
            self._client.put(name, content)

    def upload(self, path: Path, name: str) -> str:
        """Copies a file into the store in one step, and returns the object's stamp."""
        with store_explained(self.url):
            size = path.stat().st_size
            put = self._client.put(name, path, chunk_size=PART, max_concurrency=PARTS_AT_ONCE)
        return _stamp(size, put["e_tag"])

    def download(self, name: str, size: int, path: Path) -> None:
        """Copies an object of so many bytes into a file, in parts, so that no request lasts long.

        Missing parents of the file are made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with store_explained(self.url), path.open("wb") as file:
            for start in range(0, size, PART):
                end = min(start + PART, size)
                file.write(self._client.get_range(name, start=start, end=end))

    def listed(self, folder: str) -> dict[str, StoredObject]:
        """Returns name below a folder → what is listed of it, for every object there."""
        with store_explained(self.url):
            objects = [item for page in self._client.list(folder) for item in page]
        return {
            item["path"].removeprefix(f"{folder}/"): StoredObject(
                item["size"], _stamp(item["size"], item["e_tag"]), item["last_modified"]
            )
            for item in sorted(objects, key=lambda item: item["path"])
        }

    def remove(self, names: Sequence[str]) -> None:
        """Removes objects, in this order; one that is not there is as good as removed."""
        with store_explained(self.url):
            if names:
                self._client.delete(list(names))

    def move(self, name: str, target: str) -> None:
        """Gives an object another name."""
        with store_explained(self.url):
            self._client.rename(name, target)

    @cached_property
    def _client(self) -> "S3Store":
        try:
            from obstore.store import S3Store
        except ImportError as error:
            raise MissingClientError from error
        return S3Store.from_url(
            self.url,
            client_options={
                "connect_timeout": timedelta(seconds=CONNECT_SECONDS),
                "timeout": timedelta(seconds=REQUEST_SECONDS),
                # Options given here hide that variable from the client.
                "allow_http": os.environ.get("AWS_ALLOW_HTTP", "").lower() in ("1", "true"),
            },
            retry_config={
                "max_retries": RETRIES,
                "retry_timeout": timedelta(seconds=RETRY_SECONDS),
            },
        )


def _stamp(size: int, e_tag: str | None) -> str:
    tag = (e_tag or "").strip('"')
    return f"{size} {tag}"


@dataclass(frozen=True)
class _Record:
    """What the store holds of an artifact: its manifest, and file → stamp after the upload."""

    manifest: Manifest
    stamps: dict[str, str]

    def is_of(self, manifest: Manifest) -> bool:
        """Whether it speaks of these very bytes."""
        stored = self.manifest
        return (stored.checksums, stored.lancedb_files) == (
            manifest.checksums,
            manifest.lancedb_files,
        )


class StoredArtifacts:
    """The copies of artifacts in one object store."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    def require_access(self) -> None:
        """See `ObjectStore.require_access`."""
        self._store.require_access()

    def find(self, asset: str, fingerprint: str) -> Manifest | None:
        """Returns the manifest of an artifact of which there is a copy, damaged or not."""
        record = self._record(asset, fingerprint)
        return record.manifest if record else None

    def upload(self, manifest: Manifest, folder: Path) -> None:
        """Uploads an artifact's whole files, unless the store holds them whole."""
        if not self.damaged_files(manifest):
            return
        self.remove_record(manifest)
        target = _folder(manifest)
        stamps = {
            name: self._store.upload(folder / name, f"{target}/{name}")
            for name in sorted(manifest.checksums)
        }
        record = {"manifest": manifest.sealed(), "files": stamps}
        content = json.dumps(record, ensure_ascii=False).encode()
        self._store.write(target + RECORD_SUFFIX, content)

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
        """Downloads an artifact, proves it, and only then replaces its folder.

        Returns:
            Whether the store held it whole; otherwise the folder is as it was.
        """
        listed = self._store.listed(_folder(manifest))
        if not manifest.checksums.keys() <= listed.keys():
            return False
        try:
            with staged_directory(folder) as staging:
                for name in manifest.checksums:
                    url = f"{_folder(manifest)}/{name}"
                    self._store.download(url, listed[name].size, staging / name)
                if directory_checksums(staging) != manifest.checksums:
                    raise _NotWholeError
        except _NotWholeError:
            return False
        return True

    def remove_record(self, manifest: Manifest) -> None:
        """Removes the record, so that what is left of the copy counts for nothing."""
        self._store.remove([_folder(manifest) + RECORD_SUFFIX])

    def remove(self, manifest: Manifest) -> None:
        """Removes a copy."""
        self.remove_record(manifest)
        self._remove_below(_folder(manifest))

    def manifests(self) -> Iterator[Manifest]:
        """Yields the manifest of every artifact that the store holds."""
        for name in self._store.listed(ARTIFACTS):
            asset, _, rest = name.partition("/")
            if rest.endswith(RECORD_SUFFIX) and "/" not in rest:
                manifest = self.find(asset, rest.removesuffix(RECORD_SUFFIX))
                if manifest:
                    yield manifest

    def sweep(self, older_than: timedelta) -> Iterator[str]:
        """Removes uploads that never ended and what was set aside; yields where it was."""
        listed = self._store.listed(ARTIFACTS)
        begun_before = datetime.now(UTC) - older_than
        for folder in sorted({"/".join(name.split("/")[:2]) for name in listed}):
            written = [item.at for name, item in listed.items() if name.startswith(f"{folder}/")]
            is_recorded = f"{folder}{RECORD_SUFFIX}" in listed
            if written and not is_recorded and max(written) < begun_before:
                self._remove_below(f"{ARTIFACTS}/{folder}")
                yield self._store.url_of(f"{ARTIFACTS}/{folder}")
        damaged = self._store.listed(DAMAGED)
        self._remove_below(DAMAGED)
        yield from (self._store.url_of(f"{DAMAGED}/{name}") for name in damaged)

    def url_of(self, manifest: Manifest, name: str) -> str:
        """Returns where a file of an artifact is, for a person."""
        return self._store.url_of(f"{_folder(manifest)}/{name}")

    def _record(self, asset: str, fingerprint: str) -> _Record | None:
        content = self._store.read(f"{ARTIFACTS}/{asset}/{fingerprint}{RECORD_SUFFIX}")
        try:
            record = json.loads(content or b"")
            manifest = Manifest.read(record["manifest"])
            stamps = dict(record["files"])
        except (ValueError, KeyError, TypeError):
            return None
        return _Record(manifest, stamps) if manifest.is_named(asset, fingerprint) else None

    def _remove_below(self, folder: str) -> None:
        self._store.remove([f"{folder}/{name}" for name in self._store.listed(folder)])


class _NotWholeError(Exception):
    """What was downloaded is not what the manifest says."""


def _folder(manifest: Manifest) -> str:
    return f"{ARTIFACTS}/{manifest.asset}/{manifest.fingerprint}"
