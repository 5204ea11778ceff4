"""Rows that only look wrong: warned of with their ids, and kept or dropped by a setting."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from hansol_assets_tests.graph import GraphRun, run_graph, write_raw_files

CONTRADICTING = ("TRAIN_002", {"질문_1": "합지의 장점은?", "질문_2": "합지의 단점은?"})
ENGLISH = ("TRAIN_003", {"답변_4": "This answer has drifted into English for good."})
UNFINISHED = ("TRAIN_004", {"답변_2": "벽지를 뜯고 바탕을"})
RAW_QA = dg.AssetSelection.assets("reviewed_answers", "raw_qa")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "raw"
    folder.mkdir()
    write_raw_files(folder, rows=24, questions=6)
    rows = pd.read_csv(folder / "train.csv", dtype=str).set_index("id")
    for key, cells in (CONTRADICTING, ENGLISH, UNFINISHED):
        rows.loc[key, list(cells)] = list(cells.values())
    rows.to_csv(folder / "train.csv", encoding="utf-8")
    return folder


def load(raw: Path, instance: dg.DagsterInstance, **values: object) -> GraphRun:
    selection = RAW_QA | dg.AssetSelection.checks_for_assets("raw_qa")
    return run_graph(raw.parent / "lake", raw, instance, select=selection, **values)


def test_doubtful_rows_are_warned_of_and_kept(raw: Path, instance: dg.DagsterInstance) -> None:
    run = load(raw, instance)
    assert run.failures == {}
    assert run.checks == {"raw_qa:rows_look_sound": False}
    facts = run.metadata["raw_qa"]
    assert (facts["rows"], facts["warned_rows"], facts["dropped_rows"]) == (24, 3, 0)
    for key, kind in (
        ("TRAIN_002", "contradiction"),
        ("TRAIN_003", "other_language"),
        ("TRAIN_004", "unfinished"),
    ):
        assert facts[f"{kind}_warnings"] == 1
        (warning,) = [row.data for row in facts["row_warnings"].records if row.data["kind"] == kind]
        assert warning["id"] == key


def test_a_setting_drops_doubtful_rows(raw: Path, instance: dg.DagsterInstance) -> None:
    run = load(raw, instance, table={"drop_rows": ["contradiction", "unfinished"]})
    assert run.failures == {}
    assert run.metadata["raw_qa"]["dropped_rows"] == 2
    gone = {f"TRAIN_{place:03d}" for place in range(24)} - set(run.table("raw_qa")["id"])
    assert gone == {"TRAIN_002", "TRAIN_004"}


def test_a_table_of_which_nothing_would_stay_is_refused(
    raw: Path, instance: dg.DagsterInstance
) -> None:
    rows = pd.read_csv(raw / "train.csv", dtype=str)
    broken_off = rows.assign(답변_2="벽지를 뜯고 바탕을")
    broken_off.to_csv(raw / "train.csv", index=False, encoding="utf-8")
    run = load(raw, instance, table={"drop_rows": ["unfinished"]})
    assert "every row looks wrong and would be dropped" in run.failures["raw_qa"]
    assert "name fewer kinds in table.drop_rows" in run.failures["raw_qa"]
