"""What all tests share: settings of Hypothesis, small raw files, and a graph that was run once."""

import os
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from hypothesis import settings

from hansol_assets_tests.faults.fixtures import server, undisturbed  # noqa: F401
from hansol_assets_tests.graph import GraphRun, run_graph, write_raw_files
from hansol_assets_tests.qa.rows import training_table

# The machine's load decides how long an example takes, not the code under test.
settings.register_profile("hansol", deadline=None)
settings.load_profile("hansol")


FAST = {"answering", "assets", "lake", "qa", "test_definitions.py", "test_settings.py"}
"""Folders and files whose tests take seconds: `make check` runs them."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    root = Path(__file__).parent
    for item in items:
        is_slow = item.get_closest_marker("slow") or item.get_closest_marker("real")
        if not is_slow and item.path.relative_to(root).parts[0] in FAST:
            item.add_marker(pytest.mark.fast)


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
def raw_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 rows and 6 questions of the sample."""
    return write_raw_files(tmp_path_factory.mktemp("raw"), rows=24, questions=6)


@pytest.fixture(scope="session")
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture(scope="session")
def graph(
    raw_dir: Path, tmp_path_factory: pytest.TempPathFactory, instance: dg.DagsterInstance
) -> GraphRun:
    """The whole graph, materialised once with the smallest models; tests only read it."""
    run = run_graph(tmp_path_factory.mktemp("lake"), raw_dir, instance)
    assert run.failures == {}
    return run
