"""One fork server for all tests of faults, and an undisturbed run to compare others with."""

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.runs import Ended, ForkServer, submitted, what_ended
from hansol_assets_tests.graph import begin_with_texts_of, take_out
from hansol_assets_tests.sharing import made_once


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
def server(shared_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ForkServer]:
    forks = ForkServer(tmp_path_factory.mktemp("runs"), shared_dir / "server.socket")
    with closing(forks):
        yield forks


@pytest.fixture(scope="session")
def undisturbed(
    request: pytest.FixtureRequest, raw_dir: Path, shared_dir: Path, texts: Lake
) -> Reference:
    """Made by the worker that first asks for it; all read the same lake."""

    def make(folder: Path) -> None:
        # Those who only read it start no server.
        server: ForkServer = request.getfixturevalue("server")
        begin_with_texts_of(texts, folder / "lake")
        name = server.start(folder / "lake", raw_dir, home=folder / "home")
        ended = server.wait(name)
        assert (ended.code, ended.failures) == (0, {}), ended.log
        (folder / "run").write_text(name, encoding="utf-8")

    folder = made_once(shared_dir / "undisturbed", make)
    name = (folder / "run").read_text(encoding="utf-8")
    return Reference(folder / "lake", folder / "home", what_ended(name, 0))


@pytest.fixture
def untrained(undisturbed: Reference, tmp_path: Path) -> Path:
    """A lake as a run leaves it that ended just before the adapter: for what goes wrong later."""
    lake = tmp_path / "lake"
    shutil.copytree(undisturbed.lake, lake, symlinks=True)
    take_out(Lake(lake, "small"), "lora_adapter")
    return lake


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
