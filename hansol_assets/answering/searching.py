"""Opening the retrieval index at the version that an artifact names."""

import json
from pathlib import Path

from hansol_assets.embedding.cached import CachedEmbedder
from hansol_assets.embedding.embedder import Embedder, load_embedder
from hansol_assets.lake.cache import EMBEDDINGS
from hansol_assets.lake.inputs import Inputs
from hansol_assets.retrieval.index import RetrievalSettings
from hansol_assets.retrieval.search import HybridSearcher

INDEX_TABLE = "retrieval_index"
INDEX_FILE = "index.json"


def write_index_file(folder: Path, version: int) -> None:
    """Writes which table, at which version, an artifact stands for."""
    content = json.dumps({"table": INDEX_TABLE, "version": version})
    (folder / INDEX_FILE).write_text(content + "\n", encoding="utf-8")


def open_embedder(inputs: Inputs) -> CachedEmbedder:
    """Opens the input `answer_embedder`, loaded once a text comes that it never embedded."""
    manifest = inputs.manifest("answer_embedder")
    return CachedEmbedder(
        inputs.cache(EMBEDDINGS),
        scope=manifest.fingerprint,
        width=int(manifest.facts["dimensions"]),
        batch_size=int(manifest.config["embedder"]["batch_size"]),
        open_model=lambda: load_embedder(inputs.artifact("answer_embedder")),
    )


def open_searcher(
    inputs: Inputs, lancedb: Path, embedder: Embedder, settings: RetrievalSettings
) -> HybridSearcher:
    """Opens the input `retrieval_index` at its version.

    Args:
        inputs: Hold `retrieval_index`.
        lancedb: Folder of the database.
        embedder: The embedder that the index was built with.
        settings: Depth and fusion.
    """
    folder = inputs.artifact("retrieval_index")
    index = json.loads((folder / INDEX_FILE).read_text(encoding="utf-8"))
    return HybridSearcher(lancedb, index["table"], embedder, settings, index["version"])
