"""Only what changed is made anew: one changed answer, one changed question."""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import dagster as dg
import lancedb
import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.searching import index_table
from hansol_assets.compute.current import Compute
from hansol_assets.embedding.cached import CachedEmbedder, EmbedTexts
from hansol_assets.embedding.e5 import DIMENSIONS
from hansol_assets.embedding.embedder import encode, load_embedder
from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.store import Lake
from hansol_assets.lake.warehouse import Warehouse
from hansol_assets.retrieval.index import passage
from hansol_assets_tests.embedding.models import static_model
from hansol_assets_tests.graph import GraphRun, run_graph, write_raw_files

pytestmark = pytest.mark.slow

READ_ELSEWHERE = {
    "raw_questions",
    "reviewed_answers",
    "question_mix",
    "answer_embedder",
    "retriever",
    "judge_embedder",
    "final_examples",
}
"""What does not depend on a row."""

KEPT = READ_ELSEWHERE | {
    "pretraining_corpus",
    "base_model",
    "adapter_examples",
    "lora_adapter",
    "final_adapter",
}
"""What one changed answer leaves as it is."""

MEASURED = {"known_share", "validation_scores", "leaderboard"}
"""How many of half a dozen questions the table knows may move with one of them."""

Change = Callable[[dict[str, str]], None]
Refresh = Callable[[], GraphRun]


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_raw_files(tmp_path_factory.mktemp("raw"), rows=24, questions=6)


@pytest.fixture(scope="module")
def refresh(
    graph: GraphRun,
    raw: Path,
    tmp_path_factory: pytest.TempPathFactory,
    instance: dg.DagsterInstance,
) -> Refresh:
    """Runs the graph again on a lake in which it was made."""
    lake_dir = tmp_path_factory.mktemp("lake") / "lake"
    shutil.copytree(graph.settings.lake_dir, lake_dir, symlinks=True)

    def run() -> GraphRun:
        done = run_graph(lake_dir, raw, instance)
        assert done.failures == {}
        return done

    return run


