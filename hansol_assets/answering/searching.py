"""Opening the retrieval index at the version that an artifact names, and what ranks its rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from hansol_assets.embedding.cached import (
    CachedEmbedder,
    Retriever,
    open_embedder,
    open_retriever,
)
from hansol_assets.lake.declaration import Setting
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.retrieval.fitting import load_ranker
from hansol_assets.retrieval.index import CHUNK, INDEXED_COLUMNS, RetrievalSettings
from hansol_assets.retrieval.ranking import Ranker, RowSearcher
from hansol_assets.retrieval.search import IndexSearcher

INDEX_FILE = "index.json"

Searching = Annotated[RetrievalSettings, Setting("retrieval", without=("top_k", "scored_rows"))]
"""What decides which rows are found; how many of them is up to the caller."""


def index_table(width: int) -> str:
    """Returns the name of the LanceDB table for vectors of a width, which a table cannot change."""
    return f"retrieval_rows_{width}"


def write_index_file(folder: Path, table: str, version: int) -> None:
    """Writes which table, at which version, an artifact stands for."""
    content = json.dumps({"table": table, "version": version})
    (folder / INDEX_FILE).write_text(content + "\n", encoding="utf-8")


@dataclass(frozen=True)
class TableRows:
    """The rows of `qa_folds` for the index, read some at a time."""

    qa_folds: Table

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time."""
        return self.qa_folds.chunks(INDEXED_COLUMNS, CHUNK)

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids, in their order."""
        return self.qa_folds.rows_of("id", ids)


def embedder_of(artifact: Artifact, answer_embedder: Artifact) -> CachedEmbedder:
    """Opens the embedder that an artifact was made with.

    Raises:
        MixedVersionsError: It was made with another one.
    """
    artifact.require_inputs(answer_embedder)
    return open_embedder(answer_embedder)


def _retriever_of(artifact: Artifact, retriever: Artifact) -> Retriever:
    artifact.require_inputs(retriever)
    return open_retriever(retriever)


def open_index(
    retrieval_index: Artifact, retriever: Artifact, settings: RetrievalSettings
) -> IndexSearcher:
    """Opens the retrieval index at its version, with the encoder that it was built with.

    Raises:
        MixedVersionsError: The index was built with another encoder.
    """
    index = json.loads((retrieval_index.open() / INDEX_FILE).read_text(encoding="utf-8"))
    encoder = _retriever_of(retrieval_index, retriever)
    return IndexSearcher(
        retrieval_index.lancedb, index["table"], encoder, settings, index["version"]
    )


def open_ranker(
    answerability: Artifact,
    retriever: Artifact,
    answer_embedder: Artifact,
    settings: RetrievalSettings,
) -> Ranker:
    """Opens what ranks rows, with the encoders that it was fitted with; see `open_searcher`."""
    encoder = _retriever_of(answerability, retriever)
    embedder = embedder_of(answerability, answer_embedder)
    return load_ranker(answerability.open(), encoder, embedder, settings.documents)


def open_searcher(
    retrieval_index: Artifact,
    answerability: Artifact,
    retriever: Artifact,
    answer_embedder: Artifact,
    settings: RetrievalSettings,
) -> RowSearcher:
    """Opens the search by which rows are found for questions, and ranked.

    Raises:
        MixedVersionsError: Index and ranking were not made with these encoders.
    """
    ranker = open_ranker(answerability, retriever, answer_embedder, settings)
    return RowSearcher(open_index(retrieval_index, retriever, settings), ranker, settings.depth)
