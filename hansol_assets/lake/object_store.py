"""An S3-compatible object store: bytes by name, and what it refuses said to a person.

What belongs here: one class over the client, and recognising the store's refusals in the errors of
the two clients that speak to it, obstore and LanceDB. What does not: what is kept there
(`hansol_assets.lake.stored_artifacts`, `hansol_assets.lake.databases`).

Both clients read region, endpoint and credentials from the same `AWS_…` variables; no setting of
this project holds any of them.
"""

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hansol_assets.lake.errors import (
    LakeError,
    MissingClientError,
    ObjectStoreError,
    UnreachableStoreError,
)

if TYPE_CHECKING:
    from obstore.store import S3Store

URL_PATTERN = r"^s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9_.=-]+)*/?$"
"""A bucket and a prefix; nothing in it could be a credential."""

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


@contextmanager
def store_explained(url: str) -> Iterator[None]:
    """Turns what a client says of the store into an error for a person.

    Args:
        url: What is read or written.

    Raises:
        ObjectStoreError: The store cannot be reached, or refuses. Other errors pass unchanged.
    """
    try:
        yield
    except LakeError:
        raise
    except Exception as error:
        explained = _explain(error, url)
        if explained is None:
            raise
        raise explained from error


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
    """What a store lists of an object.

    Attributes:
        size: Its bytes.
        stamp: Size and entity tag, by which the store itself tells one content from another.
        at: When it was written.
    """

    size: int
    stamp: str
    at: datetime


class ObjectStore:
    """Bytes by name below one URL.

    Args:
        url: `s3://bucket/prefix`.
    """

    def __init__(self, url: str) -> None:
        self.url = url.rstrip("/")

    def place(self, name: str) -> str:
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
        """Copies an object into a file, so that no request lasts long, however large it is.

        Args:
            name: The object.
            size: Its bytes.
            path: The file; missing parents are made.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        with store_explained(self.url), path.open("wb") as file:
            for start in range(0, size, PART):
                end = min(start + PART, size)
                file.write(self._client.get_range(name, start=start, end=end))

    def listed(self, folder: str) -> dict[str, StoredObject]:
        """Returns name below a folder → what is listed of it, for every object there."""
        with store_explained(self.url):
            found = [item for page in self._client.list(folder) for item in page]
        return {
            item["path"].removeprefix(f"{folder}/"): StoredObject(
                item["size"], _stamp(item["size"], item["e_tag"]), item["last_modified"]
            )
            for item in sorted(found, key=lambda item: item["path"])
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
