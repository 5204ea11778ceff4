"""kill -9 of real runs, at points spread over all assets and at random moments."""

import random
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path

import dagster as dg
import pytest

from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.run_locks import end_dead_runs, run_lock
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.points import BUILD, OUTSIDE, Fault, Point
from hansol_assets_tests.faults.runs import KILLED, Ended, ForkServer, submitted

pytestmark = pytest.mark.slow

SEED = 20240305
POINTS = 34
CHAINS = 2
"""Lakes on which runs are killed one after the other, each where the last one went on."""

AT_ONCE = 2
RANDOM_MOMENTS = 2
RUN_ID = "0b6a4d7e-5e1c-4d0f-9a53-3a1b8a4f6c21"
STARTED = dg.DagsterRunStatus.STARTED


def spread_points(trace: Sequence[Point], chance: random.Random) -> list[list[Point]]:
    """Draws points of every asset and deals them to chains, each in the order of the run."""
    assets = dict.fromkeys(point.asset for point in trace)
    drawn = {chance.choice([point for point in trace if point.asset == asset]) for asset in assets}
    others = [point for point in trace if point not in drawn]
    drawn.update(chance.sample(others, POINTS - len(drawn)))
    ordered = [point for point in trace if point in drawn]
    return [ordered[chain::CHAINS] for chain in range(CHAINS)]


def run_killed(
    server: ForkServer, raw_dir: Path, lakes: Sequence[Path], chains: Sequence[Sequence[Point]]
) -> list[list[Ended]]:
    """Runs chains side by side: a killed run for each point, and one that nothing disturbs."""
    runs: list[list[Ended]] = [[] for _ in chains]
    for step in zip_longest(*([*chain, None] for chain in chains), fillvalue="done"):
        started = {
            number: server.start(lakes[number], raw_dir, fault=point and Fault(point, "kill"))
            for number, point in enumerate(step)
            if point != "done"
        }
        for number, name in started.items():
            runs[number].append(server.wait(name))
    return runs


def weights(lake: Path) -> dict[str, str]:
    """The checksums of everything trained that is live in a lake."""
    killed = Lake(lake, "small")
    return {
        f"{asset}/{name}": checksum
        for asset in ("answer_embedder", "base_model", "lora_adapter", "vector_blend")
        for name, checksum in killed.live(asset).checksums.items()
    }


def assert_as_undisturbed(lake: Path, last: Ended, undisturbed: Reference) -> None:
    assert (last.code, last.failures) == (0, {}), last.log
    assert last.statuses.keys() == undisturbed.ended.statuses.keys()
    assert submitted(lake) == submitted(undisturbed.lake)
    assert weights(lake) == weights(undisturbed.lake)


def redone(runs: Sequence[Ended]) -> Counter[str]:
    """How often the work on each asset began again."""
    begun = Counter(asset for run in runs for asset in run.begun)
    return begun - Counter(begun.keys())


def test_killed_runs_go_on_to_the_same_bytes(
    server: ForkServer,
    undisturbed: Reference,
    raw_dir: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chains = spread_points(undisturbed.ended.trace, random.Random(SEED))
    lakes = [tmp_path / f"lake-{number}" for number in range(CHAINS)]
    runs = [
        chain
        for first in range(0, CHAINS, AT_ONCE)
        for chain in run_killed(
            server,
            raw_dir,
            lakes[first : first + AT_ONCE],
            chains[first : first + AT_ONCE],
        )
    ]
    killed = [run for chain in runs for run in chain if run.code == KILLED]
    assert len(killed) >= 30
    assert {run.trace[-1].asset for run in killed} == {*undisturbed.ended.statuses, OUTSIDE}
    for lake, chain in zip(lakes, runs, strict=True):
        assert_as_undisturbed(lake, chain[-1], undisturbed)
        # A kill costs the work in flight and nothing else.
        assert redone(chain).total() <= sum(run.code == KILLED for run in chain)
    again = sum((redone(chain) for chain in runs), Counter[str]())
    with capsys.disabled():
        print(f"\n{len(killed)} kills, {again.total()} assets begun again: {dict(again)}")


def test_runs_killed_at_random_moments_go_on_to_the_same_bytes(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, tmp_path: Path
) -> None:
    chance = random.Random(SEED)
    lakes = [tmp_path / f"lake-{number}" for number in range(AT_ONCE)]
    homes = [tmp_path / f"home-{number}" for number in range(AT_ONCE)]
    killed = 0
    for _ in range(RANDOM_MOMENTS):
        started = [
            server.start(lake, raw_dir, kill_after=chance.uniform(2.0, 6.0), home=home)
            for lake, home in zip(lakes, homes, strict=True)
        ]
        killed += sum(server.wait(name).code == KILLED for name in started)
    assert killed >= RANDOM_MOMENTS
    last = [server.start(lake, raw_dir, home=home) for lake, home in zip(lakes, homes, strict=True)]
    for lake, name in zip(lakes, last, strict=True):
        assert_as_undisturbed(lake, server.wait(name), undisturbed)


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


def test_training_and_generation_go_on_from_where_they_were(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, untrained: Path
) -> None:
    lake = untrained
    trace = undisturbed.ended.trace
    saved = first_after(trace, "lora_adapter", "after Trainer._save_checkpoint")
    generated = first_after(trace, "validation_candidates", "after GenerationMixin.generate")
    # By then the first batch is kept. Commits are no mark: a lake that knows its texts has fewer.
    answered = first_after(
        trace[trace.index(generated) + 1 :], generated.asset, "after GenerationMixin.generate"
    )
    assert server.run(lake, raw_dir, fault=Fault(saved, "kill")).code == KILLED
    training = server.run(lake, raw_dir, fault=Fault(answered, "kill"))
    assert training.code == KILLED
    steps = [point for point in training.trace if point.call == "after Trainer.training_step"]
    assert len(steps) == 2
    last = server.run(lake, raw_dir)
    adapter = Lake(lake, "small").live("lora_adapter")
    assert adapter.facts["resumed_from_step"] == 2
    (resumed,) = [line for line in last.lines if line.startswith("resumed: ")]
    assert resumed.startswith("resumed: 8 of 13 questions")
    assert last.unpickled == ()
    assert_as_undisturbed(lake, last, undisturbed)
