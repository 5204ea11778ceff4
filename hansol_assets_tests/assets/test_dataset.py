from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.assets import dataset
from hansol_assets.lake.handles import Table
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.reports import Build, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets.qa.folds import FoldSettings, assign_folds, rows_and_folds
from hansol_assets.qa.pairing import build_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets_tests.lake.handmade import make_table

FOLDS = FoldSettings(count=4, validation=1, calibration=1)
MIX = QuestionMix(0.4, {"그리고": 1.0})


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, "tiny")


def stored(lake: Lake, name: str, report: TableReport) -> Table:
    return Table(lake, make_table(lake, Task(name, "1", {}, {}), lambda: report).manifest)


@pytest.fixture
def dealt(lake: Lake, rows: pd.DataFrame) -> Table:
    raw = stored(lake, "raw_qa", TableReport(frame=rows))
    return stored(lake, "qa_folds", dataset.qa_folds(raw, FOLDS))


def test_the_stored_folds_are_the_rows_with_what_was_dealt(
    lake: Lake, rows: pd.DataFrame, dealt: Table
) -> None:
    folds = assign_folds(rows, FOLDS).drop(columns="category")
    plain = stored(lake, "plain", TableReport(frame=rows.merge(folds, on="id")))

    assert dealt.manifest.checksums == plain.manifest.checksums
    assert dealt.facts["training_rows"] == 6


@pytest.mark.parametrize(("block_bytes", "files"), [(10_000, True), (10_000_000, False)])
def test_examples_are_stored_alike_in_one_block_and_in_many(
    lake: Lake, dealt: Table, monkeypatch: pytest.MonkeyPatch, block_bytes: int, files: bool
) -> None:
    monkeypatch.setattr(dataset, "BLOCK_BYTES", block_bytes)
    mix = stored(lake, "question_mix", TableReport(frame=MIX.to_table()))
    build = Build(LakePaths(lake.paths.root), lake.paths.root / "checkpoints", lambda *_: None)
    pairs = build_pairs(*rows_and_folds(dealt.read()), MIX)
    plain = stored(lake, "plain", TableReport(frame=pairs))

    report = dataset.paired_questions(dealt, mix, build)

    kept = stored(lake, "paired_questions", report)
    assert kept.manifest.checksums == plain.manifest.checksums
    assert bool(report.blocks) == files
    assert report.facts == {"single_examples": 60, "joined_examples": 30}
    assert "mix" in report.notes
