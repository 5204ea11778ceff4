"""The embedders of the lake: each text is embedded once, where heavy work runs, and cached."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.compute.current import Workers, current
from hansol_assets.compute.protocol import Worker, isolate_errors
from hansol_assets.embedding.e5 import E5Embedder
from hansol_assets.embedding.embedder import Embedder, encode, load_embedder
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import from_arrow, unit
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.reports import Log

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

_SHOWN = 60
"""Characters of a text in a message."""

BATCH_SIZE = 64
"""Texts that a model of the hub encodes at a time."""
_BLOCK = 2048
"""Texts that are embedded before their vectors are cached: what a crash costs at most."""


@dataclass(frozen=True)
class EmbedTexts:
    """Turns a block with the columns `key, text` into one with `key, vector, problem`.

    A text that cannot be embedded has a vector of zeros, and `problem` says why.
    """

    load: "Callable[[], SentenceTransformer | MuseEmbedder | E5Embedder]"
    width: int
    name: str = "embedding"
    # Two blocks: one alone has nobody to share with.
    fewest_to_send: int = 4_000

    def open(self) -> Worker:
        """Loads the embedder."""
        model = self.load()

        def encode_batch(texts: list[str]) -> list[np.ndarray]:
            made = model.encode(texts, batch_size=BATCH_SIZE, show_progress_bar=False)
            return list(np.asarray(made, np.float32))

        def embed(block: pa.Table) -> pa.Table:
            outcomes = isolate_errors(encode_batch, block["text"].to_pylist())
            vectors = np.zeros((len(outcomes), self.width), np.float32)
            for row, outcome in enumerate(outcomes):
                if outcome.made is not None:
                    vectors[row] = outcome.made
            flat = pa.array(vectors.ravel())
            return pa.table(
                {
                    "key": block["key"],
                    "vector": pa.FixedSizeListArray.from_arrays(flat, self.width),
                    "problem": pa.array([outcome.problem for outcome in outcomes], pa.string()),
                }
            )

        return embed


class CachedEmbedder:
    """An embedder that embeds each text once, whichever asset or run asks.

    A transformer's vectors differ in their last bits with the batch that a text was in; those of
    the installed encoders do not. Workers are opened only if a vector is missing.

    Attributes:
        embedded: Texts that the embedder was asked for.
        cached: Texts whose vectors were in the cache.
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
        self.cached = 0

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return self._width

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> np.ndarray:  # noqa: ARG002
        """Returns one vector a text, each text given once, [texts, dimensions] float32."""
        keys = [text_hash(text) for text in texts]
        row_of = {key: row for row, key in enumerate(keys)}
        vectors = np.empty((len(texts), self._width), dtype=np.float32)
        cached = self._cache.get_arrow(self._scope, keys)
        is_missing = np.ones(len(texts), dtype=bool)
        if len(cached):
            rows = [row_of[key] for key in cached["key"].to_pylist()]
            vectors[rows] = from_arrow(cached["vector"], self._width)
            is_missing[rows] = False
        self.cached += len(cached)
        missing = np.flatnonzero(is_missing).tolist()
        done = 0
        for made in self._workers.map(_blocks(texts, keys, missing)) if missing else ():
            rows = [row_of[key] for key in made["key"].to_pylist()]
            vectors[rows] = from_arrow(made["vector"], self._width)
            self._put(made, [texts[row] for row in rows])
            done += len(made)
            if len(missing) > _BLOCK:
                self._write_log(f"embedding texts: step {done} of {len(missing)}")
        return vectors

    def _put(self, made: pa.Table, texts: Sequence[str]) -> None:
        """Caches vectors, but none of a text that could not be embedded."""
        for text, problem in zip(texts, made["problem"].to_pylist(), strict=True):
            if problem is not None:
                self._write_log(
                    f"a text has no vector ({problem}), and is found by none: '{text[:_SHOWN]}'"
                )
        whole = made.filter(pc.is_null(made["problem"]))
        # Embedders of several widths share the cache.
        vectors = whole["vector"].cast(pa.list_(pa.float32()))
        self._cache.put(self._scope, pa.table({"key": whole["key"], "vector": vectors}))
        self.embedded += len(whole)

    def _write_log(self, line: str) -> None:
        if self._log is not None:
            self._log(line)

    @cached_property
    def _workers(self) -> Workers:
        return self._open_workers()


def _blocks(texts: Sequence[str], keys: Sequence[str], rows: Sequence[int]) -> list[pa.Table]:
    """Cuts what is to be embedded; the same texts fall into the same blocks wherever they go."""
    return [
        pa.table({"key": [keys[row] for row in block], "text": [texts[row] for row in block]})
        for block in (rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK))
    ]


def open_embedder(answer_embedder: Artifact, log: Log | None = None) -> CachedEmbedder:
    """Opens an embedder artifact; the model is loaded once a text comes that it never embedded."""
    width = int(answer_embedder.facts["dimensions"])

    def open_workers() -> Workers:
        load = partial(load_embedder, answer_embedder.open().resolve())
        return current().workers(EmbedTexts(load, width))

    cache, scope = answer_embedder.cache(EMBEDDINGS), answer_embedder.version
    return CachedEmbedder(cache, scope, width, open_workers, log)


@dataclass(frozen=True)
class Retriever:
    """An encoder whose questions and passages lie near each other where one answers the other."""

    embedder: Embedder
    query_prefix: str = ""
    passage_prefix: str = ""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """Encodes questions, [texts, dimensions], unit length or zero."""
        return unit(encode(self.embedder, [self.query_prefix + text for text in texts]))

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """Encodes texts that answer, likewise."""
        return unit(encode(self.embedder, [self.passage_prefix + text for text in texts]))


def open_retriever(retriever: Artifact, log: Log | None = None) -> Retriever:
    """Opens a retriever artifact; see `open_embedder`."""
    facts = retriever.facts
    prefixes = (str(facts["query_prefix"]), str(facts["passage_prefix"]))
    return Retriever(open_embedder(retriever, log), *prefixes)
