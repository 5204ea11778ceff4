"""The embedder that turns texts into vectors, whichever the profile names: fetch, save, call."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

import numpy as np
from pydantic import Field, model_validator

from hansol_assets.embedding import e5, muse
from hansol_assets.embedding.installed import InstalledWeights
from hansol_assets.embedding.vectors import mean_directions, split_like
from hansol_assets.errors import InputError
from hansol_assets.hub.download import (
    ModelUnavailableError,
    RepoFiles,
    commit_of,
    download,
    files_digest,
    local_folder,
)
from hansol_assets.settings_model import SettingsModel

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


INSTALLED_FILE = "installed.json"
"""Stands in an embedder's folder for an installed encoder."""

_INSTALLED: dict[str, tuple[InstalledWeights, "type[muse.MuseEmbedder | e5.E5Embedder]", int]] = {
    "muse": (muse.MUSE, muse.MuseEmbedder, muse.DIMENSIONS),
    "e5": (e5.E5, e5.E5Embedder, e5.DIMENSIONS),
}
"""Kind of an embedder → its weights, what loads them, and the width of its vectors."""

EMBEDDER_FILES = ("*.json", "*.safetensors", "*.txt", "*.model")
"""What a sentence-transformers model is made of; never a pickle."""


class Embedder(Protocol):
    """Turns texts into vectors: a `SentenceTransformer`, or one with a cache."""

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> Any:
        """Returns one vector a text, [texts, dimensions]."""

    def get_embedding_dimension(self) -> int | None:
        """Returns the width of the vectors, where it is known."""


class EmbedderSettings(SettingsModel):
    """Which embedder answers and questions are compared with."""

    kind: Literal["muse", "e5", "hub"] = Field(
        "muse",
        description="muse: Universal Sentence Encoder, made for likeness of sentences; e5: "
        "multilingual E5 small, made for finding; both are installed with this project; hub: a "
        "pretrained model of the hub",
    )
    dimensions: int = Field(muse.DIMENSIONS, ge=2, description="width of the vectors")
    model_id: str | None = Field(None, description="hub: repository id, or a local folder")
    revision: str | None = Field(None, description="hub: commit hash, tag or branch")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        "auto",
        description="hub: numbers that the model computes with; auto: those that it was saved "
        "with. bfloat16 takes half the time where the processor or GPU has it, and cosines differ "
        "by a thousandth or so",
    )

    @property
    def pinned(self) -> "EmbedderSettings":
        """The same settings naming the very bytes to be fetched: a commit, or a folder's SHA-256.

        Raises:
            ModelUnavailableError: The revision is neither known here nor to be had from the hub.
        """
        if self.kind == "hub":
            local = local_folder(str(self.model_id))
            revision = files_digest(_model_files(local)) if local else commit_of(_files_of(self))
            return self.model_copy(update={"revision": revision})
        # A profile that another is made of may still name a model of the hub.
        release = _INSTALLED[self.kind][0].version
        return self.model_copy(update={"revision": release, "model_id": None, "dtype": "auto"})

    @model_validator(mode="after")
    def _hub_names_a_model(self) -> Self:
        if self.kind == "hub" and not self.model_id:
            msg = "an embedder of kind 'hub' needs a model_id"
            raise ValueError(msg)
        return self

    @model_validator(mode="after")
    def _installed_has_its_width(self) -> Self:
        width = _INSTALLED[self.kind][2] if self.kind in _INSTALLED else self.dimensions
        if self.dimensions != width:
            msg = f"the embedder of kind '{self.kind}' makes vectors of {width} dimensions"
            raise ValueError(msg)
        return self


class RetrieverSettings(EmbedderSettings):
    """Which encoder finds rows; it may be another than the one that places and judges answers."""

    kind: Literal["e5", "muse", "hub"] = Field(
        "e5",
        description="e5: multilingual E5 small, installed on Linux with x86-64 (elsewhere it is "
        "fetched from the hub, or, without a network, full text leads beside muse); muse: the "
        "encoder of the answers; hub: a pretrained model of the hub",
    )
    dimensions: int = Field(e5.DIMENSIONS, ge=2, description="width of the vectors")
    query_prefix: str = Field(
        "query: ", description="what the encoder expects before a question (muse: nothing)"
    )
    passage_prefix: str = Field(
        "passage: ", description="what the encoder expects before a text that answers"
    )

    @model_validator(mode="before")
    @classmethod
    def _width_of_its_kind(cls, values: Any) -> Any:
        """Lets `kind: muse` alone be said: its width follows, and it knows no prefixes."""
        if isinstance(values, dict) and values.get("kind") == "muse":
            plain = {"query_prefix": "", "passage_prefix": ""}
            return {"dimensions": muse.DIMENSIONS} | values | plain
        return values

    @property
    def pinned(self) -> "RetrieverSettings":
        """What makes the encoder what it is; where the package of e5 is missing, what stands in.

        Raises:
            ModelUnavailableError: The revision of a hub's model is not to be had.
        """
        if self.kind != "e5" or e5.E5.is_installed:
            return RetrieverSettings.model_validate(super().pinned.model_dump())
        try:
            return RetrieverSettings(kind="hub", model_id=e5.HUB_ID).pinned
        except ModelUnavailableError:
            return RetrieverSettings(kind="muse").pinned


