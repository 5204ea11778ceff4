"""Dagster's home: never another folder than the one that is named."""

from pathlib import Path

import pytest

from hansol_assets.errors import InputError
from hansol_assets.orchestration.home import VARIABLE, prepare_home


@pytest.mark.parametrize("name", ["My Repo", "a#b", "it's", "한글", "100%", "x" * 200])
def test_the_home_is_the_folder_that_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    home = prepare_home(tmp_path / name)
    assert home == tmp_path / name
    assert (home / "dagster.yaml").is_file()


@pytest.mark.parametrize("name", ["My%20Repo", "feat%2Flake", "a?b"])
def test_a_folder_that_dagster_takes_for_another_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(InputError, match="Nothing was written"):
        prepare_home(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("named", ["~/dagster", "dagster"])
def test_a_home_is_found_from_where_a_shell_would(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(VARIABLE, named)
    assert prepare_home(tmp_path / "unused") == tmp_path / "dagster"


def test_a_carriage_return_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, f"{tmp_path}/dagster\r")
    with pytest.raises(InputError, match="DAGSTER_HOME holds a carriage return"):
        prepare_home(tmp_path)
