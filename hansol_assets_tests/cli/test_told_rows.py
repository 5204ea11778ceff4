"""A table without a column of ids: wherever a person reads, a row is told of by its number."""

import json
import re
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest
from typer.testing import CliRunner

from hansol_assets.answering.asking import Asker
from hansol_assets.cli.ask_page import KOREAN, sources_html
from hansol_assets.cli.main import app
from hansol_assets.lake.store import Lake
from hansol_assets.settings import Settings
from hansol_assets_tests.answering.review_files import rows_of
from hansol_assets_tests.graph import SMALL_PROFILE, GraphRun, begin_with_texts_of, run_graph

pytestmark = pytest.mark.slow

HASH = re.compile(r"\b[a-z]+_[0-9a-f]{12}")
TEST_ID = "TEST_000"


@pytest.fixture(scope="module")
def settings(
    graph: GraphRun,
    raw_dir: Path,
    tmp_path_factory: pytest.TempPathFactory,
    instance: dg.DagsterInstance,
) -> Settings:
    """Of a lake whose rows have no ids, every answer of which is doubtful."""
    folder = tmp_path_factory.mktemp("told")
    rows = pd.read_csv(raw_dir / "train.csv", dtype=str)
    rows.drop(columns="id").to_csv(folder / "train.csv", index=False)
    for name in ("test.csv", "sample_submission.csv"):
        (folder / name).write_bytes((raw_dir / name).read_bytes())
    begin_with_texts_of(graph.lake, folder / "lake")
    done = run_graph(folder / "lake", folder, instance, verdicts={"review_below": 1.0})
    assert done.failures == {}
    return done.settings


@pytest.fixture
def run(settings: Settings, raw_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HANSOL_PROFILE", str(SMALL_PROFILE))
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(settings.lake_dir))

    def invoke(*arguments: str) -> str:
        result = CliRunner().invoke(app, arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    return invoke


def question(raw_dir: Path, number: int) -> str:
    return str(pd.read_csv(raw_dir / "train.csv", dtype=str)["질문_1"][number - 1])


@pytest.mark.parametrize(
    "arguments", [("ask", "벽지는 왜 우나요?"), ("explain", TEST_ID), ("review",)]
)
def test_the_terminal_shows_no_hash(run: Any, arguments: tuple[str, ...]) -> None:
    assert HASH.findall(run(*arguments)) == []


def test_programs_get_the_number_beside_the_id(run: Any, raw_dir: Path) -> None:
    explained = json.loads(run("explain", TEST_ID, "--json"))
    answer = json.loads(run("ask", question(raw_dir, 7), "--json"))

    assert answer["quotes"][0]["source_row"] == "7"
    for row in (*answer["nearest"], *explained["quotes"], *explained["nearest"]):
        assert HASH.fullmatch(row["source_id"])
        assert row["source_question"] == question(raw_dir, int(row["source_row"]))
    for part in explained["parts"]:
        assert all(row["source_row"].isdigit() for row in part["retrieved"])


def test_the_page_shows_no_hash(settings: Settings, run: Any, raw_dir: Path) -> None:
    asker = Asker.open(Lake(settings.lake_dir, settings.profile_name), settings.verdicts)
    page = sources_html(asker.ask(question(raw_dir, 7)), KOREAN)

    assert "행 7<" in page
    assert HASH.findall(page) == []


def test_the_review_file_shows_no_hash(run: Any, settings: Settings) -> None:
    run("review", "--export")

    rows = rows_of(settings.review_file)
    assert rows
    assert all(row["nearest_row"].isdigit() for row in rows)
    assert all(HASH.findall(" ".join(row.values())) == [] for row in rows)
