"""What all tests share: settings of Hypothesis, small raw files, and a graph that was run once."""

import os
import pickle
import shutil
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from hypothesis import settings

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.e5 import E5Embedder
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import server, undisturbed, untrained  # noqa: F401
from hansol_assets_tests.graph import SHAPING_NOTHING, GraphRun, run_graph, write_raw_files
from hansol_assets_tests.qa.rows import training_table
from hansol_assets_tests.sharing import made_once

# The machine's load decides how long an example takes, not the code under test; and a change is
# judged by the examples that judged the one before it.
settings.register_profile("hansol", deadline=None, derandomize=True)
settings.register_profile("quick", settings.get_profile("hansol"), max_examples=20)
settings.load_profile("hansol")


FAST = {
    "answering", "asked", "assets", "compute", "deploy", "lake", "qa", "test_definitions.py",
    "test_docs.py", "test_settings.py",
}  # fmt: skip
"""Folders and files whose tests take seconds: `make check` runs them."""


ROOT = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Lets Ctrl-C be heard, and tries fewer examples where only fast tests are asked for."""
    # What a shell runs in the background is told to ignore it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if config.option.markexpr == "fast":
        settings.load_profile("quick")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only fast tests are asked for, imports no others: that takes longer than the tests."""
    place = collection_path.relative_to(ROOT).parts
    return True if config.option.markexpr == "fast" and place and place[0] not in FAST else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks the fast tests, and puts the slowest files first: else one worker ends alone."""
    slow, slowest = set(), set()
    for item in items:
        forks = "server" in getattr(item, "fixturenames", ())
        is_slow, is_real, has_cluster = map(item.get_closest_marker, ("slow", "real", "ray"))
        if forks or has_cluster or (is_slow and is_real):
            slowest.add(item.path)
        if is_slow or is_real:
            slow.add(item.path)
        elif item.path.relative_to(ROOT).parts[0] in FAST:
            item.add_marker(pytest.mark.fast)
    items.sort(key=lambda item: (item.path not in slowest, item.path not in slow))


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the settings of the one who runs the tests out of them."""
    for name in os.environ:
        if name.startswith("HANSOL_") and name != "HANSOL_TEST_REAL_DIR":
            monkeypatch.delenv(name)


@pytest.fixture
def rows() -> pd.DataFrame:
    return training_table()


@pytest.fixture(scope="session")
def real_dir() -> Path:
    folder = os.environ.get("HANSOL_TEST_REAL_DIR", "")
    if not folder or not (Path(folder) / "train.csv").is_file():
        pytest.skip("HANSOL_TEST_REAL_DIR does not name a folder with the real train.csv")
    return Path(folder)


@pytest.fixture(scope="session")
def shared_dir(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A folder that all workers see."""
    own = tmp_path_factory.getbasetemp()
    return own if worker_id == "master" else own.parent


@pytest.fixture(scope="session")
def e5() -> Retriever:
    """The encoder that finds rows by default; it takes some seconds to load."""
    return Retriever(E5Embedder(), "query: ", "passage: ")


@pytest.fixture(scope="session")
def raw_dir(shared_dir: Path) -> Path:
    """24 rows and 6 questions of the sample; tests only read them."""
    return made_once(
        shared_dir / "raw", lambda folder: write_raw_files(folder, rows=24, questions=6)
    )


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="session")
def made_graph(raw_dir: Path, shared_dir: Path, instance: dg.DagsterInstance) -> GraphRun:
    """The whole graph, materialised by the worker that first asks for it."""

    def make(folder: Path) -> None:
        run = run_graph(folder / "lake", raw_dir, instance, **SHAPING_NOTHING)
        assert run.failures == {}
        (folder / "run").write_bytes(pickle.dumps(run))

    made = made_once(shared_dir / "graph", make)
    return pickle.loads((made / "run").read_bytes())  # noqa: S301 - a worker beside this one wrote it


@pytest.fixture(scope="session")
def texts(made_graph: GraphRun) -> Lake:
    """A lake whose texts are embedded and read: others begin with them."""
    return made_graph.lake


@pytest.fixture(scope="session")
def graph(made_graph: GraphRun, tmp_path_factory: pytest.TempPathFactory) -> GraphRun:
    """The whole graph, materialised once with the smallest models; tests only read it.

    Each worker has a copy of the lake: runs in which nothing is to be done, and what is asked by
    hand, leave notes there.
    """
    lake_dir = tmp_path_factory.mktemp("lake") / "lake"
    shutil.copytree(made_graph.settings.lake_dir, lake_dir, symlinks=True)
    settings = made_graph.settings.model_copy(update={"lake_dir": lake_dir})
    return replace(made_graph, settings=settings)
