"""What is made, found, named by its content, and up to date."""

import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.lake.blocks import spooled
from hansol_assets.lake.declaration import (
    Bound,
    lake_table,
)
from hansol_assets.lake.handles import Table
from hansol_assets.lake.inventory import lake_status, verify
from hansol_assets.lake.making import (
    UpToDate,
    find_up_to_date,
    note_run,
    remove_run_note,
)
from hansol_assets.lake.manifest import ancestry
from hansol_assets.lake.pruning import Retention, prune
from hansol_assets.lake.reports import Build, TableReport
from hansol_assets.lake.store import Lake
from hansol_assets_tests.lake.declared import (
    Folds,
    Settings,
    declaration_of,
    model,
    raw,
    run,
    size,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", "tiny")


def test_a_result_that_is_named_by_its_content_moves_only_with_it(lake: Lake, file: Path) -> None:
    run(lake, raw, file)
    assert run(lake, size, file).status == "new"
    assert run(lake, model, file).status == "new"
    file.write_text("A B C D", encoding="utf-8")
    assert run(lake, raw, file).status == "new"
    assert run(lake, size, file).status == "reused"
    assert run(lake, model, file).status == "reused"
    file.write_text(" ".join("ABCDEFGHIJ"), encoding="utf-8")
    run(lake, raw, file)
    assert run(lake, size, file).status == "new"
    assert run(lake, model, file).status == "new"


def test_results_of_the_same_rows_are_stored_once_and_each_knows_its_inputs(
    lake: Lake, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = run(lake, raw, file).manifest
    one = run(lake, size, file).manifest
    file.write_text("A B C D", encoding="utf-8")
    second = run(lake, raw, file).manifest
    other = run(lake, size, file).manifest
    assert one.key == other.key
    assert one.fingerprint != other.fingerprint
    assert lake.warehouse.versions("size") == {one.version}
    assert [item.inputs["raw"] for item in (one, other)] == [first.version, second.version]
    made = run(lake, model, file).manifest
    assert ancestry(lake.paths, made)["raw"] == second
    monkeypatch.setattr(Bound, "call", lambda *_: pytest.fail("it was worked out again"))
    file.write_text("A B C", encoding="utf-8")
    for body in (raw, size, model):
        assert run(lake, body, file).status == "reused"
    assert lake.live("size") == one


@lake_table(kinds={"duckdb"}, named_by_content=True)
def longest(raw: Table, longest: Table | None) -> TableReport:
    """The most rows that there ever were."""
    before = longest.read()["rows"][0] if longest else 0
    return TableReport(frame=pd.DataFrame({"rows": [max(before, len(raw.read()))]}))


def test_a_result_may_look_at_the_one_before(
    lake: Lake, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lake, raw, file)
    run(lake, longest, file)
    file.write_text("A", encoding="utf-8")
    run(lake, raw, file)
    assert run(lake, longest, file).status == "reused"
    assert lake.table(lake.live("longest"))["rows"].tolist() == [3]
    monkeypatch.setattr(Bound, "call", lambda *_: pytest.fail("it was worked out again"))
    assert run(lake, longest, file).status == "reused"
    assert len(lake_status(lake).query("asset == 'longest'")) == 1


def test_a_table_of_several_works_is_pruned_with_the_last(lake: Lake, file: Path) -> None:
    for rows in ("A B C", "A B C D", " ".join("ABCDEFGHIJ")):
        file.write_text(rows, encoding="utf-8")
        for body in (raw, size):
            run(lake, body, file)
    few, many = lake_status(lake).query("asset == 'size'")["fingerprint"]
    assert lake_status(lake).query("profiles == 'tiny' and asset == 'size'")[
        "fingerprint"
    ].tolist() == [many]
    with lake.warehouse.transaction() as connection:
        connection.execute(f"update {lake.warehouse.table_name('size', many)} set tens = 7")
    (problem,) = verify(lake)
    assert (problem.asset, problem.version) == ("size", many)
    assert problem.remedy == "run 'hansol refresh': it is set aside and rebuilt"
    assert run(lake, size, file).status == "new"
    report = prune(lake, 1, Retention(published="model", history="board"))
    assert ("size", few) in report.removed
    assert ("size", many) in report.kept
    assert lake.warehouse.versions("size") == {many}
    assert verify(lake) == []


class RunSettings(Settings):
    file: Path

    @property
    def raw_files(self) -> dict[str, Path]:
        return {"train_csv": self.file}


def test_a_lake_is_up_to_date_until_something_changes(
    lake: Lake, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, bodies = RunSettings(file=file), (raw, size, longest, model)

    def find(settings: RunSettings = settings, home: Path = tmp_path) -> UpToDate | None:
        return find_up_to_date(map(declaration_of, bodies), lake, settings, home, 1)

    for body in bodies:
        run(lake, body, file)
    assert find() is None
    note_run(lake, settings, tmp_path, ["a warning"])
    state = find()
    assert state is not None
    assert [item.asset for item in state.manifests] == ["raw", "size", "longest", "model"]
    assert state.warnings == ["a warning"]
    assert find(RunSettings(file=file, strategy="text")) is None
    assert find(RunSettings(file=file, folds=Folds(report_every=1.0))) is None
    assert find(home=tmp_path / "other") is None
    with monkeypatch.context() as later:
        now = time.time()
        later.setattr("hansol_assets.lake.making.time.time", lambda: now + 2 * 3600)
        assert find() is None
    assert find() is not None
    file.write_text("A B", encoding="utf-8")
    assert find() is None
    file.write_text("A B C", encoding="utf-8")
    assert find() is not None
    with lake.warehouse.transaction() as connection:
        name = lake.warehouse.table_name("size", lake.live("size").version)
        connection.execute(f"update {name} set tens = 7")
    assert find() is None
    run(lake, size, file)
    assert find() is not None
    remove_run_note(lake.paths)
    assert find() is None


def damage_an_artifact(lake: Lake) -> None:
    live = lake.live("model")
    path = lake.paths.artifact(live.asset, live.version) / "model.txt"
    path.write_bytes(b"damaged")


def damage_a_table(lake: Lake) -> None:
    name = lake.warehouse.table_name("raw", lake.live("raw").version)
    with lake.warehouse.transaction() as connection:
        connection.execute(f"delete from {name} where rowid = 0")


def show_another_version(lake: Lake) -> None:
    with lake.warehouse.transaction() as connection:
        connection.execute("create or replace view size as select 1 as one")


def remove_the_submission(lake: Lake) -> None:
    (lake.paths.latest_submission / "submission.csv").unlink()


@pytest.mark.parametrize(
    "change",
    [damage_an_artifact, damage_a_table, show_another_version, remove_the_submission],
)
def test_whatever_is_missing_or_damaged_asks_for_a_run(
    lake: Lake, file: Path, tmp_path: Path, change: Callable[[Lake], None]
) -> None:
    settings, bodies = RunSettings(file=file), (raw, size, model)

    def is_up_to_date() -> bool:
        declarations = map(declaration_of, bodies)
        return find_up_to_date(declarations, lake, settings, tmp_path, 1) is not None

    lake.paths.latest_submission.mkdir(parents=True)
    (lake.paths.latest_submission / "submission.csv").touch()
    for body in bodies:
        run(lake, body, file)
    note_run(lake, settings, tmp_path, [])
    assert is_up_to_date()
    change(lake)
    assert not is_up_to_date()


@lake_table(kinds={"duckdb"}, named_by_content=True)
def long(raw: Table, build: Build) -> TableReport:
    """The rows, a block each."""
    return spooled(
        build, (TableReport(frame=pd.DataFrame({"id": [it]})) for it in raw.read()["id"])
    )


def test_all_blocks_of_a_long_table_name_it(lake: Lake, file: Path) -> None:
    versions = []
    for rows in ("A B C", "A B D", "A B C"):
        file.write_text(rows, encoding="utf-8")
        run(lake, raw, file)
        versions.append(run(lake, long, file).manifest.version)
    assert versions[0] == versions[2] != versions[1]
    assert lake.table(lake.live("long"))["id"].tolist() == ["A", "B", "C"]
