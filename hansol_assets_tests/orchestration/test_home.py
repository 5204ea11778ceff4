"""Dagster's home, the process's environment, and rows as metadata."""

import os
from pathlib import Path

import pytest

from hansol_assets.errors import InputError
from hansol_assets.orchestration.home import DEFAULTS, VARIABLE, prepare_home, set_process_defaults
from hansol_assets.orchestration.metadata import table_value


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


def test_what_is_left_open_is_set_and_what_is_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OMP_WAIT_POLICY": "ACTIVE", "HOME": "/"})
    set_process_defaults()
    assert os.environ == {**DEFAULTS, "OMP_WAIT_POLICY": "ACTIVE", "HOME": "/"}


def test_no_personal_number_is_told_to_dagster() -> None:
    shown = table_value([{"id": "R1", "answers": "문의: 010-1234-5678", "row_number": 1}])

    record = {"id": "R1", "answers": "문의: ***-****-****", "row_number": 1}
    assert [dict(row.data) for row in shown.records] == [record]
