"""The embedder that turns questions and answers into vectors, whichever the profile names.

What belongs here: choosing, fetching, keeping and calling an embedder. What does not: the one that
needs no network (`hansol_assets.embedding.muse`).
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from hansol_assets.embedding.muse import DIMENSIONS, VERSION, WEIGHTS, MuseEmbedder
from hansol_assets.embedding.vectors import mean_directions, split_like
from hansol_assets.errors import InputError
from hansol_assets.hub.download import (
    Wanted,
    commit_of,
    download,
    files_digest,
    local_folder,
)
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


MUSE_FILE = "muse.json"
"""Stands in an embedder's folder for the installed encoder."""

EMBEDDER_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What a sentence-transformers model is made of; never a pickle."""


class Embedder(Protocol):
    """Turns texts into vectors: a `SentenceTransformer`, or one that remembers what it made."""

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> Any:
        """Returns one vector a text, [texts, dimensions]."""

    def get_embedding_dimension(self) -> int | None:
        """Returns the width of the vectors, where it is known."""


class EmbedderSettings(SettingsModel):
    """Which embedder answers and questions are compared with."""

    kind: Literal["muse", "hub"] = Field(
        "muse",
        description="muse: the pretrained encoder that is installed with this project; hub: a "
        "pretrained model of the hub",
    )
    dimensions: int = Field(DIMENSIONS, ge=2, description="width of the vectors")
    model_id: str | None = Field(None, description="hub: repository id, or a local folder")
    revision: str | None = Field(None, description="hub: commit hash, tag or branch")
    batch_size: int = Field(64, ge=1, description="texts encoded at a time")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="hub: numbers that the model computes with; auto: those that it was saved "
        "with. bfloat16 takes half the time where the processor or GPU has it, and cosines differ "
        "by a thousandth or so",
    )

    @property
    def pinned(self) -> "EmbedderSettings":
        """What makes the embedder what it is, its revision as the commit that it stands for now.

        Raises:
            ModelUnavailableError: The revision is neither known here nor to be had from the hub.
        """
        if self.kind == "hub":
            return pinned_embedder(self)
        # A profile that another is made of may still name a model of the hub.
        own = {"revision": VERSION, "model_id": None, "dtype": "auto"}
        return self.model_copy(update=own)

    @model_validator(mode="after")
    def _hub_names_a_model(self) -> Self:
        if self.kind == "hub" and not self.model_id:
            msg = "an embedder of kind 'hub' needs a model_id"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _muse_has_its_width(self) -> Self:
        if self.kind == "muse" and self.dimensions != DIMENSIONS:
            msg = f"the embedder of kind 'muse' makes vectors of {DIMENSIONS} dimensions"
            raise ValueError(msg)
        return self


def embedder_facts(settings: EmbedderSettings) -> dict[str, str | int]:
    """Returns what an embedder is: the facts of an artifact that holds it.

    Args:
        settings: Names it, its revision pinned.
    """
    return {
        "dimensions": settings.dimensions,
        "batch_size": settings.batch_size,
        "model": settings.model_id or settings.kind,
        "revision": settings.revision or "local",
    }


def save_embedder(settings: EmbedderSettings, out_dir: Path) -> None:
    """Keeps the embedder that the settings name, so that `load_embedder` finds that very one.

    Of the installed encoder its version and the hashes of its weights are kept, not the weights.

    Args:
        settings: Which embedder.
        out_dir: Folder to save in.

    Raises:
        MuseError: The installed encoder is missing, or not the pinned one.
        ModelUnavailableError: The hub's model is neither on this machine nor within reach.
    """
    if settings.kind == "hub":
        fetch_embedder(settings, out_dir)
        return
    MuseEmbedder()
    out_dir.mkdir(parents=True, exist_ok=True)
    pinned = json.dumps({"version": VERSION, "weights": WEIGHTS}, indent=1)
    (out_dir / MUSE_FILE).write_text(pinned, encoding="utf-8")


def fetch_embedder(settings: EmbedderSettings, out_dir: Path) -> "SentenceTransformer":
    """Fetches the hub's embedder at the pinned revision and saves it, in the wanted numbers.

    Args:
        settings: Names the model; its width must be `dimensions`.
        out_dir: Folder to save in.

    Raises:
        InputError: The model's vectors have another width.
        ModelUnavailableError: The model is neither on this machine nor within reach.
    """
    from sentence_transformers import SentenceTransformer

    folder = local_folder(str(settings.model_id)) or download(_wanted(settings))
    model = SentenceTransformer(
        str(folder), trust_remote_code=False, model_kwargs={"dtype": settings.dtype}
    )
    width = width_of(model)
    if width != settings.dimensions:
        msg = (
            f"{settings.model_id} makes vectors of {width} dimensions, not {settings.dimensions}; "
            f"set embedder.dimensions to {width}, and use a template of that width"
        )
        raise InputError(msg)
    model.save_pretrained(str(out_dir), create_model_card=False)
    return model


def pinned_embedder(settings: EmbedderSettings) -> EmbedderSettings:
    """Resolves the hub embedder's revision, so that settings name the very bytes to be fetched.

    Args:
        settings: Names the model.

    Returns:
        The same settings with the hub's commit hash; for a local folder, the SHA-256 of its files.

    Raises:
        ModelUnavailableError: The revision is neither known here nor to be had from the hub.
    """
    local = local_folder(str(settings.model_id))
    revision = files_digest(_model_files(local)) if local else commit_of(_wanted(settings))
    return settings.model_copy(update={"revision": revision})


def _model_files(folder: Path) -> list[Path]:
    return sorted({path for pattern in EMBEDDER_FILES for path in folder.rglob(pattern)})


def _wanted(settings: EmbedderSettings) -> Wanted:
    return Wanted(str(settings.model_id), settings.revision, "embedder", EMBEDDER_FILES)


def load_embedder(path: Path) -> "SentenceTransformer | MuseEmbedder":
    """Loads a saved embedder; nothing is fetched and no code but the libraries' is run.

    Raises:
        MuseError: The installed encoder is missing, or not the pinned one.
        InputError: The folder was saved with another version of the encoder.
    """
    pinned = path / MUSE_FILE
    if not pinned.is_file():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(path), local_files_only=True, trust_remote_code=False)
    kept = json.loads(pinned.read_text(encoding="utf-8"))
    if kept["weights"] != WEIGHTS:
        msg = (
            f"{path} was made with version {kept['version']} of the encoder, and this is "
            f"{VERSION}: make it anew with hansol refresh"
        )
        raise InputError(msg)
    return MuseEmbedder()


def encode(model: Embedder, texts: Sequence[str]) -> np.ndarray:
    """Encodes texts, each different text once.

    Args:
        model: The embedder.
        texts: Any number of texts.

    Returns:
        [texts, dimensions] float32. Norms are the embedder's own: not every model's are 1.
    """
    if not texts:
        return np.zeros((0, width_of(model)), dtype=np.float32)
    place = {text: number for number, text in enumerate(dict.fromkeys(texts))}
    vectors = model.encode(list(place), show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)[[place[text] for text in texts]]


def encode_means(model: Embedder, groups: Sequence[Sequence[str]]) -> np.ndarray:
    """Encodes groups of texts, such as the answers of a row.

    Args:
        model: The embedder.
        groups: At least one text each.

    Returns:
        The mean of each group's vectors scaled to length 1, [groups, dimensions] float64.
    """
    vectors = encode(model, [text for own in groups for text in own])
    return mean_directions(split_like(vectors, groups))


def width_of(model: Embedder) -> int:
    """The width of the embedder's vectors.

    Raises:
        ValueError: The embedder does not know it.
    """
    width = model.get_embedding_dimension()
    if width is None:
        msg = "the embedder does not say how wide its vectors are"
        raise ValueError(msg)
    return width
