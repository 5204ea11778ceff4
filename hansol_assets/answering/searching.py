"""Opening the retrieval index at the version that an artifact names, and what ranks its rows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import pandas as pd

from hansol_assets.embedding.cached import CachedEmbedder, Retriever, open_embedder, open_retriever
from hansol_assets.embedding.fitted import load
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.retrieval.index import CHUNK, INDEXED_COLUMNS, DocumentSettings
from hansol_assets.retrieval.ranking import Ranker, RowSearcher
from hansol_assets.retrieval.search import IndexSearcher
from hansol_assets.settings_model import SettingsModel

INDEX_FILE = "index.json"


def index_table(width: int) -> str:
    """Returns the name of the LanceDB table for vectors of a width, which a table cannot change."""
    return f"retrieval_rows_{width}"


class IndexFile(SettingsModel):
    """Which table, at which version, an artifact stands for, and what is embedded there."""

    table: str
    version: int
    documents: DocumentSettings

    def write(self, folder: Path) -> None:
        """Writes it into the folder of an artifact."""
        (folder / INDEX_FILE).write_text(self.model_dump_json() + "\n", encoding="utf-8")

    @classmethod
    def of(cls, retrieval_index: Artifact) -> Self:
        """Reads that of an artifact."""
        return cls.model_validate_json((retrieval_index.open() / INDEX_FILE).read_bytes())


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
    index = IndexFile.of(retrieval_index)
    encoder = _retriever_of(retrieval_index, retriever)
    return IndexSearcher(retrieval_index.lancedb, index.table, encoder, index.version)


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
        return load(Ranker, self.answerability.open(), retriever=encoder, embedder=embedder)


@dataclass(frozen=True)
class RowSearch(RowRanking):
    """All that rows are found and ranked with; an asset with such a parameter reads each of it."""

    retrieval_index: Artifact

    @property
    def documents(self) -> DocumentSettings:
        """What stands for a row in the index."""
        return IndexFile.of(self.retrieval_index).documents

    def open(self) -> RowSearcher:
        """Opens the search by which rows are found for questions, and ranked.

        Raises:
            MixedVersionsError: Index and ranking were not made with these encoders.
        """
        index = open_index(self.retrieval_index, self.retriever)
        return RowSearcher(index, self.open_ranker())
