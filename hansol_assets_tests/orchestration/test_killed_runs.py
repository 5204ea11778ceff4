"""Runs whose process is gone: ended as the web UI starts, and at every look at the raw files."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from typer.testing import CliRunner

from hansol_assets.cli.main import app
from hansol_assets.definitions import build_defs
from hansol_assets.orchestration.automation import watch_raw_files
from hansol_assets.orchestration.home import prepare_home
from hansol_assets.orchestration.resources import lake_resource
from hansol_assets.settings import load_settings

RUN_ID = "5f0d8e6c-2b1a-4c3d-9e8f-7a6b5c4d3e2f"


@pytest.fixture
def lake_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    return tmp_path / "lake"


@pytest.fixture
def instance(lake_dir: Path) -> Iterator[dg.DagsterInstance]:
    """Knows of a run that never came to its end, and holds no lock any more."""
    prepare_home(lake_dir / "dagster")
    locks = lake_dir / "locks"
    locks.mkdir(parents=True)
    (locks / f"run-{RUN_ID}.lock").touch()
    with dg.DagsterInstance.get() as opened:
        run = dg.DagsterRun("refresh", run_id=RUN_ID, status=dg.DagsterRunStatus.STARTED)
        opened.add_run(run)
        yield opened


def status(instance: dg.DagsterInstance) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(RUN_ID)
    assert run is not None
    return run.status


def test_home_ends_them(instance: dg.DagsterInstance, lake_dir: Path) -> None:
    result = CliRunner().invoke(app, ["home"])
    assert result.exit_code == 0, result.output
    assert f"run {RUN_ID} was killed" in " ".join(result.output.split())
    assert status(instance) == dg.DagsterRunStatus.FAILURE
    assert list((lake_dir / "locks").glob("run-*")) == []


def test_a_look_at_the_raw_files_ends_them(instance: dg.DagsterInstance) -> None:
    settings = load_settings()
    resources = {"lake": lake_resource(settings)}
    with dg.build_sensor_context(
        instance=instance, resources=resources, definitions=build_defs(settings=settings)
    ) as context:
        watch_raw_files(context)
    assert status(instance) == dg.DagsterRunStatus.FAILURE
