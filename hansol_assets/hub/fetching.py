"""Fetching a released model from the model hub or from a local folder."""

import json
import os
import shutil
from pathlib import Path
from typing import Literal

from pydantic import Field

from hansol_assets.errors import ModelError
from hansol_assets.hub.conversion import (
    UnreadableGgufError,
    convert_gguf,
    convert_pickled_weights,
    gguf_file,
)
from hansol_assets.hub.download import (
    ModelUnavailableError,
    RepoFiles,
    cached,
    commit_of,
    download,
    files_digest,
    local_folder,
)
from hansol_assets.settings_model import SettingsModel

INDEX_FILE = "model.safetensors.index.json"
NOTICE_FILES = ("LICENSE*", "LICENCE*", "NOTICE*")
"""Terms of a model, which have to go along wherever it goes."""

ALLOWED_FILES = ("*.safetensors", "*.json", "*.jinja", "tokenizer*", *NOTICE_FILES)
"""What is taken from a model's repository: weights without pickles, configuration, tokenizer."""

IGNORED_FILES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.msgpack", "*.h5", "*.gguf", "*.py")
"""What never is, not even where a pattern above matches it."""

TOKENIZER_FILE = "tokenizer.json"

PICKLED_WEIGHTS = "pytorch_model.bin"
"""Weights of older models, in the one form that can be converted."""


class UnsafeWeightsError(ModelError, ValueError):
    """The base model has weights only in a format that runs code when it is loaded."""


class MissingTokenizerError(ModelError, ValueError):
    """The base model's tokenizer is not in the one form that needs no further library."""


class HubSettings(SettingsModel):
    """A released base model."""

    model_id: str = Field(
        "google/gemma-3-1b-it",
        min_length=1,
        description="Hub repository, a local folder, or a local file of GGUF weights, which are "
        "dequantised.",
    )
    revision: str | None = Field(
        None, description="Branch, tag or commit; a commit makes the fetch repeatable."
    )
    weights: Literal["safetensors", "converted"] = Field(
        "safetensors",
        description="converted: read pytorch_model.bin as plain tensors, running none of its code, "
        "and keep it as safetensors; for older models that have nothing else.",
    )


def fetch(settings: HubSettings, out_dir: Path) -> str:
    """Put a model's files into a folder, as hard links into the hub's cache where that is possible.

    Returns:
        The resolved revision: the hub's commit hash, or a local folder's SHA-256.

    Raises:
        ModelUnavailableError: Not on this machine and not to be had; the message has the remedy.
        UnreadableGgufError: There are only GGUF weights, and they cannot be read.
        UnsafeWeightsError: There are no weights in the form that the settings ask for.
        MissingTokenizerError: There is no `tokenizer.json`.
    """
    packed = gguf_file(settings.model_id)
    if packed:
        convert_gguf(packed, out_dir)
        return files_digest([packed])
    local = _local_folder(settings)
    source = local or _snapshot(settings)
    files = _safe_files(source, settings)
    _check_tokenizer(files, settings)
    out_dir.mkdir(parents=True, exist_ok=True)
    for file in files:
        _place(file, out_dir / file.name, link=local is None)
    if settings.weights == "converted":
        convert_pickled_weights(source / PICKLED_WEIGHTS, out_dir)
    return files_digest(files) if local else source.name


def pinned(settings: HubSettings) -> HubSettings:
    """Resolve the revision, so that settings name the very bytes that `fetch` gives.

    That is the hub's commit hash, or the SHA-256 of the files that are taken from a local folder.

    Raises:
        ModelUnavailableError: The revision is neither known here nor to be had from the hub.
        UnreadableGgufError: A local folder has several GGUF files.
        UnsafeWeightsError: A local folder has no weights in the form that is asked for.
    """
    packed = gguf_file(settings.model_id)
    local = None if packed else _local_folder(settings)
    if packed:
        commit = files_digest([packed])
    elif local:
        commit = files_digest(_safe_files(local, settings))
    else:
        commit = commit_of(_repo_files(settings))
    return settings.model_copy(update={"revision": commit})


