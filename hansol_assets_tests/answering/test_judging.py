"""Another judge scores texts alone, and figures of two judges are never compared."""

import shutil
from pathlib import Path

import dagster as dg
import numpy as np
import pytest

from hansol_assets_tests.embedding.models import static_model
from hansol_assets_tests.graph import GraphRun, run_graph

pytestmark = pytest.mark.slow

JUDGED = dg.AssetSelection.assets("judge_embedder", "validation_scores", "leaderboard")


@pytest.fixture(scope="module")
def otherwise(
    graph: GraphRun,
    raw_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    instance: dg.DagsterInstance,
) -> GraphRun:
    """The same answers, judged by a pretrained model of another space."""
    folder = tmp_path_factory.mktemp("judge")
    static_model(64).save_pretrained(str(folder / "model"), create_model_card=False)
    shutil.copytree(graph.settings.lake_dir, folder / "lake", symlinks=True)
    judge = {"kind": "hub", "model_id": str(folder / "model"), "dimensions": 64}
    return run_graph(folder / "lake", raw_dir, instance, select=JUDGED, scores={"judge": judge})


def test_every_figure_names_its_judge(graph: GraphRun, otherwise: GraphRun) -> None:
    assert otherwise.failures == {}
    own, other = (run.metadata["validation_scores"]["judge"] for run in (graph, otherwise))
    assert own == "muse 0.2.1"
    assert "model" in other
    assert set(graph.table("leaderboard")["judge"]) == {own}
    assert set(otherwise.table("leaderboard")["judge"]) == {own, other}


def test_vectors_of_another_space_are_not_scored(graph: GraphRun, otherwise: GraphRun) -> None:
    scores = otherwise.table("validation_scores")
    assert otherwise.metadata["validation_scores"]["strategy"] == "answer"
    assert {"blend", "consensus"}.isdisjoint(scores.columns)
    assert scores[["answer", "human", "centroid"]].notna().all(axis=None)
    assert not np.isnan(otherwise.metadata["validation_scores"]["private"])
    assert {"blend", "consensus"} <= set(graph.table("validation_scores").columns)


def test_figures_of_two_judges_are_not_compared(otherwise: GraphRun) -> None:
    assert "compared_with" not in otherwise.metadata["leaderboard"]
