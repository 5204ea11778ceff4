"""Fixtures: one fork server for all tests of faults, and an undisturbed run to compare with."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.runs import Ended, ForkServer, fork_server, what_ended
from hansol_assets_tests.graph import take_out


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
    server: ForkServer, raw_dir: Path, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Reference:
    """Made by the worker that first asks for it; the others wait, and read the same lake."""
    own = tmp_path_factory.getbasetemp()
    folder = (own if worker_id == "master" else own.parent) / "undisturbed"
    lake, home, made = folder / "lake", folder / "home", folder / "run"
    folder.mkdir(exist_ok=True)
    with FileLock(folder / "lock"):
        if not made.exists():
            name = server.start(lake, raw_dir, home=home)
            ended = server.wait(name)
            assert (ended.code, ended.failures) == (0, {}), ended.log
            made.write_text(name, encoding="utf-8")
    return Reference(lake, home, what_ended(made.read_text(encoding="utf-8"), 0))


@pytest.fixture
def untrained(undisturbed: Reference, tmp_path: Path) -> Path:
    """A lake as a run leaves it that ended just before the adapter: for what goes wrong later."""
    lake = tmp_path / "lake"
    shutil.copytree(undisturbed.lake, lake, symlinks=True)
    take_out(Lake(lake, "small"), "lora_adapter")
    return lake
