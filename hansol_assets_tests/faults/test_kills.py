"""kill -9 of real runs, at points spread over all assets and at random moments."""

import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import dagster as dg
import pytest

from hansol_assets.lake.cache import EMBEDDINGS
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.run_locks import end_dead_runs, run_lock
from hansol_assets_tests.faults.fixtures import Reference, assert_as_undisturbed
from hansol_assets_tests.faults.points import BUILD, OUTSIDE, Fault, Point
from hansol_assets_tests.faults.runs import KILLED, Ended, ForkServer
from hansol_assets_tests.graph import begin_with_texts_of

pytestmark = pytest.mark.slow

SEED = 20240305
RANDOM_MOMENTS = 2
RUN_ID = "0b6a4d7e-5e1c-4d0f-9a53-3a1b8a4f6c21"
STARTED = dg.DagsterRunStatus.STARTED


def spread_points(trace: Sequence[Point], chance: random.Random) -> list[Point]:
    """Draws a point of every asset, in the order of the run, and one between assets."""
    assets = dict.fromkeys(point.asset for point in trace)
    drawn = {chance.choice([own for own in trace if own.asset == asset]) for asset in assets}
    return [point for point in trace if point in drawn]


def run_killed(
    server: ForkServer, raw_dir: Path, lake: Path, points: Sequence[Point], order: Sequence[str]
) -> list[Ended]:
    """Kills a run at each point, and has one go on to the end that nothing disturbs.

    Each but the last makes what is missing up to the asset in which it is killed: what is there
    is passed by the last run, and by every run of the other tests.
    """
    runs = []
    for point in points:
        reached = order[: order.index(point.asset) + 1] if point.asset in order else order
        missing = [name for name in reached if Lake(lake, "small").find_live(name) is None]
        fault = Fault(point, "kill")
        runs.append(server.run(lake, raw_dir, fault=fault, select=missing or reached))
    return [*runs, server.run(lake, raw_dir)]


def redone(runs: Sequence[Ended]) -> Counter[str]:
    """How often the work on each asset began again."""
    begun = Counter(asset for run in runs for asset in run.begun)
    return begun - Counter(begun.keys())


def test_killed_runs_go_on_to_the_same_bytes(
    server: ForkServer,
    undisturbed: Reference,
    texts: Lake,
    raw_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    points = spread_points(undisturbed.ended.trace, random.Random(SEED))
    order = [point.asset for point in points if point.asset != OUTSIDE]
    lake = tmp_path / "lake"
    begin_with_texts_of(texts, lake)
    runs = run_killed(server, raw_dir, lake, points, order)
    killed = [run for run in runs if run.code == KILLED]
    assert {run.trace[-1].asset for run in killed} == {*undisturbed.ended.statuses, OUTSIDE}
    assert_as_undisturbed(lake, runs[-1], undisturbed)
    # A kill costs the work in flight and nothing else.
    again = redone(runs)
    assert again.total() <= len(killed)
    with capsys.disabled():
        print(f"\n{len(killed)} kills, {again.total()} assets begun again: {dict(again)}")


def test_runs_killed_at_random_moments_go_on_to_the_same_bytes(
    server: ForkServer, undisturbed: Reference, texts: Lake, raw_dir: Path, tmp_path: Path
) -> None:
    """Some of its texts are embedded anew, so that a kill may come while they are."""
    chance, lake, home = random.Random(SEED), tmp_path / "lake", tmp_path / "home"
    begin_with_texts_of(texts, lake)
    with Lake(lake, "small").warehouse.connection() as connection:
        connection.execute(f"delete from cache.{EMBEDDINGS} where hash(key) % 8 = 0")
    for _ in range(RANDOM_MOMENTS):
        ended = server.run(lake, raw_dir, kill_after=chance.uniform(1.0, 4.0), home=home)
        assert ended.code == KILLED
    last = server.run(lake, raw_dir, home=home)
    assert_as_undisturbed(lake, last, undisturbed)


def test_a_killed_run_is_ended_and_gives_its_place_at_the_gpu_free(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, tmp_path: Path
) -> None:
    point = first_after(undisturbed.ended.trace, "answer_embedder", BUILD)
    home, lake = tmp_path / "home", tmp_path / "lake"
    assert server.run(lake, raw_dir, fault=Fault(point, "kill"), home=home).code == KILLED
    with dg.DagsterInstance.from_config(str(home)) as instance:
        (killed,) = instance.get_runs()
        assert killed.status == dg.DagsterRunStatus.STARTED
        assert slot_holders(instance) == {killed.run_id}
        assert end_dead_runs(instance, lake / "locks") == [killed.run_id]
        assert end_dead_runs(instance, lake / "locks") == []
        assert slot_holders(instance) == set()
        (killed,) = instance.get_runs()
        assert killed.status == dg.DagsterRunStatus.FAILURE


def slot_holders(instance: dg.DagsterInstance) -> set[str]:
    slots = instance.event_log_storage.get_concurrency_info("gpu").claimed_slots
    return {slot.run_id for slot in slots}


def test_a_run_that_goes_on_is_not_ended(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance, run_lock(RUN_ID, tmp_path):
        instance.add_run(dg.DagsterRun("refresh", run_id=RUN_ID, status=STARTED))
        assert end_dead_runs(instance, tmp_path) == []
        assert [path.name for path in tmp_path.iterdir()] == [f"run-{RUN_ID}.lock"]
    assert list(tmp_path.iterdir()) == []


def first_after(trace: Sequence[Point], asset: str, call: str) -> Point:
    return next(point for point in trace if (point.asset, point.call) == (asset, call))
