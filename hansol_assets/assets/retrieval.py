"""Group `retrieval`: the embedder, the index over the training rows, and how well it finds them.

What belongs here: what is embedded and indexed. What does not: how a search works
(`hansol_assets.retrieval`).
"""

from dataclasses import asdict
from pathlib import Path

import dagster as dg

from hansol_assets.answering.searching import INDEX_TABLE, open_embedder, write_index_file
from hansol_assets.embedding.embedder import fetch_embedder, fit_embedder, pinned_embedder
from hansol_assets.embedding.fitted_embedder import Corpus, standing_embedder
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.lancedb_versions import version_checksums
from hansol_assets.lake.locks import LANCEDB_LOCK
from hansol_assets.lake.store import ROWS_MADE, ROWS_REUSED, Report, TableReport
from hansol_assets.orchestration.resources import LakeResource, Work, said_to_people
from hansol_assets.qa.columns import answers_of
from hansol_assets.qa.folds import TRAINING
from hansol_assets.retrieval.evaluation import evaluate_retrieval
from hansol_assets.retrieval.index import build_index


@dg.asset(
    deps=["raw_qa", "qa_folds"], kinds={"huggingface", "scikitlearn"}, code_version="2", pool="gpu"
)
def answer_embedder(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The sentence-transformers model that turns questions and answers into 512 dimensions.

    Offline it is fitted on the training answers (latent semantic analysis of character n-grams),
    and kept until more than a set share of them has changed, so that vectors and scores stay
    comparable. Otherwise it is the released model that the profile names.
    """
    if lake.settings.embedder.kind == "hub":
        return _fetched_embedder(context, lake)
    return _fitted_embedder(context, lake)


def _fetched_embedder(
    context: dg.AssetExecutionContext, lake: LakeResource
) -> dg.MaterializeResult:
    # The commit that a branch stands for now is a part of the name.
    with said_to_people():
        settings = pinned_embedder(lake.settings.embedder)

    def fetch(work: Work, folder: Path) -> Report:  # noqa: ARG001 - a build's signature
        fetch_embedder(settings, folder)
        return Report(facts={"dimensions": settings.dimensions, "model": str(settings.model_id)})

    return lake.artifact(context, config_of(embedder=settings.of_fit), fetch, reads=())


def _fitted_embedder(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    settings = lake.settings.embedder
    rows, folds = lake.table_of("raw_qa"), lake.table_of("qa_folds")
    is_training = rows["id"].isin(folds.loc[folds["split"] == TRAINING, "id"])
    texts = answers_of(rows[is_training])
    corpus = Corpus.of(texts)

    def fit(work: Work, folder: Path) -> Report:  # noqa: ARG001 - a build's signature
        fit_embedder(texts, settings, folder)
        corpus.save(folder)
        return Report(facts={"dimensions": settings.dimensions, "fitted_on_texts": len(texts)})

    config = config_of(embedder=settings.of_fit, corpus=corpus.digest)
    standing = standing_embedder(
        lake.store,
        config["embedder"],
        corpus,
        Corpus.of(answers_of(rows[~is_training])),
        settings.refit_drift,
    )
    if standing is None or lake.is_forced(context):
        return lake.artifact(context, config, fit, reads=())
    if standing.config["corpus"] != corpus.digest:
        context.log.info("the embedder is kept: few of the answers that it was fitted on changed")
    return lake.kept(standing)


@dg.asset(
    deps=["raw_qa", "qa_folds", "answer_embedder"], kinds={"lancedb"}, code_version="1", pool="gpu"
)
def retrieval_index(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """The LanceDB table over the rows: dense vectors, and full text of Kiwi morphemes.

    Rows are named by their content, so a changed row is merged and the others stay. Each change is
    a version of the table; the artifact names the version that belongs to it.
    """
    settings = lake.settings.retrieval

    def build(work: Work, folder: Path) -> Report:
        database = lake.store.paths.lancedb
        with lake.store.lock(LANCEDB_LOCK):
            embedder = open_embedder(work.inputs)
            report = build_index(
                database,
                INDEX_TABLE,
                work.inputs.table("raw_qa"),
                work.inputs.table("qa_folds"),
                embedder,
                work.inputs.manifest("answer_embedder").fingerprint,
                settings,
            )
            files = version_checksums(database, INDEX_TABLE, report.version)
        write_index_file(folder, report.version)
        facts = {
            **asdict(report),
            ROWS_MADE: report.inserted + report.updated,
            ROWS_REUSED: report.unchanged,
            "texts_embedded": embedder.embedded,
        }
        return Report(facts=facts, lancedb_files=files)

    return lake.artifact(context, config_of(documents=settings.documents), build)


@dg.asset(
    deps=["raw_qa", "qa_folds", "answer_embedder"], kinds={"lancedb", "duckdb"}, code_version="1"
)
def retrieval_scores(context: dg.AssetExecutionContext, lake: LakeResource) -> dg.MaterializeResult:
    """Hit rate and mean reciprocal rank of full-text, dense and hybrid search.

    Each validation question must find the row that it came from, of which only the other
    paraphrase is left in the index.
    """
    settings = lake.settings.retrieval

    def build(work: Work) -> TableReport:
        work.checkpoints.mkdir(parents=True, exist_ok=True)
        scores = evaluate_retrieval(
            work.inputs.table("raw_qa"),
            work.inputs.table("qa_folds"),
            open_embedder(work.inputs),
            settings,
            work.checkpoints,
        )
        best = scores[scores["k"] == scores["k"].max()].set_index("mode")["mrr"]
        facts = {f"mrr_{mode}": round(float(value), 4) for mode, value in best.items()}
        return TableReport(
            frame=scores, facts=facts, notes={"scores": scores.to_markdown(index=False)}
        )

    return lake.table(context, config_of(retrieval=settings), build)
