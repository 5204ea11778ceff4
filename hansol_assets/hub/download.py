"""Files of a repository of the model hub, in the hub's own cache, and why they may not come."""

import errno
import hashlib
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hansol_assets.errors import ModelError

GIB = 2**30

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A full disk, a used-up quota, a file beyond the limit of the system or the process."""


class ModelUnavailableError(ModelError, RuntimeError):
    """A model is neither on this machine nor to be had from the hub."""


class HubOutOfReachError(ModelUnavailableError):
    """The hub gave no answer that helps; it may do so in a minute."""

    passes = True


@dataclass(frozen=True)
class RepoFiles:
    """Which files are taken from a repository.

    Attributes:
        revision: Branch, tag or commit; None: the newest.
        section: The settings that name it, such as `base_model.hub`; messages point there.
        patterns: File names to take, with wildcards that reach into folders.
        ignored: File names to leave even so.
    """

    model_id: str
    revision: str | None
    section: str
    patterns: tuple[str, ...]
    ignored: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The shell command that fetches it."""
        revision = f" --revision {self.revision}" if self.revision else ""
        patterns = " ".join(f'--include "{pattern}"' for pattern in self.patterns)
        return f"hf download {self.model_id}{revision} {patterns}"

    @property
    def selection(self) -> dict[str, Any]:
        """What names it for the hub's client."""
        return {
            "repo_id": self.model_id,
            "revision": self.revision,
            "allow_patterns": list(self.patterns),
            "ignore_patterns": list(self.ignored),
        }


def unavailable(files: RepoFiles, error: Exception) -> ModelUnavailableError:
    """Turn an error of the hub's client into one message with its remedy."""
    remedy = _remedy(files, error)
    kind = ModelUnavailableError if remedy else HubOutOfReachError
    return kind(
        f"the model {files.model_id} is not on this machine and could not be fetched: "
        f"{remedy or _no_answer(files, error)}"
    )


_MORE_SPACE = (
    "Free some (`hf cache ls` shows what is kept, `hf cache rm` removes it), or set HF_HOME to a "
    "folder on a larger disk. Files that were fetched whole are kept."
)


def _no_answer(files: RepoFiles, error: Exception) -> str:
    from huggingface_hub import constants

    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return (
        f"the hub {constants.ENDPOINT} gave no answer that helps ({reason}). With a network, fetch "
        f"it by:\n  {files.command}\nor set {files.section}.model_id to a local folder."
    )


def _remedy(files: RepoFiles, error: Exception) -> str | None:
    """What mends a failure that is not the network's; None for one that is."""
    from huggingface_hub import constants
    from huggingface_hub.errors import (
        GatedRepoError,
        HFValidationError,
        LocalEntryNotFoundError,
        OfflineModeIsEnabled,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    page = f"{constants.ENDPOINT}/{files.model_id}"
    if isinstance(error, HFValidationError):
        return (
            f"that is no repository's name ({error}). Set {files.section}.model_id to 'owner/name' "
            "or to a local folder."
        )
    if isinstance(error, GatedRepoError):
        return (
            f"it is gated. Accept its licence at {page}, then run `hf auth login` with a token of "
            f"that account, and fetch it by:\n  {files.command}"
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"the hub has no such model, or it is private. Compare {files.section}.model_id with "
            f"{page}; for a private one run `hf auth login`, and fetch it by:\n  {files.command}"
        )
    if isinstance(error, RevisionNotFoundError):
        return (
            f"it has no such revision. Set {files.section}.revision to a commit of "
            f"{page}/commits/main, or leave it out."
        )
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return (
            f"the disk of {constants.HF_HUB_CACHE} takes no more ({error.strerror}). {_MORE_SPACE}"
        )
    if constants.HF_HUB_OFFLINE or isinstance(error, OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE is set. Unset it, and fetch the model by:\n  {files.command}"
    if isinstance(error, LocalEntryNotFoundError) and error.__cause__ is None:
        return f"with a network, fetch it by:\n  {files.command}"
    return None


def download(files: RepoFiles) -> Path:
    """Fetch what is not in the cache yet, unless the disk has no room for it.

    Returns the snapshot's folder, named by its commit; without a network, that of earlier.

    Raises:
        ModelUnavailableError: Not on this machine and not to be had; the message says why.
    """
    _check_space(files)
    return _snapshot(files)


def cached(files: RepoFiles) -> Path:
    """Find a snapshot in the cache, asking no network, or raise `ModelUnavailableError`."""
    return _snapshot(files, local_files_only=True)


def commit_of(files: RepoFiles) -> str:
    """Resolve a revision to its commit, from the cache where the hub cannot be reached.

    Raises:
        ModelUnavailableError: It is neither known here nor to be had from the hub.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RevisionResolutionError

    try:
        return HfApi().resolve_revision(files.model_id, revision=files.revision).resolved
    except RevisionResolutionError as error:
        cause = error.__cause__ if isinstance(error.__cause__, Exception) else error
        raise unavailable(files, cause) from error
    except _client_errors() as error:
        raise unavailable(files, error) from error


def local_folder(model_id: str) -> Path | None:
    """Find the local folder that a repository's name means, if there is one."""
    folder = Path(model_id).expanduser()
    return folder if folder.is_dir() else None


def files_digest(files: Sequence[Path]) -> str:
    """Names files that have no commit by the SHA-256 of their names and contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def _check_space(files: RepoFiles) -> None:
    """Refuse a download that the disk has no room for; without a network there is none."""
    from huggingface_hub import constants, snapshot_download

    try:
        listed = snapshot_download(**files.selection, dry_run=True)
    except _client_errors():
        return
    needed = sum(file.file_size or 0 for file in listed if file.will_download)
    cache = Path(constants.HF_HUB_CACHE)
    free = shutil.disk_usage(next(path for path in (cache, *cache.parents) if path.exists())).free
    if needed > free:
        raise ModelUnavailableError(
            f"the model {files.model_id} still needs {needed / GIB:.1f} GiB, and the disk of "
            f"{cache} has {free / GIB:.1f} GiB free. {_MORE_SPACE}"
        )


def _snapshot(files: RepoFiles, *, local_files_only: bool = False) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(**files.selection, local_files_only=local_files_only))
    except _client_errors() as error:
        raise unavailable(files, error) from error


def _client_errors() -> tuple[type[Exception], ...]:
    """What the hub's client raises; its own HTTP errors, and a full disk, are OSErrors."""
    from httpx2 import HTTPError
    from huggingface_hub.errors import HFValidationError

    return (OSError, HTTPError, HFValidationError)
