"""Embedding as work that another process can do.

What belongs here: from texts to vectors, as blocks of rows. What does not: which texts have no
vector yet (`hansol_assets.embedding.cached`) and where the work runs (`hansol_assets.compute`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from hansol_assets.compute.protocol import Worker, isolate_errors
from hansol_assets.embedding.e5 import E5Embedder
from hansol_assets.embedding.muse import MuseEmbedder

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


@dataclass(frozen=True)
class EmbedTexts:
    """Turns a block with the columns `key, text` into one with `key, vector, problem`.

    A text that cannot be embedded has a vector of zeros, and `problem` says why.

    Attributes:
        load: Loads the embedder.
        batch_size: Texts embedded at a time.
        width: The width of its vectors.
    """

    load: "Callable[[], SentenceTransformer | MuseEmbedder | E5Embedder]"
    batch_size: int
    width: int
    name: str = "embedding"
    # Two blocks: one alone has nobody to share with.
    fewest_to_send: int = 4_000

    def open(self) -> Worker:
        """Loads the embedder."""
        model = self.load()

        def encode(texts: list[str]) -> list[np.ndarray]:
            made = model.encode(texts, batch_size=self.batch_size, show_progress_bar=False)
            return list(np.asarray(made, np.float32))

        def embed(block: pa.Table) -> pa.Table:
            outcomes = isolate_errors(encode, block["text"].to_pylist())
            vectors = np.zeros((len(outcomes), self.width), np.float32)
            for place, outcome in enumerate(outcomes):
                if outcome.made is not None:
                    vectors[place] = outcome.made
            flat = pa.array(vectors.ravel())
            return pa.table(
                {
                    "key": block["key"],
                    "vector": pa.FixedSizeListArray.from_arrays(flat, self.width),
                    "problem": pa.array([outcome.problem for outcome in outcomes], pa.string()),
                }
            )

        return embed