def change_row(path: Path, key: str, change: Change) -> None:
    """Changes one row of a CSV file in place."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    change(next(row for row in rows if row["id"] == key))
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)


def answered(answers: pd.DataFrame) -> set[tuple[str, str, tuple[str, ...]]]:
    return {(row.question, row.answer, tuple(row.prompts)) for row in answers.itertuples()}


def assets_with(run: GraphRun, status: str) -> set[str]:
    return {asset for asset, own in run.statuses.items() if own == status}


def made_submission(run: GraphRun) -> bytes:
    """The submission that a run made, whether its scores let it be published or not."""
    return (Path(run.metadata["submission"]["path"]) / "submission.csv").read_bytes()


def embedded(lake: Lake) -> set[str]:
    """The hashes of all texts whose vectors are kept."""
    with lake.warehouse.connection() as connection:
        return set(connection.execute("select key from cache.embeddings").df()["key"])


def indexed(run: GraphRun) -> set[str]:
    """The hashes of all texts whose vectors the index is made of."""
    rows, settings = run.table("raw_qa"), run.settings
    texts = zip(rows["questions"], rows["answers"], strict=True)
    prefix, documents = settings.retriever.passage_prefix, settings.retrieval.documents
    return {text_hash(prefix + passage(asked, said, documents)) for asked, said in texts}


@dataclass(frozen=True)
class ChangedAnswer:
    """A lake before and after one answer of its table was changed.

    Attributes:
        content: The training file as it was.
        submitted: The submission as it was.
        known: The texts whose vectors were there.
        version: The index as it was.
        answer: The answer as it was.
        run: The run after the change.
        record: What Dagster keeps of that run.
    """

    content: bytes
    submitted: bytes
    known: set[str]
    version: int
    answer: str
    run: GraphRun
    record: dg.RunRecord


NEW_ANSWER = "벽지를 다시 바릅니다."


@pytest.fixture(scope="module")
def changed(
    graph: GraphRun, refresh: Refresh, raw: Path, instance: dg.DagsterInstance
) -> ChangedAnswer:
    content, known = (raw / "train.csv").read_bytes(), embedded(graph.lake)
    row = graph.table("qa_folds").set_index("id").loc["TRAIN_003"]
    assert row["split"] == "training"
    answer = row["answers"][1]
    change_row(raw / "train.csv", "TRAIN_003", lambda row: row.update({"답변_2": NEW_ANSWER}))
    run = refresh()
    (record,) = instance.get_run_records(limit=1)
    version = graph.metadata["retrieval_index"]["version"]
    return ChangedAnswer(content, graph.submission, known, version, answer, run, record)


def test_one_changed_answer_embeds_and_merges_one_row_and_trains_nothing(
    changed: ChangedAnswer, graph: GraphRun
) -> None:
    run = changed.run
    assert run.metadata["retrieval_index"]["status"] == "updated"
    assert run.metadata["retrieval_index"]["rows_made"] == 1
    # Whichever asset asked for it first.
    assert len((embedded(run.lake) - changed.known) & indexed(run)) == 1
    assert assets_with(run, "reused") - {"known_share"} == KEPT
    assert run.data_versions["answer_embedder"] == graph.data_versions["answer_embedder"]
    assert made_submission(run) != changed.submitted

    table = lancedb.connect(str(run.lake.paths.lancedb)).open_table(index_table(DIMENSIONS))
    assert run.metadata["retrieval_index"]["version"] > changed.version
    table.checkout(changed.version)
    (row,) = table.search().where("id = 'TRAIN_003'").to_list()
    assert row["answers"][1] == changed.answer


def test_the_run_says_what_it_did(changed: ChangedAnswer, instance: dg.DagsterInstance) -> None:
    run, record = changed.run, changed.record
    counts = {status: len(assets_with(run, status)) for status in ("new", "updated", "reused")}
    tags = record.dagster_run.tags
    assert {status: int(tags[f"hansol/{status}"]) for status in counts} == counts
    (event,) = [
        entry.dagster_event
        for entry in instance.all_logs(record.dagster_run.run_id)
        if entry.dagster_event and entry.dagster_event.message == "what the run did"
    ]
    table = event.engine_event_data.metadata["assets"]
    assert isinstance(table, dg.TableMetadataValue)
    by_asset = {row.data["asset"]: row.data for row in table.records}
    assert {asset: row["status"] for asset, row in by_asset.items()} == run.statuses
    index = by_asset["retrieval_index"]
    assert 0 < index["rows_made"] == run.metadata["retrieval_index"]["rows_made"] < index["rows"]
    assert by_asset["base_model"]["rows_made"] == 0
    assert by_asset["paired_questions"]["rows_made"] == by_asset["paired_questions"]["rows"]


def test_a_changed_row_that_is_changed_back_costs_nothing(
    changed: ChangedAnswer, refresh: Refresh, raw: Path
) -> None:
    (raw / "train.csv").write_bytes(changed.content)
    back = refresh()
    # The leaderboard has gained an experiment.
    assert assets_with(back, "reused") == set(back.statuses) - {"leaderboard"}
    assert made_submission(back) == changed.submitted


def test_encoders_of_another_width_have_an_index_of_their_own(
    graph: GraphRun, raw_dir: Path, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake_dir, model = tmp_path / "lake", tmp_path / "model"
    shutil.copytree(graph.settings.lake_dir, lake_dir, symlinks=True)
    static_model(48).save_pretrained(str(model), create_model_card=False)
    narrow = {"kind": "hub", "model_id": str(model), "dimensions": 48}
    searched = dg.AssetSelection.assets("retriever", "retrieval_index", "answerability")
    other = run_graph(lake_dir, raw_dir, instance, select=searched, retriever=narrow)
    assert other.failures == {}
    assert set(other.statuses.values()) == {"new"}
    # What ships was made by other encoders: it is made anew of these.
    assert other.metadata["answerability"]["labelled_questions"] > 400
    back = run_graph(lake_dir, raw_dir, instance)
    assert set(back.statuses.values()) == {"reused"}
    assert back.submission == graph.submission


def test_one_changed_question_generates_one_answer(
    graph: GraphRun, refresh: Refresh, raw: Path
) -> None:
    old = graph.table("generated_answers")
    changed = "도배지가 들뜨는 까닭은 무엇인가요?"
    change_row(raw / "test.csv", "TEST_002", lambda row: row.update({"질문": changed}))
    run = refresh()
    made = {
        "raw_questions",
        "test_candidates",
        "generated_answers",
        "answer_embeddings",
        "submission",
    }
    assert assets_with(run, "reused") - MEASURED == set(run.statuses) - made - MEASURED
    assert run.metadata["test_candidates"]["status"] == "updated"
    assert run.metadata["test_candidates"]["prompts_answered"] == 1
    assert 0 < run.metadata["test_candidates"]["rows_made"] < 40
    assert len(answered(old) - answered(run.table("generated_answers"))) == 1


def test_texts_are_embedded_once(graph: GraphRun, tmp_path: Path) -> None:
    folder = graph.lake.artifact(graph.lake.live("answer_embedder"))
    plain = load_embedder(folder)

    def opened() -> CachedEmbedder:
        cache = RowCache(Warehouse(tmp_path / "warehouse.duckdb"), "embeddings")
        work = EmbedTexts(partial(load_embedder, folder), 512)
        return CachedEmbedder(cache, "scope", 512, lambda: Compute().workers(work))

    texts = ["벽지가 찢어졌어요.", "곰팡이", "벽지가 찢어졌어요.", ""]
    embedder = opened()
    np.testing.assert_array_equal(encode(embedder, texts), encode(plain, texts))
    assert (embedder.embedded, embedder.cached) == (3, 0)
    again = opened()
    np.testing.assert_array_equal(encode(again, [*texts, "타일"]), encode(plain, [*texts, "타일"]))
    assert (again.embedded, again.cached) == (1, 3)
