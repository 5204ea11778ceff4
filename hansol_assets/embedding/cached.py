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
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


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
    ) -> None:
        self._cache = cache
        self._scope = scope
        self._width = width
        self._batch_size = batch_size
        self._open_model = open_model
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
        by_key = {text_hash(text): text for text in texts}
        known = self._cache.get(self._scope, list(by_key))
        vectors = dict(zip(known.get("key", []), known.get("vector", []), strict=True))
        missing = [key for key in by_key if key not in vectors]
        self.found += len(vectors)
        if missing:
            made = self._model.encode(
                [by_key[key] for key in missing],
                batch_size=self._batch_size,
                show_progress_bar=show_progress_bar,
            )
            fresh = pd.DataFrame({"key": missing, "vector": list(np.asarray(made, np.float32))})
            self._cache.put(self._scope, fresh)
            vectors.update(zip(missing, fresh["vector"], strict=True))
            self.embedded += len(missing)
        return np.stack([vectors[key] for key in by_key])

    @cached_property
    def _model(self) -> "SentenceTransformer | MuseEmbedder":
        return self._open_model()


def open_embedder(answer_embedder: Artifact) -> CachedEmbedder:
    """Opens an embedder artifact; the model is loaded once a text comes that it never embedded.

    Args:
        answer_embedder: An artifact of the asset of that name.
    """
    return CachedEmbedder(
        answer_embedder.cache(EMBEDDINGS),
        scope=answer_embedder.version,
        width=int(answer_embedder.facts["dimensions"]),
        batch_size=int(answer_embedder.facts["batch_size"]),
        open_model=lambda: load_embedder(answer_embedder.open()),
    )
