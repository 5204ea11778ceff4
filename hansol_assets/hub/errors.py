"""What keeps a released model from being fetched, and the command or page that mends it."""

import errno
from pathlib import Path

from hansol_assets.errors import ModelError

GIB = 2**30

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""A full disk, a used-up quota, a file beyond the limit of the system or the process."""


class ModelUnavailableError(ModelError, RuntimeError):
    """A model is neither on this machine nor to be had from the hub."""


class HubOutOfReachError(ModelUnavailableError):
    """The hub gave no answer that helps; it may do so in a minute."""

    passes = True


def unavailable(
    model_id: str, section: str, error: Exception, command: str
) -> ModelUnavailableError:
    """Turn an error of the hub's client into one message with its remedy."""
    remedy = _remedy(model_id, section, error, command)
    kind = ModelUnavailableError if remedy else HubOutOfReachError
    return kind(
        f"the model {model_id} is not on this machine and could not be fetched: "
        f"{remedy or _no_answer(section, error, command)}"
    )


def not_enough_space(model_id: str, needed: int, free: int, cache: Path) -> ModelUnavailableError:
    """Say that a model would not fit on the disk, before any of it is fetched."""
    return ModelUnavailableError(
        f"the model {model_id} still needs {needed / GIB:.1f} GiB, and the disk of {cache} "
        f"has {free / GIB:.1f} GiB free. {_MORE_SPACE}"
    )


_MORE_SPACE = (
    "Free some (`hf cache ls` shows what is kept, `hf cache rm` removes it), or set HF_HOME to a "
    "folder on a larger disk. Files that were fetched whole are kept."
)


def _no_answer(section: str, error: Exception, command: str) -> str:
    from huggingface_hub import constants

    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return (
        f"the hub {constants.ENDPOINT} gave no answer that helps ({reason}). With a network, fetch "
        f"it by:\n  {command}\nor set {section}.model_id to a local folder."
    )


def _remedy(model_id: str, section: str, error: Exception, command: str) -> str | None:
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

    page = f"{constants.ENDPOINT}/{model_id}"
    if isinstance(error, HFValidationError):
        return (
            f"that is no repository's name ({error}). Set {section}.model_id to 'owner/name' "
            "or to a local folder."
        )
    if isinstance(error, GatedRepoError):
        return (
            f"it is gated. Accept its licence at {page}, then run `hf auth login` with a token of "
            f"that account, and fetch it by:\n  {command}"
        )
    if isinstance(error, RepositoryNotFoundError):
        return (
            f"the hub has no such model, or it is private. Compare {section}.model_id with "
            f"{page}; for a private one run `hf auth login`, and fetch it by:\n  {command}"
        )
    if isinstance(error, RevisionNotFoundError):
        return (
            f"it has no such revision. Set {section}.revision to a commit of "
            f"{page}/commits/main, or leave it out."
        )
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return (
            f"the disk of {constants.HF_HUB_CACHE} takes no more ({error.strerror}). {_MORE_SPACE}"
        )
    if constants.HF_HUB_OFFLINE or isinstance(error, OfflineModeIsEnabled):
        return f"HF_HUB_OFFLINE is set. Unset it, and fetch the model by:\n  {command}"
    if isinstance(error, LocalEntryNotFoundError) and error.__cause__ is None:
        return f"with a network, fetch it by:\n  {command}"
    return None
