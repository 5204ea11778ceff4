"""Vectors that are kept as they are made, and found again by content.

What belongs here: asking an embedder only for texts that the cache does not hold. What does not:
the embedder itself (`hansol_assets.embedding.embedder`), where it runs (`hansol_assets.compute`)
and what vectors are used for.
"""

from collections.abc import Callable, Sequence
from functools import cached_property, partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.compute.current import current
from hansol_assets.compute.protocol import Workers
from hansol_assets.embedding.embedder import load_embedder
from hansol_assets.embedding.vectors import from_arrow
from hansol_assets.embedding.work import EmbedTexts
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.reports import Log

_SHOWN = 60
"""Characters of a text in a message."""

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
        open_workers: Gives the processes that embed (`EmbedTexts`); called only if a vector is
            missing.
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
        open_workers: Callable[[], Workers],
        log: Log | None = None,
    ) -> None:
        self._cache = cache
        self._scope = scope
        self._width = width
        self._open_workers = open_workers
        self._log = log
        self.embedded = 0
        self.found = 0

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return self._width

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> np.ndarray:  # noqa: ARG002
        """Returns one vector a text, [texts, dimensions] float32.

        Args:
            texts: Texts, each of them once.
            show_progress_bar: What other embedders are told; here the log says how far it is.
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
        missing = np.flatnonzero(is_missing).tolist()
        done = 0
        for made in self._workers.map(_blocks(texts, keys, missing)) if missing else ():
            places = [place_of[key] for key in made["key"].to_pylist()]
            vectors[places] = from_arrow(made["vector"], self._width)
            self._keep(made, texts, places)
            done += len(made)
            if len(missing) > _BLOCK:
                self._tell(f"embedding texts: step {done} of {len(missing)}")
        return vectors

    def _keep(self, made: pa.Table, texts: Sequence[str], places: Sequence[int]) -> None:
        """Keeps vectors, but none of a text that could not be embedded."""
        problems = made["problem"].to_pylist()
        for place, problem in zip(places, problems, strict=True):
            if problem is not None:
                shown = texts[place][:_SHOWN]
                self._tell(f"a text has no vector ({problem}), and is found by none: '{shown}'")
        whole = made.filter(pc.is_null(made["problem"]))
        # Embedders of several widths share the cache.
        vectors = whole["vector"].cast(pa.list_(pa.float32()))
        self._cache.put(self._scope, pa.table({"key": whole["key"], "vector": vectors}))
        self.embedded += len(whole)

    def _tell(self, line: str) -> None:
        if self._log is not None:
            self._log(line)

    @cached_property
    def _workers(self) -> Workers:
        return self._open_workers()


def _blocks(texts: Sequence[str], keys: Sequence[str], places: Sequence[int]) -> list[pa.Table]:
    """Cuts what is to be embedded; the same texts fall into the same blocks wherever they go."""
    return [
        pa.table({"key": [keys[place] for place in own], "text": [texts[place] for place in own]})
        for own in (places[start : start + _BLOCK] for start in range(0, len(places), _BLOCK))
    ]


def open_embedder(answer_embedder: Artifact, log: Log | None = None) -> CachedEmbedder:
    """Opens an embedder artifact; the model is loaded once a text comes that it never embedded.

    Args:
        answer_embedder: An artifact of the asset of that name.
        log: Is told how far it is, where there is much to embed.
    """
    width = int(answer_embedder.facts["dimensions"])
    batch_size = int(answer_embedder.facts["batch_size"])

    def open_workers() -> Workers:
        load = partial(load_embedder, answer_embedder.open().resolve())
        return current().workers(EmbedTexts(load, batch_size, width))

    cache, scope = answer_embedder.cache(EMBEDDINGS), answer_embedder.version
    return CachedEmbedder(cache, scope, width, open_workers, log)
