"""Retrieval indexes of a few words, made in the lake and searched."""

import json
from typing import cast

import numpy as np
import pandas as pd

from hansol_assets.answering.searching import IndexFile, index_table
from hansol_assets.embedding.cached import Retriever
from hansol_assets.lake.databases import connect, version_checksums
from hansol_assets.lake.declaration import Bound
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.making import make
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.reports import ArtifactBuild, Outcome, Report, Task
from hansol_assets.lake.store import Lake
from hansol_assets.retrieval.index import DocumentSettings, FrameRows, build_index
from hansol_assets_tests.lake.handmade import HandMade

TABLE = index_table(3)
WORDS = ("벽지", "장판", "결로")


class Embedder:
    """Three dimensions: how often each word is said."""

    def get_embedding_dimension(self) -> int:
        return len(WORDS)

    def encode(self, texts: list[str], **_: object) -> np.ndarray:
        counts = [[text.count(word) + 0.01 for word in WORDS] for text in texts]
        vectors = np.array(counts, np.float32).reshape(-1, len(WORDS))
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def make_index(lake: Lake, answers: tuple[str, ...]) -> Outcome:
    """Makes an index of a row an answer."""
    ids = [f"TRAIN_{number}" for number in range(len(answers))]
    rows = pd.DataFrame(
        {
            "id": ids,
            "questions": [[f"{answer}은 무엇인가요?"] for answer in answers],
            "category": "마감재",
            "answers": [[answer] for answer in answers],
        }
    )
    folds = pd.DataFrame({"id": ids, "fold": 0, "split": "training"})

    def body(build: ArtifactBuild) -> Report:
        with build.lancedb() as database:
            documents = DocumentSettings()
            report = build_index(
                database.uri, TABLE, FrameRows(rows, folds), Retriever(Embedder()), "e", documents
            )
            files = version_checksums(database, TABLE, report.version)
        IndexFile(table=TABLE, version=report.version, documents=documents).write(build.folder)
        facts = {"version": report.version, "inserted": report.inserted, "updated": report.updated}
        return Report(facts=facts, lancedb_files=files)

    task = Task("retrieval_index", "1", {}, {"qa_folds": "|".join(answers)})
    return make(cast("Bound", HandMade(lake, task, "artifact", body)), print)


def answers_of(lake: Lake, manifest: Manifest) -> list[str]:
    """What an index artifact's version says, by a search."""
    index = json.loads((lake.artifact(manifest) / "index.json").read_text(encoding="utf-8"))
    table = connect(Artifact(lake, manifest).lancedb).open_table(index["table"])
    table.checkout(index["version"])
    hits = table.search(Embedder().encode(["벽지"])[0]).limit(9).to_list()
    return [row["answers"][0] for row in hits]
