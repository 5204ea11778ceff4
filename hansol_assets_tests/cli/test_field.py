"""What stands around a command: its folder, its files, its words in another encoding."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from hansol_assets.cli.main import app

ROWS = "질문,답변\n왜 뜨나요?,풀이 말랐습니다.\n곰팡이는요?,물을 막습니다.\n"


@pytest.fixture
def lake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(tmp_path))
    monkeypatch.delenv("HANSOL_RAW_DIR", raising=False)
    (tmp_path / "raw").mkdir()
    return tmp_path


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


@pytest.mark.parametrize("name", ["train (1).csv", "학습데이터.csv"])
def test_doctor_reads_what_a_person_put_there(lake: Path, name: str) -> None:
    (lake / "raw" / name).write_text(ROWS, encoding="utf-8")
    result = invoke("doctor")
    assert result.exit_code == 0
    assert f"{name} found" in result.output
    assert "2 rows" in result.output


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("train.docx", "", "train.docx, and no table"),
        ("train.csv", "질문,비고\n왜?,ㄱ\n", "no column is known to hold answers"),
    ],
)
def test_doctor_fails_where_a_run_would(lake: Path, name: str, text: str, said: str) -> None:
    (lake / "raw" / name).write_text(text, encoding="utf-8")
    result = invoke("doctor")
    assert result.exit_code == 1
    assert said in result.output


def test_an_argument_in_another_encoding_is_refused(lake: Path) -> None:
    result = invoke("ask", "가".encode("cp949").decode(errors="surrogateescape"))
    assert result.exit_code == 1
    assert r"argument 2 is not UTF-8 text: \xb0\xa1" in result.output


def test_a_lake_that_cannot_be_written_ends_a_run_in_one_line(
    lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("hansol_assets.lake.disk.TemporaryFile", refused)
    result = invoke("refresh")
    assert result.exit_code == 1
    assert f"error: {lake}: the disk is read-only" in result.output


@pytest.mark.parametrize("name", ["a?b", "My%20Repo"])
def test_doctor_fails_where_a_run_could_not_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(tmp_path / name))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.delenv("HANSOL_RAW_DIR", raising=False)
    result = invoke("doctor")
    assert result.exit_code == 1
    assert "Nothing was written" in result.output
    assert list(tmp_path.iterdir()) == []
