"""Group `retrieval`: the embedder, the index over the training rows, and how well it finds them.

What belongs here: what is embedded and indexed. What does not: how a search works
(`hansol_assets.retrieval`).
"""

from dataclasses import asdict
from typing import Annotated

from hansol_assets.answering.searching import TableRows, index_table, write_index_file
from hansol_assets.embedding.cached import open_embedder
from hansol_assets.embedding.embedder import EmbedderSettings, embedder_facts, save_embedder
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.lancedb_versions import version_checksums
from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.records import records
from hansol_assets.lake.reports import (
    ROWS_MADE,
    ROWS_REUSED,
    ArtifactBuild,
    Build,
    Report,
    TableReport,
)
from hansol_assets.plotting.tables import curve_picture
from hansol_assets.qa.folds import rows_and_folds
from hansol_assets.retrieval.documents import DocumentSettings
from hansol_assets.retrieval.evaluation import evaluate_retrieval
from hansol_assets.retrieval.index import RetrievalSettings, build_index


@lake_artifact(kinds={"huggingface"}, code_version="5", pool="gpu", retries=3)
def answer_embedder(
    embedder: Annotated[EmbedderSettings, Setting("embedder.pinned")], build: ArtifactBuild
) -> Report:
    """The pretrained model that turns questions and answers into 512 dimensions.

    Offline it is the encoder that is installed with this project, by its version and the hashes of
    its weights. Otherwise it is the released model that the profile names, at the commit that its
    revision stands for now. Nothing of it is fitted on the table.
    """
    save_embedder(embedder, build.folder)
    return Report(facts=embedder_facts(embedder))


@lake_artifact(kinds={"lancedb"}, code_version="3", pool="gpu")
def retrieval_index(
    qa_folds: Table,
    answer_embedder: Artifact,
    documents: Annotated[DocumentSettings, Setting("retrieval.documents")],
    exact_rows: Annotated[int, Setting("retrieval.exact_rows")],
    build: ArtifactBuild,
) -> Report:
    """The LanceDB table over the rows: dense vectors, and full text of Kiwi morphemes.

    Rows are named by their content, so a changed row is merged and the others stay. Each change is
    a version of the table; the artifact names the version that belongs to it.
    """
    embedder = open_embedder(answer_embedder, build.log)
    table = index_table(embedder.get_embedding_dimension())
    with build.lancedb() as database:
        report = build_index(
            database.uri,
            table,
            TableRows(qa_folds),
            embedder,
            answer_embedder.version,
            documents,
            exact_rows,
        )
        files = version_checksums(database, table, report.version)
    write_index_file(build.folder, table, report.version)
    facts = {
        **asdict(report),
        ROWS_MADE: report.inserted + report.updated,
        ROWS_REUSED: report.unchanged,
        "texts_embedded": embedder.embedded,
    }
    return Report(facts=facts, lancedb_files=files)


@lake_table(kinds={"lancedb", "duckdb"}, code_version="3")
def retrieval_scores(
    qa_folds: Table, answer_embedder: Artifact, retrieval: RetrievalSettings, build: Build
) -> TableReport:
    """Hit rate and mean reciprocal rank of full-text, dense and hybrid search.

    Each validation question must find the row that it came from, of which only the other
    paraphrase is left in the index.
    """
    rows, folds = rows_and_folds(qa_folds.read())
    build.checkpoints.mkdir(parents=True, exist_ok=True)
    scores = evaluate_retrieval(
        rows, folds, open_embedder(answer_embedder, build.log), retrieval, build.checkpoints
    )
    best = scores[scores["k"] == scores["k"].max()].set_index("mode")
    # Where no row can be asked for, there is no figure.
    known = {f"mrr_{mode}": round(float(value), 4) for mode, value in best["mrr"].dropna().items()}
    if known:
        ends = best.loc["hybrid", ["mrr_low", "mrr_high"]]
        known |= {f"{end}_hybrid": round(float(ends[end]), 4) for end in ends.index}
    facts: dict[str, Fact] = {"asked_questions": int(scores["questions"].max()), **known}
    hits = curve_picture("Rows found among the first k", scores, "k", "hit_rate", "mode")
    tables = {"scores": records(scores)}
    return TableReport(frame=scores, facts=facts, notes={"hits": hits}, tables=tables)
