"""Opening the retrieval index at the version that an artifact names."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.embedding.cached import CachedEmbedder, open_embedder
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.retrieval.rows import CHUNK, INDEXED_COLUMNS
from hansol_assets.retrieval.search import HybridSearcher

INDEX_FILE = "index.json"


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


def open_searcher(retrieval_index: Artifact, settings: RetrievalSettings) -> HybridSearcher:
    """Opens the retrieval index at its version, with the embedder that it was built with.

    Args:
        retrieval_index: An artifact of the asset of that name.
        settings: Depth and fusion.
    """
    index = json.loads((retrieval_index.open() / INDEX_FILE).read_text(encoding="utf-8"))
    embedder = embedder_of(retrieval_index)
    return HybridSearcher(
        retrieval_index.lancedb, index["table"], embedder, settings, index["version"]
    )
