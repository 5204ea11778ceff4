"""The figures of the README are those that a run measures."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import dagster as dg
import pytest

from hansol_assets.lake.store import Lake
from hansol_assets.profile_files import profile_path
from hansol_assets.settings import SAMPLE_DIRECTORY
from hansol_assets_tests.graph import begin_with_texts_of, run_graph

PROJECT = Path(__file__).parents[1]
TRAINED = 0.01
"""How far the submission's score may lie off: training differs from processor to processor."""
UNTRAINED = 0.0005


@pytest.fixture(scope="module")
def readme() -> ModuleType:
    sys.path.insert(0, str(PROJECT / "benchmarks"))
    try:
        return importlib.import_module("readme")
    finally:
        sys.path.pop(0)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_readmes_show_what_was_measured(readme: ModuleType, language: str) -> None:
    text = (PROJECT / readme.READMES[language]).read_text(encoding="utf-8")
    figures = json.loads(readme.RESULTS.read_text(encoding="utf-8"))
    assert readme.written(text, language, figures) == text


def of_name(board: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The rows that a run prints."""
    return {row["name"]: row for row in board if row["kind"] != "ablation"}


@pytest.mark.slow
def test_a_run_of_the_sample_gives_the_readmes_figures(
    readme: ModuleType, texts: Lake, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    begin_with_texts_of(texts, tmp_path)
    run = run_graph(
        tmp_path,
        SAMPLE_DIRECTORY,
        instance,
        profile=profile_path("tiny"),
        select=dg.AssetSelection.assets("leaderboard").upstream(),
    )
    assert run.failures == {}
    shown = of_name(json.loads(readme.RESULTS.read_text("utf-8"))["sample"])
    found = of_name(readme.board_of(run.lake))
    assert found.keys() == shown.keys() > {"nearest", "centroid", "human", "ceiling"}
    for name, row in shown.items():
        off = UNTRAINED if row["kind"] == "baseline" else TRAINED
        for figure in ("private", "known", "unknown"):
            assert found[name][figure] == pytest.approx(row[figure], abs=off), (name, figure)