def embedder_facts(settings: EmbedderSettings) -> dict[str, str | int]:
    """Returns the facts of an artifact that holds an embedder, whose revision is pinned."""
    return {
        "dimensions": settings.dimensions,
        "model": settings.model_id or settings.kind,
        "revision": settings.revision or "local",
    }


def retriever_facts(settings: RetrieverSettings) -> dict[str, str | int]:
    """Returns the facts of an artifact that holds a retriever; see `embedder_facts`."""
    prefixes = {"query_prefix": settings.query_prefix, "passage_prefix": settings.passage_prefix}
    return embedder_facts(settings) | prefixes


def save_embedder(settings: EmbedderSettings, out_dir: Path) -> None:
    """Saves the embedder, so that `load_embedder` finds that very one; installed ones by hashes.

    Raises:
        InstalledWeightsError: The installed encoder is missing, or not the pinned one.
        ModelUnavailableError: The hub's model is neither on this machine nor within reach.
    """
    if settings.kind == "hub":
        fetch_embedder(settings, out_dir)
        return
    installed, _, _ = _INSTALLED[settings.kind]
    installed.verify()
    out_dir.mkdir(parents=True, exist_ok=True)
    pinned = {"kind": settings.kind, "version": installed.version, "weights": installed.weights}
    (out_dir / INSTALLED_FILE).write_text(json.dumps(pinned, indent=1), encoding="utf-8")


def fetch_embedder(settings: EmbedderSettings, out_dir: Path) -> None:
    """Fetches the hub's embedder at the pinned revision and saves it, in numbers of `dtype`.

    Raises:
        InputError: The model's vectors have another width than `dimensions`.
        ModelUnavailableError: The model is neither on this machine nor within reach.
    """
    from sentence_transformers import SentenceTransformer

    folder = local_folder(str(settings.model_id)) or download(_files_of(settings))
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


def _model_files(folder: Path) -> list[Path]:
    return sorted({path for pattern in EMBEDDER_FILES for path in folder.rglob(pattern)})


def _files_of(settings: EmbedderSettings) -> RepoFiles:
    return RepoFiles(str(settings.model_id), settings.revision, "embedder", EMBEDDER_FILES)


def load_embedder(path: Path) -> "SentenceTransformer | muse.MuseEmbedder | e5.E5Embedder":
    """Loads a saved embedder; nothing is fetched and no code but the libraries' is run.

    Raises:
        InstalledWeightsError: The installed encoder is missing, or not the pinned one.
        InputError: The folder was saved with another version of the encoder.
    """
    pinned = path / INSTALLED_FILE
    if not pinned.is_file():
        from sentence_transformers import SentenceTransformer

        return SentenceTransformer(str(path), local_files_only=True, trust_remote_code=False)
    saved = json.loads(pinned.read_text(encoding="utf-8"))
    installed, load, _ = _INSTALLED[saved["kind"]]
    if saved["weights"] != installed.weights:
        msg = (
            f"{path} was made with version {saved['version']} of the encoder, and this is "
            f"{installed.version}: make it anew with hansol refresh"
        )
        raise InputError(msg)
    return load()


def encode(model: Embedder, texts: Sequence[str]) -> np.ndarray:
    """Encodes texts, each different text once, [texts, dimensions] float32.

    Norms are the embedder's: not every model's are 1.
    """
    if not texts:
        return np.zeros((0, width_of(model)), dtype=np.float32)
    row_of = {text: row for row, text in enumerate(dict.fromkeys(texts))}
    vectors = model.encode(list(row_of), show_progress_bar=False)
    return np.asarray(vectors, dtype=np.float32)[[row_of[text] for text in texts]]


def encode_groups(model: Embedder, groups: Sequence[Sequence[str]]) -> list[np.ndarray]:
    """Encodes groups of texts in one call: one array a group, [texts, dimensions] float32."""
    return split_like(encode(model, [text for group in groups for text in group]), groups)


def encode_means(model: Embedder, groups: Sequence[Sequence[str]]) -> np.ndarray:
    """The mean direction of each group of one text or more, [groups, dimensions] float64."""
    return mean_directions(encode_groups(model, groups))


def width_of(model: Embedder) -> int:
    """The width of the embedder's vectors; `ValueError` where it does not know it."""
    width = model.get_embedding_dimension()
    if width is None:
        msg = "the embedder does not say how wide its vectors are"
        raise ValueError(msg)
    return width
