"""Opening the retrieval index at the version that an artifact names, and what ranks its rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.embedding.cached import CachedEmbedder, Retriever, open_embedder, open_retriever
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.retrieval.fitting import load_ranker
from hansol_assets.retrieval.index import (
    CHUNK,
    INDEXED_COLUMNS,
    DocumentSettings,
    RetrievalSettings,
)
from hansol_assets.retrieval.ranking import Ranker, RowSearcher
from hansol_assets.retrieval.search import IndexSearcher

INDEX_FILE = "index.json"

RETRIEVAL = RetrievalSettings()


def index_table(width: int) -> str:
    """Returns the name of the LanceDB table for vectors of a width, which a table cannot change."""
    return f"retrieval_rows_{width}"


def write_index_file(folder: Path, table: str, version: int, documents: DocumentSettings) -> None:
    """Writes which table, at which version, an artifact stands for, and what is embedded there."""
    index = {"table": table, "version": version, "documents": documents.model_dump()}
    (folder / INDEX_FILE).write_text(json.dumps(index) + "\n", encoding="utf-8")


def documents_of(retrieval_index: Artifact) -> DocumentSettings:
    """Reads what stands for a row in an index."""
    index = json.loads((retrieval_index.open() / INDEX_FILE).read_text(encoding="utf-8"))
    return DocumentSettings(**index["documents"])


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


def open_index(retrieval_index: Artifact, retriever: Artifact) -> IndexSearcher:
    """Opens the retrieval index at its version, with the encoder that it was built with.

    Raises:
        MixedVersionsError: The index was built with another encoder.
    """
    index = json.loads((retrieval_index.open() / INDEX_FILE).read_text(encoding="utf-8"))
    encoder = _retriever_of(retrieval_index, retriever)
    return IndexSearcher(
        retrieval_index.lancedb, index["table"], encoder, RETRIEVAL, index["version"]
    )


@dataclass(frozen=True)
class RowRanking:
    """What rows are ranked with; see `RowSearch`."""

    answerability: Artifact
    retriever: Artifact
    answer_embedder: Artifact

    def open_ranker(self) -> Ranker:
        """Opens what ranks rows.

        Raises:
            MixedVersionsError: It was not fitted with these encoders.
        """
        encoder = _retriever_of(self.answerability, self.retriever)
        embedder = embedder_of(self.answerability, self.answer_embedder)
        return load_ranker(self.answerability.open(), encoder, embedder)


@dataclass(frozen=True)
class RowSearch(RowRanking):
    """All that rows are found and ranked with; an asset with such a parameter reads each of it."""

    retrieval_index: Artifact

    @property
    def documents(self) -> DocumentSettings:
        """What stands for a row in the index."""
        return documents_of(self.retrieval_index)

    def open(self) -> RowSearcher:
        """Opens the search by which rows are found for questions, and ranked.

        Raises:
            MixedVersionsError: Index and ranking were not made with these encoders.
        """
        index = open_index(self.retrieval_index, self.retriever)
        return RowSearcher(index, self.open_ranker(), RETRIEVAL.depth)
