"""Doubtful answers go to a person, and come back as rows, on a real lake."""

import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from hansol_assets.answering.explaining import explain
from hansol_assets.answering.reviewing import add_to_queue, export_queue, review_queue
from hansol_assets_tests.answering.review_files import asked, rows_of
from hansol_assets_tests.graph import GraphRun, run_graph

pytestmark = pytest.mark.slow

ANSWER = "벽지를 마른 걸레로 닦은 뒤 하루 동안 말립니다."


@pytest.fixture(scope="module")
def doubting(
    graph: GraphRun,
    raw_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    instance: dg.DagsterInstance,
) -> GraphRun:
    """The lake under a setting by which every answer is doubtful."""
    lake_dir = tmp_path_factory.mktemp("lake") / "lake"
    shutil.copytree(graph.settings.lake_dir, lake_dir, symlinks=True)
    return run_graph(lake_dir, raw_dir, instance, verdicts={"review_below": 1.0})


def test_the_queue_lists_the_most_doubtful_first(doubting: GraphRun) -> None:
    queue = review_queue(doubting.lake)
    answers = doubting.table("generated_answers").set_index("id")

    assert len(queue) == len(answers)
    assert queue["confidence"].is_monotonic_increasing
    for row in queue.itertuples():
        assert row.draft == answers.loc[row.id, "answer"]
        assert row.nearest_row in set(doubting.table("raw_qa")["id"])


def test_what_a_person_fills_in_becomes_a_row_and_the_queue_alone_changes_nothing(
    doubting: GraphRun, raw_dir: Path, instance: dg.DagsterInstance
) -> None:
    path = doubting.settings.review_file
    written = export_queue(doubting.lake, path)
    assert (written.waiting, written.filled) == (6, 0)

    def again() -> GraphRun:
        lake_dir = doubting.settings.lake_dir
        run = run_graph(lake_dir, raw_dir, instance, verdicts={"review_below": 1.0})
        assert run.failures == {}
        return run

    assert set(again().statuses.values()) == {"reused"}

    table = pd.read_csv(path, encoding="utf-8-sig", dtype="string", keep_default_na=False)
    question = table.loc[0, "question"]
    table.loc[0, "answer"] = ANSWER
    table.to_csv(path, index=False, encoding="utf-8-sig")
    run = again()
    rows = run.table("raw_qa")
    (row,) = rows[rows["id"].str.startswith("reviewed_")].to_dict("records")
    assert (list(row["questions"]), list(row["answers"])) == ([question], [ANSWER])
    assert run.metadata["raw_qa"]["reviewed_rows"] == 1
    assert row["id"] in set(run.table("qa_folds")["id"])

    kept = export_queue(run.lake, path)
    assert (kept.waiting, kept.filled) == (5, 1)
    assert ANSWER in path.read_text(encoding="utf-8-sig")


def test_a_question_asked_by_hand_waits_in_the_file_until_it_is_answered(
    doubting: GraphRun, tmp_path: Path
) -> None:
    path = tmp_path / "review.csv"
    export_queue(doubting.lake, path)
    assert add_to_queue(asked(), path)

    assert export_queue(doubting.lake, path).waiting == 7
    assert not add_to_queue(asked(), path)
    (row,) = rows_of(path)[-1:]
    assert (row["question"], row["draft"], row["answer"]) == (asked().question, asked().answer, "")


def test_an_answer_is_explained_by_whole_answers_of_rows(doubting: GraphRun) -> None:
    rows = doubting.table("raw_qa").set_index("id")
    for answer in doubting.table("generated_answers").to_dict("records"):
        found = explain(doubting.lake, answer["id"])
        assert found["needs_review"]
        assert found["confidence"] == pytest.approx(answer["confidence"])
        assert (found["verdict"], found["composed"]) == (answer["verdict"], answer["composed"])
        assert bool(found["quotes"]) == (answer["verdict"] != "unanswered")
        for quote in found["quotes"]:
            row = rows.loc[quote["source_id"]]
            assert quote["text"] == row["answers"][int(quote["source_answer"]) - 1]
            assert quote["source_question"] == row["questions"][0]
        assert found["nearest"]
        assert all(0 <= row["probability"] <= 1 for row in found["nearest"])
