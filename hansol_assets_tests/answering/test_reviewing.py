"""Doubtful answers go to a person, and come back as rows, on a real lake."""

import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from hansol_assets.answering.explaining import explain
from hansol_assets.answering.reviewing import add_to_queue, export_queue, review_queue
from hansol_assets.qa.table.reviewed import read_every_row
from hansol_assets_tests.answering.review_files import asked, rows_of
from hansol_assets_tests.graph import GraphRun, run_graph

pytestmark = pytest.mark.slow

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
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

    def again(select: dg.AssetSelection | None = None) -> GraphRun:
        lake_dir, doubts = doubting.settings.lake_dir, {"review_below": 1.0}
        run = run_graph(lake_dir, raw_dir, instance, select=select, verdicts=doubts)
        assert run.failures == {}
        return run

    read = dg.AssetSelection.assets("reviewed_answers", "raw_qa")
    assert again(read).statuses == {"reviewed_answers": "reused", "raw_qa": "reused"}

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
    # As the README has it: one row more trains nothing.
    (promise,) = [line for line in README.splitlines() if "one filled in in `review.csv`" in line]
    assert promise.endswith("nothing is trained |")
    assert run.statuses["reviewed_answers"] == "new"
    assert {run.statuses[name] for name in ("base_model", "lora_adapter", "final_adapter")} == {
        "reused"
    }

    kept = export_queue(run.lake, path)
    assert (kept.waiting, kept.filled) == (5, 1)
    assert ANSWER in path.read_text(encoding="utf-8-sig")


def test_an_export_takes_nothing_away_that_a_person_wrote(
    doubting: GraphRun, tmp_path: Path
) -> None:
    path = tmp_path / "review.csv"
    export_queue(doubting.lake, path)
    table = pd.DataFrame(rows_of(path)).iloc[:-1].assign(메모="")
    answered, noted, put_off = table.loc[:2, "question"]
    table.loc[0, ["answer", "category"]] = ["=벽지를 말립니다.", "마감"]
    table.loc[1, ["메모", "draft"]] = ["현장 사진 요청함", "old"]
    table.loc[2, "answer"] = "보류"
    own = {"question": "이 표에 없는 질문인가요?", "메모": "+ 회의에서 정함"}
    stale = {"id": "TEST_900", "question": "이제 확실한 질문인가요?", "draft": "예."}
    table = pd.concat([table, pd.DataFrame([own, stale])]).fillna("")
    table.to_csv(path, index=False, encoding="utf-8")
    before = path.read_bytes()

    written = export_queue(doubting.lake, path)
    assert (written.waiting, written.filled) == (len(table) - 1, 1)
    assert written.backup is not None
    assert written.backup.parent == path.parent
    assert written.backup.read_bytes() == before

    text = path.read_text(encoding="utf-8-sig")
    assert ",'=벽지를 말립니다." in text
    assert ",'+ 회의에서 정함" in text
    merged = read_every_row(path).set_index("question")
    old = table.set_index("question")
    assert merged.columns.tolist() == old.columns.tolist()
    assert merged.loc[answered].to_dict() == old.loc[answered].to_dict()
    assert merged.loc[own["question"]].to_dict() == old.loc[own["question"]].to_dict()
    assert merged.loc[noted, "메모"] == "현장 사진 요청함"
    assert merged.loc[noted, "draft"] not in ("", "old")
    assert merged.loc[put_off, "answer"] == "보류"
    assert stale["question"] not in merged.index
    assert len(merged) == 7

    assert export_queue(doubting.lake, path).backup is None
    assert len(list(tmp_path.iterdir())) == 2


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
