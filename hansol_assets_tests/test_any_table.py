"""Tables as people have them run through the graph: to a leaderboard, and on to a submission."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from hansol_assets.definitions import build_defs
from hansol_assets.lake.store import Lake
from hansol_assets.settings import SAMPLE_DIRECTORY
from hansol_assets_tests.embedding.models import static_model
from hansol_assets_tests.graph import GraphRun, begin_with_texts_of, run_graph
from hansol_assets_tests.qa.rows import ANSWER_NAMES
from hansol_assets_tests.qa.table.test_cases import CASES, pairs, sample

pytestmark = pytest.mark.slow

FEW_STEPS = {
    "base_model": {"scratch": {"steps": 2}},
    "training": {"max_steps": 2},
    "generation": {"max_new_tokens": 4, "samples": 0},
}
TABLES = (
    ("three answers", "no category", "no id"),
    ("ragged answers", "a courtesy in each row", "six answers", "one question", "an index beside"),
)
"""Cases that one table can be at once. The competition's own is the small graph's, conversations
have one question and one answer, and the others are read as tables of these shapes."""

Write = Callable[[Path], object]


def messages(path: Path) -> None:
    rows = pairs(sample(), "user", "assistant").to_dict("records")
    lines = [
        {"messages": [{"role": role, "content": text} for role, text in row.items()]}
        for row in rows
    ]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    path.write_text(text, encoding="utf-8")


def lists(path: Path) -> None:
    rows = sample()
    frame = pd.DataFrame(
        {"question": rows["질문_1"], "answers": rows[ANSWER_NAMES].values.tolist()}
    )
    frame.to_parquet(path, index=False)


CONVERSATIONS = "train.jsonl"
LISTS = "train.parquet"
FORMATS: dict[str, Write] = {
    "train.tsv": lambda path: sample().to_csv(path, index=False, sep="\t"),
    "train.xlsx": lambda path: sample().to_excel(path, index=False),
    CONVERSATIONS: messages,
    LISTS: lists,
    "train.csv": lambda path: sample().to_csv(path, index=False, sep=";", encoding="cp949"),
    "train.csv.gz": lambda path: sample().to_csv(path, index=False),
}


def run(raw: Path, texts: Lake, instance: dg.DagsterInstance, **values: Any) -> GraphRun:
    begin_with_texts_of(texts, raw / "lake")
    done = run_graph(raw / "lake", raw, instance, **FEW_STEPS, **values)
    assert done.failures == {}
    return done


@pytest.mark.parametrize("names", TABLES, ids=" and ".join)
def test_a_table_of_any_shape_reaches_the_leaderboard(
    names: tuple[str, ...], texts: Lake, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    rows = sample().head(24)
    for name in names:
        change, _, _ = CASES[name]
        rows = change(rows)
    rows.to_csv(tmp_path / "train.csv", index=False)
    done = run(tmp_path, texts, instance)
    assert "submission" not in done.statuses
    board = done.table("leaderboard").set_index("name")
    assert board["unknown"].drop("human").notna().all()
    assert board.loc[board["kind"] == "experiment", "private"].notna().all()
    assert board.loc["human", "private"] > 0


@pytest.mark.parametrize("file", FORMATS)
def test_a_table_of_any_format_gives_the_same_rows(
    file: str, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    """Nothing but `raw_qa` reads the file: what is made of equal rows is equal."""
    FORMATS[file](tmp_path / file)
    done = run_graph(
        tmp_path / "lake",
        tmp_path,
        instance,
        select=dg.AssetSelection.assets("reviewed_answers", "raw_qa"),
    )
    assert done.failures == {}
    read, rows = done.table("raw_qa"), sample()
    questions, answers = rows[["질문_1", "질문_2"]], rows[ANSWER_NAMES]
    if file in (CONVERSATIONS, LISTS):
        questions = questions[["질문_1"]]
    if file == CONVERSATIONS:
        answers = answers[["답변_2"]]
    assert read["questions"].map(list).tolist() == questions.to_numpy().tolist()
    assert read["answers"].map(list).tolist() == answers.to_numpy().tolist()


def test_nothing_else_reads_the_file() -> None:
    graph = build_defs().resolve_asset_graph()
    train = graph.get(dg.AssetKey("train_csv"))
    assert train.child_keys == {dg.AssetKey("raw_qa")}


def test_conversations_reach_a_submission_in_the_space_of_other_encoders(
    texts: Lake, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    FORMATS[CONVERSATIONS](tmp_path / CONVERSATIONS)
    questions = pd.read_csv(SAMPLE_DIRECTORY / "test.csv", dtype=str).head(3)
    questions.to_csv(tmp_path / "test.csv", index=False)
    static_model(48).save_pretrained(str(tmp_path / "model"), create_model_card=False)
    narrow = {"kind": "hub", "model_id": str(tmp_path / "model"), "dimensions": 48}
    done = run(tmp_path, texts, instance, embedder=narrow, retriever=narrow)
    board = done.table("leaderboard").set_index("name")
    assert board.loc[board["kind"] == "experiment", "private"].notna().all()
    # No second answer says how near a person comes.
    assert board.loc[["human"], "private"].isna().all()
    submitted = pd.read_csv(done.lake.paths.latest_submission / "submission.csv")
    assert submitted["id"].tolist() == questions["id"].tolist()
    assert submitted.shape[1] == 1 + 48 == 1 + done.metadata["submission"]["dimensions"]
