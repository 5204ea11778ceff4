"""Group `retrieval`: the encoders, the index over the rows, and what ranks the rows found."""

from dataclasses import asdict
from typing import Annotated

from hansol_assets.answering.searching import (
    IndexFile,
    RowRanking,
    TableRows,
    index_table,
    open_index,
)
from hansol_assets.answering.trust import evaluate_search, trust_facts, trust_pictures
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.assets.libraries import ENCODERS, SEARCH
from hansol_assets.embedding.cached import open_embedder, open_retriever
from hansol_assets.embedding.embedder import (
    EmbedderSettings,
    RetrieverSettings,
    embedder_facts,
    retriever_facts,
    save_embedder,
)
from hansol_assets.embedding.fitted import save
from hansol_assets.lake.databases import version_checksums
from hansol_assets.lake.declaration import Setting, lake_artifact, lake_table
from hansol_assets.lake.handles import Artifact, Table
from hansol_assets.lake.reports import (
    ROWS_MADE,
    ROWS_REUSED,
    ArtifactBuild,
    Build,
    Report,
    TableReport,
)
from hansol_assets.qa.folds import rows_and_folds
from hansol_assets.retrieval.examples import load_prior, make_prior
from hansol_assets.retrieval.features import FEATURES
from hansol_assets.retrieval.fitting import Fitter
from hansol_assets.retrieval.index import DocumentSettings, build_index


@lake_artifact(kinds={"huggingface"}, code_version="6", pool="gpu", retries=3, libraries=ENCODERS)
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


@lake_artifact(kinds={"huggingface"}, code_version="2", pool="gpu", retries=3, libraries=ENCODERS)
def retriever(
    settings: Annotated[RetrieverSettings, Setting("retriever.pinned")], build: ArtifactBuild
) -> Report:
    """The pretrained encoder by which rows are found for questions.

    It may be another than `answer_embedder`, in whose space answers lie and are judged: an encoder
    made for finding ranks rows better, one made for likeness judges sentences better.
    """
    save_embedder(settings, build.folder)
    return Report(facts=retriever_facts(settings))


@lake_artifact(kinds={"lancedb"}, code_version="5", pool="gpu", libraries=SEARCH)
def retrieval_index(
    qa_folds: Table,
    retriever: Artifact,
    documents: Annotated[DocumentSettings, Setting("retrieval.documents")],
    build: ArtifactBuild,
) -> Report:
    """The LanceDB table over the rows: dense vectors, and full text of Kiwi morphemes.

    Rows are named by their content, so a changed row is merged and the others stay. Each change is
    a version of the table; the artifact names the version that belongs to it.
    """
    encoder = open_retriever(retriever, build.log)
    table = index_table(int(retriever.facts["dimensions"]))
    with build.lancedb() as database:
        report = build_index(
            database.uri, table, TableRows(qa_folds), encoder, retriever.version, documents
        )
        files = version_checksums(database, table, report.version)
    index = IndexFile(table=table, version=report.version, documents=documents)
    index.write(build.folder)
    facts = {
        **asdict(report),
        ROWS_MADE: report.inserted + report.updated,
        ROWS_REUSED: report.unchanged,
    }
    return Report(facts=facts, lancedb_files=files)


@lake_artifact(kinds={"scikitlearn"}, code_version="5", pool="gpu", libraries=("scikit-learn",))
def answerability(
    qa_folds: Table,
    retrieval_index: Artifact,
    retriever: Artifact,
    answer_embedder: Artifact,
    build: ArtifactBuild,
) -> Report:
    """Does this row answer this question? A calibrated probability for each row found, and none.

    Learned from labelled questions that ship with this package, and from the training rows: each
    asked for by a paraphrase that it does not show, and with the row taken out. Calibrated on the
    calibration rows, and on tables that ship while they are kept back.
    """
    encoder, embedder = open_retriever(retriever, build.log), open_embedder(answer_embedder)
    documents = IndexFile.of(retrieval_index).documents
    is_shipped = retriever.facts["model"] == "e5" and answer_embedder.facts["model"] == "muse"
    prior = load_prior() if is_shipped else make_prior(encoder, embedder, documents)
    index = open_index(retrieval_index, retriever)
    fitter = Fitter(index, encoder, embedder, prior, documents)
    ranker, known, unknown = fitter.fit(qa_folds.read())
    save(ranker, build.folder)
    standard = (ranker.model.slopes * prior.examples.features.std(axis=0)).round(3).tolist()
    slopes = {f"slope_{name}": slope for name, slope in zip(FEATURES, standard, strict=True)}
    facts = {"labelled_questions": len(prior.examples.weights), "known": known, "unknown": unknown}
    return Report(facts={**facts, **slopes})


@lake_table(kinds={"lancedb", "duckdb"}, code_version="4")
def retrieval_scores(
    qa_folds: Table,
    ranking: RowRanking,
    verdicts: Annotated[VerdictSettings, Setting("verdicts", only=("answered_from",))],
    build: Build,
) -> TableReport:
    """How far answers can be trusted, question by question, on rows that nothing learned from.

    *Known*: each validation row is asked for by a paraphrase that is not in the index. *Unknown*:
    the same with the row taken out. *Unrelated*: questions that ship with this package.
    """
    rows, folds = rows_and_folds(qa_folds.read())
    build.checkpoints.mkdir(parents=True, exist_ok=True)
    asked = evaluate_search(rows, folds, ranking.open_ranker(), build.checkpoints)
    return TableReport(frame=asked, facts=trust_facts(asked, verdicts), notes=trust_pictures(asked))
