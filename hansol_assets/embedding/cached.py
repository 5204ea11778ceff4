"""Vectors that are kept as they are made, and found again by content.

What belongs here: asking an embedder only for texts that the cache does not hold. What does not:
the embedder itself (`hansol_assets.embedding.embedder`) and what vectors are used for.
"""

from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from hansol_assets.embedding.embedder import load_embedder
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import from_arrow
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.reports import Log

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_BLOCK = 2048
"""Texts that are embedded before their vectors are kept: what a crash costs at most."""


class CachedEmbedder:
    """An embedder that embeds each text once, whichever asset or run asks.

    A transformer's vectors differ in their last bits with the batch that a text was in, so texts
    embedded one by one as a table grows may differ there from those of a new lake; those of the
    installed encoder (`hansol_assets.embedding.muse`) do not.

    Args:
        cache: Where vectors are kept.
        scope: Names the embedder.
        width: The width of its vectors.
        batch_size: Texts embedded at a time.
        open_model: Loads the embedder; called only if a vector is missing.
        log: Is told how far it is, where there is much to embed.

    Attributes:
        embedded: Texts that the embedder was asked for.
        found: Texts whose vectors were there.
    """

    def __init__(
        self,
        cache: RowCache,
        scope: str,
        width: int,
        batch_size: int,
        open_model: "Callable[[], SentenceTransformer | MuseEmbedder]",
        log: Log | None = None,
    ) -> None:
        self._cache = cache
        self._scope = scope
        self._width = width
        self._batch_size = batch_size
        self._open_model = open_model
        self._log = log
        self.embedded = 0
        self.found = 0

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return self._width

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> np.ndarray:
        """Returns one vector a text, [texts, dimensions] float32.

        Args:
            texts: Texts, each of them once.
            show_progress_bar: Whether the embedder shows how far it is.
        """
        keys = [text_hash(text) for text in texts]
        place_of = {key: place for place, key in enumerate(keys)}
        vectors = np.empty((len(texts), self._width), dtype=np.float32)
        known = self._cache.get_arrow(self._scope, keys)
        is_missing = np.ones(len(texts), dtype=bool)
        if len(known):
            places = [place_of[key] for key in known["key"].to_pylist()]
            vectors[places] = from_arrow(known["vector"], self._width)
            is_missing[places] = False
        self.found += len(known)
        missing = np.flatnonzero(is_missing)
        for start in range(0, len(missing), _BLOCK):
            own = missing[start : start + _BLOCK]
            made = self._model.encode(
                [texts[place] for place in own],
                batch_size=self._batch_size,
                show_progress_bar=show_progress_bar,
            )
            vectors[own] = np.asarray(made, np.float32)
            self._keep([keys[place] for place in own], vectors[own])
            self._tell(start + len(own), len(missing))
        return vectors

    def _keep(self, keys: list[str], vectors: np.ndarray) -> None:
        self._cache.put(self._scope, pd.DataFrame({"key": keys, "vector": list(vectors)}))
        self.embedded += len(keys)

    def _tell(self, done: int, wanted: int) -> None:
        if self._log is not None and wanted > _BLOCK:
            self._log(f"embedding texts: step {done} of {wanted}")

    @cached_property
    def _model(self) -> "SentenceTransformer | MuseEmbedder":
        return self._open_model()


def open_embedder(answer_embedder: Artifact, log: Log | None = None) -> CachedEmbedder:
    """Opens an embedder artifact; the model is loaded once a text comes that it never embedded.

    Args:
        answer_embedder: An artifact of the asset of that name.
        log: Is told how far it is, where there is much to embed.
    """
    return CachedEmbedder(
        answer_embedder.cache(EMBEDDINGS),
        scope=answer_embedder.version,
        width=int(answer_embedder.facts["dimensions"]),
        batch_size=int(answer_embedder.facts["batch_size"]),
        open_model=lambda: load_embedder(answer_embedder.open()),
        log=log,
    )
