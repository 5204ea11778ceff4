"""Fetching a released base model from the model hub or from a local folder.

What belongs here: which files of a model are taken, from where, and the errors of that. What does
not: loading them (`hansol_assets.modeling.loading`).
"""

import hashlib
import os
import shutil
from pathlib import Path

from pydantic import Field

from hansol_assets.section import Section

ALLOWED_FILES = ("*.safetensors", "*.safetensors.index.json", "*.json", "*.jinja", "tokenizer*")
"""What is taken from a model's repository: weights without pickles, configuration, tokenizer."""

IGNORED_FILES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.msgpack", "*.h5", "*.gguf", "*.py")
"""What never is, not even where a pattern above matches it."""


class BaseModelUnavailableError(RuntimeError):
    """The base model is neither on this machine nor reachable."""


class UnsafeWeightsError(ValueError):
    """The base model has weights only in a format that runs code when it is loaded."""


class HubSettings(Section):
    """A released base model."""

    model_id: str = Field(
        "google/gemma-3-1b-it", min_length=1, description="Hub repository, or a local folder."
    )
    revision: str | None = Field(
        None, description="Branch, tag or commit; a commit makes the fetch repeatable."
    )


def fetch(settings: HubSettings, out_dir: Path) -> str:
    """Put a model's files into a folder.

    Args:
        settings: Which model.
        out_dir: A folder; created if missing. Files are hard links into the hub's cache where the
            file system allows, since a cached file never changes.

    Returns:
        The resolved revision: the hub's commit hash, or a local folder's SHA-256.

    Raises:
        BaseModelUnavailableError: Not on this machine, and the hub could not be reached.
        UnsafeWeightsError: There are no safetensors weights.
    """
    local = Path(settings.model_id).expanduser()
    source = local if local.is_dir() else _snapshot(settings)
    files = _safe_files(source, settings.model_id)
    out_dir.mkdir(parents=True, exist_ok=True)
    for file in files:
        _place(file, out_dir / file.name, link=source is not local)
    return _folder_digest(files) if source is local else source.name


def missing(settings: HubSettings) -> str | None:
    """Say what keeps the model from being fetched without a network, and how to mend it.

    Args:
        settings: Which model.

    Returns:
        A message with the command that fetches it; None if it is on this machine.
    """
    from huggingface_hub.errors import LocalEntryNotFoundError

    if Path(settings.model_id).expanduser().is_dir():
        return None
    try:
        _snapshot(settings, local_files_only=True)
    except (BaseModelUnavailableError, LocalEntryNotFoundError) as error:
        return str(error)
    return None


def _snapshot(settings: HubSettings, local_files_only: bool = False) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError, OfflineModeIsEnabled

    try:
        folder = snapshot_download(
            settings.model_id,
            revision=settings.revision,
            allow_patterns=list(ALLOWED_FILES),
            ignore_patterns=list(IGNORED_FILES),
            local_files_only=local_files_only,
        )
    except (LocalEntryNotFoundError, OfflineModeIsEnabled, HfHubHTTPError, OSError) as error:
        raise BaseModelUnavailableError(_advice(settings, error)) from error
    return Path(folder)


def _advice(settings: HubSettings, error: Exception) -> str:
    revision = f" --revision {settings.revision}" if settings.revision else ""
    patterns = " ".join(f'--include "{pattern}"' for pattern in ALLOWED_FILES)
    return (
        f"the base model {settings.model_id} is not on this machine and could not be fetched "
        f"({type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no reason given'}). "
        f"With a network, and `hf auth login` for a gated model, fetch it by:\n"
        f"  hf download {settings.model_id}{revision} {patterns}\n"
        "or set the model's `model_id` to a local folder."
    )


def _safe_files(source: Path, name: str) -> list[Path]:
    files = sorted(
        file
        for file in source.iterdir()
        if file.is_file()
        and any(file.match(pattern) for pattern in ALLOWED_FILES)
        and not any(file.match(pattern) for pattern in IGNORED_FILES)
    )
    if any(file.suffix == ".safetensors" for file in files):
        return files
    raise UnsafeWeightsError(
        f"{name} has no *.safetensors weights in {source}. Weights in *.bin are pickles, which run "
        "code when loaded, and are refused. Choose a revision with safetensors, or convert them "
        "once with `save_pretrained(..., safe_serialization=True)` on a machine you can lose."
    )


def _place(source: Path, target: Path, link: bool) -> None:
    target.unlink(missing_ok=True)
    resolved = source.resolve()
    if link:
        try:
            os.link(resolved, target)
        except OSError:
            pass
        else:
            return
    shutil.copyfile(resolved, target)


def _folder_digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.name.encode())
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()
