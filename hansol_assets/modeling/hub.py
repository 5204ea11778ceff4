"""Fetching a released base model from the model hub or from a local folder.

What belongs here: which files of a model are taken, from where, and the errors of that. What does
not: loading them (`hansol_assets.modeling.loading`).
"""

import hashlib
import json
import os
import shutil
from pathlib import Path

from pydantic import Field

from hansol_assets.section import Section

INDEX_FILE = "model.safetensors.index.json"
ALLOWED_FILES = ("*.safetensors", "*.json", "*.jinja", "tokenizer*")
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
        default="google/gemma-3-1b-it",
        min_length=1,
        description="Hub repository, or a local folder.",
    )
    revision: str | None = Field(
        default=None, description="Branch, tag or commit; a commit makes the fetch repeatable."
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
    if Path(settings.model_id).expanduser().is_dir():
        return None
    try:
        _snapshot(settings, local_files_only=True)
    except BaseModelUnavailableError as error:
        return str(error)
    return None


def _snapshot(settings: HubSettings, *, local_files_only: bool = False) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError

    try:
        folder = Path(
            snapshot_download(
                settings.model_id,
                revision=settings.revision,
                allow_patterns=list(ALLOWED_FILES),
                ignore_patterns=list(IGNORED_FILES),
                local_files_only=local_files_only,
            )
        )
    # Offline, the hub's errors are OSErrors and connection errors.
    except (HfHubHTTPError, OSError) as error:
        reason = f"{type(error).__name__}: {error}".splitlines()[0]
        raise BaseModelUnavailableError(_advice(settings, reason)) from error
    absent = _absent_shards(folder)
    if absent:
        reason = f"the download in {folder} lacks {', '.join(absent)}"
        raise BaseModelUnavailableError(_advice(settings, reason))
    return folder


def _absent_shards(folder: Path) -> list[str]:
    """Name the weight files that a model's index lists and its folder lacks."""
    index = folder / INDEX_FILE
    if not index.is_file():
        return []
    listed = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    return sorted(name for name in listed if not (folder / name).is_file())


def _advice(settings: HubSettings, reason: str) -> str:
    revision = f" --revision {settings.revision}" if settings.revision else ""
    patterns = " ".join(f'--include "{pattern}"' for pattern in ALLOWED_FILES)
    return (
        f"the base model {settings.model_id} is not on this machine and could not be fetched "
        f"({reason}). With a network, and `hf auth login` for a gated model, fetch it by:\n"
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
