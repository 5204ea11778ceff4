from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hansol_assets.lake.blocks import in_blocks, spooled
from hansol_assets.lake.handles import Table
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.reports import Build, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets_tests.lake.handmade import make_table

QUESTIONS = pd.DataFrame({"id": [f"T{number}" for number in range(7)]})


class Work:
    """Makes two rows of a question, and counts the blocks that it was asked for."""

    def __init__(self, fails_at: str = "") -> None:
        self.fails_at = fails_at
        self.blocks: list[list[str]] = []

    def __call__(self, questions: pd.DataFrame) -> TableReport:
        ids = questions["id"].tolist()
        if self.fails_at in ids:
            raise KeyboardInterrupt
        self.blocks.append(ids)
        # The first question has no hit, so that a block of it alone has no types.
        has_value = [key != "T0" for key in ids for _ in range(2)]
        twice = np.repeat(ids, 2)
        frame = pd.DataFrame(
            {
                "question_id": twice,
                "rank": pd.array([1 if has else None for has in has_value], "Int64"),
                "vector": [np.full(3, int(key[1:]), np.float32) for key in twice],
                "quotes": [
                    [{"part": 0, "text": key}] if has else []
                    for key, has in zip(twice, has_value, strict=True)
                ],
            }
        )
        facts = {"questions": len(ids), "share": float("T0" in ids), "adapter": "a"}
        return TableReport(frame=frame, facts=facts, tables={"shown": [{"id": ids[0]}]})


@pytest.fixture
def build(tmp_path: Path) -> Build:
    return Build(LakePaths(tmp_path), tmp_path / "checkpoints", lambda *_: None)


def test_few_rows_are_worked_on_at_once_and_leave_no_file(build: Build) -> None:
    report = in_blocks(build, 7, QUESTIONS, Work())

    assert not report.blocks
    assert len(report.frame) == report.rows == 14
    assert not build.checkpoints.exists()


@pytest.mark.parametrize("size", [1, 3, 6])
def test_many_rows_give_the_same_table_block_by_block(
    build: Build, tmp_path: Path, size: int
) -> None:
    lake = Lake(tmp_path, "tiny")
    whole = make_table(lake, Task("whole", "1", {}, {}), lambda: Work()(QUESTIONS))
    report = in_blocks(build, size, QUESTIONS, Work())
    blocks = make_table(lake, Task("blocks", "1", {}, {}), lambda: report)

    one, other = (Table(lake, made.manifest) for made in (whole, blocks))
    assert blocks.manifest.checksums == whole.manifest.checksums
    assert blocks.manifest.facts["rows"] == 14
    assert other.read().astype(str).equals(one.read().astype(str))
    some = other.rows_of("question_id", ["T5", "T1"])
    assert some["question_id"].tolist() == ["T1", "T1", "T5", "T5"]
    assert other.read_columns("question_id").columns.tolist() == ["question_id"]


def test_a_stopped_run_goes_on_with_the_block_that_it_was_in(build: Build) -> None:
    with pytest.raises(KeyboardInterrupt):
        in_blocks(build, 3, QUESTIONS, Work(fails_at="T4"))
    again = Work()
    report = in_blocks(build, 3, QUESTIONS, again)

    assert again.blocks == [["T3", "T4", "T5"], ["T6"]]
    assert report.rows == 14


def test_figures_of_blocks_add_up_or_are_averaged(build: Build) -> None:
    report = in_blocks(build, 3, QUESTIONS, Work())

    assert report.facts == {"questions": 7, "share": round(6 / 14, 4), "adapter": "a"}
    assert report.tables == {"shown": [{"id": "T0"}]}


def test_a_figure_that_a_block_lacks_is_averaged_over_the_others(build: Build) -> None:
    def work(questions: pd.DataFrame) -> TableReport:
        first = questions["id"][0]
        share = {} if first == "T0" else {"share": 1.0 if first == "T6" else 0.0}
        return TableReport(frame=questions, facts={"empty_count": int(first == "T6"), **share})

    report = in_blocks(build, 3, QUESTIONS, work)
    assert report.facts == {"empty_count": 1, "share": 0.25}


def block(name: str, ids: list[list[str]]) -> TableReport:
    """Rows in Arrow's columns, of which lists are some."""
    table = pa.table({"id": [name] * len(ids), "ids": ids})
    return TableReport(
        frame=table.to_pandas(types_mapper=pd.ArrowDtype), facts={f"{name}_rows": len(ids)}
    )


def test_blocks_that_come_one_by_one_are_one_table(build: Build, tmp_path: Path) -> None:
    lake = Lake(tmp_path, "tiny")
    parts = [block("a", [["1"], ["2", "3"]]), block("b", [["4"]])]

    report = spooled(build, parts)
    made = make_table(lake, Task("blocks", "1", {}, {}), lambda: report)

    assert report.facts == {"a_rows": 2, "b_rows": 1}
    assert len(report.frame) == 2
    columnar = Table(lake, made.manifest).read_columnar()
    assert columnar["ids"].tolist() == [["1"], ["2", "3"], ["4"]]
    whole = pd.concat([part.frame for part in parts])
    written = lake.warehouse.write("whole", "1", whole)
    assert made.manifest.checksums == {"table": written}


def test_a_block_alone_leaves_no_file(build: Build) -> None:
    alone = block("a", [["1"]])

    assert spooled(build, iter([alone])) is alone
    assert not build.checkpoints.exists()
