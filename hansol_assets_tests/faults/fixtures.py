"""Fixtures: one fork server for all tests of faults, and an undisturbed run to compare with."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hansol_assets_tests.faults.runs import Ended, ForkServer, fork_server


@dataclass(frozen=True)
class Reference:
    """A run that nothing disturbed; tests only read it.

    Attributes:
        lake: Its lake.
        home: Dagster's home while it ran.
        ended: What became of it.
    """

    lake: Path
    home: Path
    ended: Ended


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    with fork_server(tmp_path_factory.mktemp("runs")) as forks:
        yield forks


@pytest.fixture(scope="session")
def undisturbed(
    server: ForkServer, raw_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Reference:
    folder = tmp_path_factory.mktemp("undisturbed")
    lake, home = folder / "lake", folder / "home"
    ended = server.run(lake, raw_dir, home=home)
    assert (ended.code, ended.failures) == (0, {}), ended.log
    return Reference(lake, home, ended)
