"""What a command says of bad input, and the code that it ends with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hansol_assets.cli.main import app
from hansol_assets_tests.graph import SMALL_PROFILE, write_raw_files


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    raw = tmp_path / "raw"
    raw.mkdir()
    write_raw_files(raw, rows=24, questions=6)
    monkeypatch.setenv("HANSOL_PROFILE", str(SMALL_PROFILE))
    monkeypatch.setenv("HANSOL_RAW_DIR", str(raw))
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(tmp_path / "lake"))
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path / "lake"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def test_a_bad_table_ends_a_refresh(lake: Path) -> None:
    path = lake.parent / "raw" / "train.csv"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("TRAIN_003,", "TRAIN_002,"), encoding="utf-8")
    result = run("refresh")
    assert result.exit_code == 1
    assert f"{path}: 1 violation of the table contract" in result.output
    assert "column id: 'TRAIN_002' already stands on line 4; give each row" in result.output
    assert "what was made before it is kept, and the next run goes on from there" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [["refresh"], ["lake", "status"], ["lake", "verify"]])
def test_a_newer_lake_ends_a_command(lake: Path, command: list[str]) -> None:
    lake.mkdir()
    (lake / "format").write_text("99\n", encoding="utf-8")
    result = run(*command)
    assert result.exit_code == 1
    assert "has format 99, and this version reads up to 1" in result.output
    assert "Traceback" not in result.output


def test_a_bad_setting_ends_a_command(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSOL_FOLDS__COUNT", "-1")
    result = run("refresh")
    assert result.exit_code == 1
    assert "setting 'folds.count' = '-1'" in result.output
    assert "Traceback" not in result.output
