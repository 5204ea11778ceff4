"""Work on a cluster of two nodes: the contract, real work, and what becomes of it when they die."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from hansol_assets.compute import ray_compute
from hansol_assets.compute.cluster import LostWorkError
from hansol_assets.compute.current import Compute
from hansol_assets.compute.protocol import BlockWork
from hansol_assets.compute.ray_compute import RayCompute
from hansol_assets.embedding.cached import EmbedTexts
from hansol_assets.embedding.muse import DIMENSIONS, MuseEmbedder
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.lake.store import Lake
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.generation import AnswerPrompts, GenerationRequest
from hansol_assets.modeling.hyperparameters import GenerationSettings
from hansol_assets.modeling.training.adapter import AdapterReport, TrainAdapter
from hansol_assets_tests.compute.conftest import Connect, TwoNodes
from hansol_assets_tests.compute.contract import CASES, Case, require_meeting
from hansol_assets_tests.compute.works import (
    Doubling,
    DyingAfter,
    InTurn,
    Meeting,
    blocks_of,
    noted,
)
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.graph import run_graph
from hansol_assets_tests.modeling.conftest import (
    PAIRS,
    base_dir,
    documents,
    ignore,
    small_training_settings,
    user,
)

pytestmark = [pytest.mark.ray, pytest.mark.slow]

__all__ = ["base_dir", "documents"]

ACTOR = "ray::MapWorker"
MEMBER = "ray::RayTrainWorker"
DEADLINE = 180


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_contract_holds_on_a_cluster(case: Case, connect: Connect, tmp_path: Path) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    # One process for blocks: what several do is seen where some are killed.
    case(connect(workers=1, least_workers=1, training_workers=2), folder)


def once(is_so: Callable[[], bool], act: Callable[[], None]) -> "Future[None]":
    """Does something as soon as something else is so."""

    def wait() -> None:
        until = time.monotonic() + DEADLINE
        while not is_so():
            assert time.monotonic() < until, "it never came to that"
            time.sleep(0.02)
        act()

    return ThreadPoolExecutor(1).submit(wait)


def kill(nodes: TwoNodes, title: str) -> Callable[[], None]:
    """Kills one of the cluster's processes as the system does that has no memory left."""
    return lambda: nodes.processes(title)[0].kill()


def test_a_killed_process_costs_the_block_that_it_had(
    connect: Connect, two_nodes: TwoNodes, tmp_path: Path
) -> None:
    folder = tmp_path / "notes"
    folder.mkdir()
    compute = connect()
    killing = once(lambda: len(noted(folder, "block-*")) >= 3, kill(two_nodes, ACTOR))
    blocks = blocks_of(*[5] * 12)
    made = pa.concat_tables(compute.workers(Doubling(folder, seconds=0.3, together=2)).map(blocks))
    killing.result()
    assert made["doubled"].to_pylist() == list(range(0, 120, 2))
    assert len(set(noted(folder, "opened"))) == 3
    assert compute.done[-1].retries == 1
    # What was done before was not done again.
    assert len(noted(folder, "block-*")) <= 12 + 2


def disturbed(
    compute: RayCompute, work: BlockWork, blocks: list[pa.Table], *faults: Callable[[], None]
) -> pa.Table:
    """Does the work, with one of the faults after each of the first blocks."""
    got, made = [], compute.workers(work).map(blocks)
    for fault in faults:
        got.append(next(made))
        fault()
    got += made
    assert compute.done[-1].retries >= 1
    return pa.concat_tables(got)


def training(base_dir: Path, folder: Path, **changes: Any) -> TrainAdapter:
    rows = pd.DataFrame([(user(q), a) for q, a in PAIRS], columns=["messages", "answer"])
    return TrainAdapter(
        base_dir=base_dir,
        examples=rows[:6],
        held_out=rows[:2],
        settings=small_training_settings(
            **{"epochs": 30, "max_steps": 40, "save_steps": 2, **changes}
        ),
        out_dir=folder / "adapter",
        checkpoint_dir=folder / "checkpoints",
        loading=LoadingSettings(),
        judged=rows[6:],
        data={},
        tracking_dir=folder / "tracking",
    )


def train(compute: Any, base_dir: Path, folder: Path, **changes: Any) -> AdapterReport:
    report = compute.together(training(base_dir, folder, **changes), ignore)
    assert isinstance(report, AdapterReport)
    return report


@pytest.fixture(scope="module")
def alone(base_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, AdapterReport]:
    """The same training on this machine."""
    folder = tmp_path_factory.mktemp("alone")
    return folder, train(Compute(), base_dir, folder)


TEXTS = [f"{number}번째 벽의 벽지가 {number % 7}군데 들떴어요." for number in range(1_100)]


def test_vectors_are_those_of_this_machine_whatever_is_lost(
    connect: Connect, two_nodes: TwoNodes
) -> None:
    work = EmbedTexts(MuseEmbedder, DIMENSIONS, fewest_to_send=0)
    blocks = [
        pa.table({"key": TEXTS[start : start + 100], "text": TEXTS[start : start + 100]})
        for start in range(0, len(TEXTS), 100)
    ]
    here = pa.concat_tables(Compute().workers(work).map(blocks))
    faults = kill(two_nodes, ACTOR), two_nodes.lose_second
    assert disturbed(connect(), work, blocks, *faults).equals(here)