def missing(settings: HubSettings) -> str | None:
    """Say what keeps the model from being fetched without a network, and what to do; or None."""
    try:
        if not gguf_file(settings.model_id) and not _local_folder(settings):
            _complete(cached(_repo_files(settings)), settings)
    except (ModelUnavailableError, UnreadableGgufError) as error:
        return str(error)
    return None


def _local_folder(settings: HubSettings) -> Path | None:
    local = local_folder(settings.model_id)
    path = Path(settings.model_id).expanduser()
    if local is None and (path.is_absolute() or settings.model_id.startswith((".", "~"))):
        raise ModelUnavailableError(
            f"the base model's folder {path} does not exist. Set base_model.hub.model_id to a "
            "folder in `save_pretrained` form, to a GGUF file, or to a repository of the model hub."
        )
    return local


def _snapshot(settings: HubSettings) -> Path:
    return _complete(download(_repo_files(settings)), settings)


def _complete(folder: Path, settings: HubSettings) -> Path:
    """Pass a download on if it has every weight file that its index lists."""
    index = folder / INDEX_FILE
    if not index.is_file():
        return folder
    listed = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    absent = sorted(name for name in listed if not (folder / name).is_file())
    if absent:
        command = _repo_files(settings).command
        raise ModelUnavailableError(
            f"the model {settings.model_id} is only half on this machine: the download in "
            f"{folder} lacks {', '.join(absent)}. Complete it by:\n  {command}"
        )
    return folder


def _repo_files(settings: HubSettings) -> RepoFiles:
    converted = (PICKLED_WEIGHTS,) if settings.weights == "converted" else ()
    return RepoFiles(
        settings.model_id,
        settings.revision,
        "base_model.hub",
        patterns=(*ALLOWED_FILES, *converted),
        ignored=_ignored(settings),
    )


def _ignored(settings: HubSettings) -> tuple[str, ...]:
    if settings.weights == "safetensors":
        return IGNORED_FILES
    return ("*.safetensors", *(pattern for pattern in IGNORED_FILES if pattern != "*.bin"))


def _safe_files(source: Path, settings: HubSettings) -> list[Path]:
    """List the files to take, pickled weights aside, and make sure that there are weights."""
    files = sorted(
        file
        for file in source.iterdir()
        if file.is_file()
        and any(file.match(pattern) for pattern in ALLOWED_FILES)
        and not any(file.match(pattern) for pattern in _ignored(settings))
    )
    if settings.weights == "converted":
        if (source / PICKLED_WEIGHTS).is_file():
            return files
        raise UnsafeWeightsError(
            f"{settings.model_id} has no {PICKLED_WEIGHTS} in {source} to convert. Set "
            "base_model.hub.weights to 'safetensors'."
        )
    if any(file.suffix == ".safetensors" for file in files):
        return files
    raise UnsafeWeightsError(
        f"{settings.model_id} has no *.safetensors weights in {source}. Weights in *.bin are "
        "pickles, which can run code when loaded. Choose a revision with safetensors, or set "
        f"base_model.hub.weights to 'converted', which reads {PICKLED_WEIGHTS} as plain tensors "
        "and runs none of its code."
    )


def _check_tokenizer(files: list[Path], settings: HubSettings) -> None:
    if TOKENIZER_FILE in {file.name for file in files}:
        return
    raise MissingTokenizerError(
        f"{settings.model_id} has no {TOKENIZER_FILE}. Where the library that it was made with "
        "(sentencepiece, mostly) is installed, convert it once, beside the other files:\n"
        f"  AutoTokenizer.from_pretrained('{settings.model_id}').save_pretrained(FOLDER)\n"
        "and set base_model.hub.model_id to FOLDER."
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
