"""The encoder that finds rows, with what it expects before a question and before a passage.

What belongs here: the two roles of one encoder. What does not: which encoder it is
(`hansol_assets.embedding.embedder`) and what is compared (`hansol_assets.retrieval`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hansol_assets.embedding.cached import open_embedder
from hansol_assets.embedding.embedder import (
    Embedder,
    RetrieverSettings,
    embedder_facts,
    encode,
)
from hansol_assets.embedding.vectors import unit
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.reports import Log


@dataclass(frozen=True)
class Retriever:
    """An encoder whose questions and passages lie near each other where one answers the other.

    Attributes:
        embedder: Encodes texts behind their prefixes.
        query_prefix: Stands before a question.
        passage_prefix: Stands before a text that answers.
    """

    embedder: Embedder
    query_prefix: str = ""
    passage_prefix: str = ""

    def queries(self, texts: Sequence[str]) -> np.ndarray:
        """Encodes questions, [texts, dimensions], unit length or zero."""
        return unit(encode(self.embedder, [self.query_prefix + text for text in texts]))

    def passages(self, texts: Sequence[str]) -> np.ndarray:
        """Encodes texts that answer, likewise."""
        return unit(encode(self.embedder, [self.passage_prefix + text for text in texts]))


def retriever_facts(settings: RetrieverSettings) -> dict[str, str | int]:
    """Returns what a retriever is: the facts of an artifact that holds it."""
    prefixes = {
        "query_prefix": settings.query_prefix,
        "passage_prefix": settings.passage_prefix,
    }
    return embedder_facts(settings) | prefixes


def open_retriever(retriever: Artifact, log: Log | None = None) -> Retriever:
    """Opens a retriever artifact; see `open_embedder`."""
    facts = retriever.facts
    prefixes = (str(facts["query_prefix"]), str(facts["passage_prefix"]))
    return Retriever(open_embedder(retriever, log), *prefixes)
