"""Opening the retrieval index at the version that an artifact names, and what ranks its rows."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd

from hansol_assets.embedding.cached import CachedEmbedder, open_embedder
from hansol_assets.embedding.retriever import Retriever, open_retriever
from hansol_assets.lake.declaration import Setting
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.retrieval.fitting import load_ranker
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.retrieval.ranking import Ranker, RowSearcher
from hansol_assets.retrieval.rows import CHUNK, INDEXED_COLUMNS
from hansol_assets.retrieval.search import IndexSearcher

INDEX_FILE = "index.json"

Searching = Annotated[RetrievalSettings, Setting("retrieval", without=("top_k", "scored_rows"))]
"""What decides which rows are found; the searcher is told how many are wanted."""


def index_table(width: int) -> str:
    """Returns the name of the LanceDB table for vectors of a width, which a table cannot change."""
    return f"retrieval_rows_{width}"


def write_index_file(folder: Path, table: str, version: int) -> None:
    """Writes which table, at which version, an artifact stands for."""
    content = json.dumps({"table": table, "version": version})
    (folder / INDEX_FILE).write_text(content + "\n", encoding="utf-8")


@dataclass(frozen=True)
class TableRows:
    """The rows of `qa_folds` for the index, read some at a time.

    Attributes:
        qa_folds: The table of that name.
    """

    qa_folds: Table

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time."""
        return self.qa_folds.chunks(INDEXED_COLUMNS, CHUNK)

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids, in their order."""
        return self.qa_folds.rows_of("id", ids)


def embedder_of(artifact: Artifact) -> CachedEmbedder:
    """Opens the embedder that an artifact was made with."""
    return open_embedder(artifact.made_from("answer_embedder"))


def retriever_of(artifact: Artifact) -> Retriever:
    """Opens the retriever that an artifact was made with."""
    return open_retriever(artifact.made_from("retriever"))


def open_index(retrieval_index: Artifact, settings: RetrievalSettings) -> IndexSearcher:
    """Opens the retrieval index at its version, with the encoder that it was built with.

    Args:
        retrieval_index: An artifact of the asset of that name.
        settings: How rows are searched.
    """
    index = json.loads((retrieval_index.open() / INDEX_FILE).read_text(encoding="utf-8"))
    retriever = retriever_of(retrieval_index)
    return IndexSearcher(
        retrieval_index.lancedb, index["table"], retriever, settings, index["version"]
    )


def open_ranker(answerability: Artifact, settings: RetrievalSettings) -> Ranker:
    """Opens what ranks rows, from an artifact of the asset `answerability`."""
    retriever, embedder = retriever_of(answerability), embedder_of(answerability)
    return load_ranker(answerability.open(), retriever, embedder, settings.documents)


def open_searcher(
    retrieval_index: Artifact, answerability: Artifact, settings: RetrievalSettings
) -> RowSearcher:
    """Opens the search by which rows are found for questions, and ranked.

    Args:
        retrieval_index: An artifact of the asset of that name.
        answerability: Likewise.
        settings: How rows are searched.
    """
    ranker = open_ranker(answerability, settings)
    return RowSearcher(open_index(retrieval_index, settings), ranker, settings.depth)