def test_answers_are_those_of_this_machine_though_a_process_is_killed(
    connect: Connect,
    two_nodes: TwoNodes,
    base_dir: Path,
    alone: tuple[Path, AdapterReport],
) -> None:
    settings = GenerationSettings(max_new_tokens=24, samples=1, batch_size=4)
    work = AnswerPrompts(base_dir, alone[0] / "adapter", settings, LoadingSettings())
    requests = [
        GenerationRequest(f"q{place}", user(f"{question} {place}"))
        for place, (question, _) in enumerate(PAIRS * 4)
    ]
    blocks = work.blocks(requests)
    here = pa.concat_tables(Compute().workers(work).map(blocks))
    compute = connect(workers=1, least_workers=1)
    found = disturbed(compute, work, blocks, kill(two_nodes, ACTOR))
    assert found.drop_columns(["seconds"]).equals(here.drop_columns(["seconds"]))
    assert found["problem"].null_count == len(found) == 2 * len(requests)


def weights(folder: Path) -> bytes:
    return (folder / "adapter" / "adapter_model.safetensors").read_bytes()


def assert_same_losses(found: AdapterReport, wanted: AdapterReport) -> None:
    for column in ("loss", "eval_loss"):
        np.testing.assert_allclose(found.history[column], wanted.history[column], rtol=0.01)
    assert (found.tokens, found.kept_step) == (wanted.tokens, wanted.kept_step)


def losing(lose: Callable[[], None], folder: Path) -> "Future[None]":
    """Loses something once the fourth step of a training is kept."""
    return once((folder / "checkpoints" / "checkpoint-4" / "trainer_state.json").exists, lose)


def test_two_workers_do_together_what_one_does(
    connect: Connect, base_dir: Path, alone: tuple[Path, AdapterReport], tmp_path: Path
) -> None:
    lines: list[tuple[str, dict[str, float]]] = []

    def send(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        lines.append((line, dict(figures)))

    compute = connect(training_workers=2)
    adapter = training(base_dir, tmp_path / "two")
    works = Meeting(tmp_path), adapter
    met, report = compute.together(InTurn(works), send)
    require_meeting(met, lines)
    assert met["members"] == 2
    assert_same_losses(report, alone[1])
    assert adapter.rows == 40 * 4
    done = compute.done[-1]
    assert (done.name, done.workers, done.retries) == ("several", 2, 0)
    assert done.rows == sum(work.rows for work in works)


def test_a_killed_worker_costs_the_steps_since_its_checkpoint_and_one_more_is_the_end(
    connect: Connect,
    two_nodes: TwoNodes,
    base_dir: Path,
    alone: tuple[Path, AdapterReport],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ray_compute, "MAX_FAILURES", 1)
    lines: list[str] = []

    def send(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        lines.append(line)

    folder, result = tmp_path / "killed", tmp_path / "report"
    work = DyingAfter(training(base_dir, folder), result)
    killing = losing(kill(two_nodes, MEMBER), folder)
    with pytest.raises(LostWorkError, match=r"dying on the Ray cluster was given up: .*run again"):
        connect().together(work, send)
    killing.result()
    assert len([line for line in lines if "was lost" in line]) == 2
    report = pickle.loads(result.read_bytes())  # noqa: S301 - a worker of this test wrote it
    assert report.resumed_from_step in range(4, 40, 2)
    assert weights(folder) == weights(alone[0])


def test_a_lost_node_leaves_a_smaller_group(
    connect: Connect,
    two_nodes: TwoNodes,
    base_dir: Path,
    alone: tuple[Path, AdapterReport],
    tmp_path: Path,
) -> None:
    # Each worker takes a whole node.
    compute = connect(training_workers=2, least_training_workers=1, cpus_per_worker=2)
    loss = losing(two_nodes.lose_second, tmp_path)
    report = train(compute, base_dir, tmp_path)
    loss.result()
    assert_same_losses(report, alone[1])
    assert (compute.done[-1].workers, compute.done[-1].retries) == (1, 1)


LISTENING = """
import sys
from pathlib import Path

import psutil

from hansol_assets.compute.ray_cluster import connected
from hansol_assets.compute.cluster import ClusterSettings

with connected(ClusterSettings(workers=1), Path(sys.argv[1])) as cluster:
    this = psutil.Process()
    for process in (this, *this.children(recursive=True)):
        for one in process.net_connections("tcp"):
            if one.status == psutil.CONN_LISTEN:
                print(one.laddr.ip.removeprefix("::ffff:"))
"""


def test_a_cluster_that_is_started_here_listens_on_this_machine_alone(tmp_path: Path) -> None:
    environment = {name: text for name, text in os.environ.items() if not name.startswith("RAY_")}
    told = subprocess.run(
        [sys.executable, "-c", LISTENING, tmp_path],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(told.stdout.split()) == {"127.0.0.1"}


def test_the_graph_runs_on_a_cluster_and_makes_the_same(
    connect: Connect, untrained: Path, undisturbed: Reference, raw_dir: Path, tmp_path: Path
) -> None:
    with dg.DagsterInstance.ephemeral(tempdir=str(tmp_path)) as instance:
        run = run_graph(untrained, raw_dir, instance, compute="ray", cluster={"workers": 1})
    assert run.failures == {}
    wanted = Lake(undisturbed.lake, "small")
    made = {asset for asset, status in run.statuses.items() if status != "reused"}
    assert {"lora_adapter", "test_candidates", "submission"} <= made
    for asset, version in run.data_versions.items():
        if asset in run.statuses:
            assert version == wanted.live(asset).version, asset
    assert run.submission == (wanted.paths.latest_submission / "submission.csv").read_bytes()
    facts = run.metadata["lora_adapter"]
    assert (facts["training_workers"], facts["training_retries"]) == (1, 0)
    assert facts["training_rows_per_second"] > 0
    told = run.metadata["test_candidates"]
    assert told["generation_rows"] == told["prompts_answered"]
