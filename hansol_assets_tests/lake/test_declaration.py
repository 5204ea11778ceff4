"""A body reads what is named, and nothing else."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import pytest
from pydantic import BaseModel, ConfigDict

from hansol_assets.lake.blocks import spooled
from hansol_assets.lake.declaration import (
    Bound,
    DeclarationError,
    Setting,
    declaration_of,
    lake_artifact,
    lake_table,
)
from hansol_assets.lake.handles import Artifact, History, Source, Table, input_of
from hansol_assets.lake.inventory import lake_status, verify
from hansol_assets.lake.lake_errors import MissingInputError, MixedVersionsError, NotAnInputError
from hansol_assets.lake.making import (
    UpToDate,
    find_up_to_date,
    make,
    note_run,
    remove_run_note,
)
from hansol_assets.lake.manifest import ancestry
from hansol_assets.lake.pruning import Retention, prune
from hansol_assets.lake.reports import ArtifactBuild, Build, Outcome, Report, TableReport
from hansol_assets.lake.store import Lake
from hansol_assets.settings_model import ShapesNothing


class Folds(BaseModel):
    model_config = ConfigDict(frozen=True)
    count: int = 3
    salt: str = "a"
    report_every: Annotated[float, ShapesNothing()] = 5.0


class Settings(BaseModel):
    folds: Folds = Folds()
    strategy: str = "blend"


@lake_table(kinds={"duckdb"})
def raw(train_csv: Source) -> TableReport:
    """Rows."""
    return TableReport(frame=pd.DataFrame({"id": train_csv.path.read_text("utf-8").split()}))


@lake_table(kinds={"duckdb"})
def dealt(raw: Table, folds: Folds) -> TableReport:
    """Rows and folds."""
    frame = raw.read()
    return TableReport(frame=frame.assign(fold=frame.index % folds.count))


@lake_table(kinds={"duckdb"})
def reported(raw: Table, every: Annotated[float, Setting("folds.report_every")]) -> TableReport:
    """Rows, and how often progress is reported."""
    return TableReport(frame=raw.read(), facts={"report_every": every})


@lake_table(kinds={"duckdb"}, libraries=("numpy",))
def computed(raw: Table) -> TableReport:
    """Rows that a library makes."""
    return TableReport(frame=raw.read())


@lake_table(kinds={"duckdb"}, named_by_content=True, libraries=("numpy",))
def computed_by_content(raw: Table) -> TableReport:
    """The same, named by what they are."""
    return TableReport(frame=raw.read())


@lake_table(kinds={"duckdb"})
def of_count(raw: Table, folds: Annotated[Folds, Setting("folds", only=("count",))]) -> TableReport:
    """How many folds."""
    return TableReport(frame=raw.read(), facts={"count": folds.count})


@lake_table(kinds={"duckdb"})
def of_no_salt(
    raw: Table, folds: Annotated[Folds, Setting("folds", without=("salt",))]
) -> TableReport:
    """How many folds, likewise."""
    return TableReport(frame=raw.read(), facts={"count": folds.count})


@lake_table(kinds={"duckdb"}, named_by_content=True)
def size(raw: Table) -> TableReport:
    """How many rows there are, in tens."""
    return TableReport(frame=pd.DataFrame({"tens": [len(raw.read()) // 10]}))


@lake_artifact(kinds={"pytorch"})
def model(
    size: Table, strategy: Annotated[str, Setting("strategy")], build: ArtifactBuild
) -> Report:
    """A file."""
    (build.folder / "model.txt").write_text(f"{size.read()['tens'][0]} {strategy}", "utf-8")
    return Report()


@lake_artifact(kinds={"pytorch"})
def other_model(model: Artifact, build: ArtifactBuild) -> Report:
    """A file of the same."""
    (build.folder / "model.txt").write_bytes((model.open() / "model.txt").read_bytes())
    return Report()


@lake_table(kinds={"duckdb"})
def board(dealt: History) -> TableReport:
    """Every version."""
    versions = [item.version for item in (*dealt.earlier, dealt)]
    return TableReport(frame=pd.DataFrame({"version": versions}))


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", "tiny")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.csv"
    path.write_text("A B C", encoding="utf-8")
    return path


def run(lake: Lake, body: object, file: Path, settings: Settings | None = None) -> Outcome:
    declaration = declaration_of(body)  # type: ignore[arg-type]
    return make(declaration.bind(lake, settings or Settings(), {"train_csv": file}), print)


def counted(calls: list[object], call: Callable[..., object]) -> Callable[..., object]:
    def counting(*given: object) -> object:
        calls.append(given)
        return call(*given)

    return counting


def test_a_body_is_a_plain_function(file: Path) -> None:
    assert raw(Source.pin(file)).frame["id"].tolist() == ["A", "B", "C"]


def test_dependencies_follow_from_the_parameters() -> None:
    declaration = declaration_of(dealt)
    assert (declaration.name, declaration.input_names) == ("dealt", ["raw"])
    assert dict(declaration.settings) == {"folds": Setting("folds")}
    assert declaration.description == "Rows and folds."


def test_what_is_there_is_found(lake: Lake, file: Path) -> None:
    assert run(lake, raw, file).status == "new"
    assert run(lake, raw, file).status == "reused"
    assert run(lake, dealt, file).status == "new"
    assert run(lake, dealt, file, Settings(strategy="text")).status == "reused"
    assert run(lake, dealt, file, Settings(folds=Folds(count=2))).status == "new"
    file.write_text("A B", encoding="utf-8")
    assert run(lake, raw, file).status == "new"
    assert run(lake, dealt, file).status == "new"


def test_a_setting_that_changes_no_result_names_none(lake: Lake, file: Path) -> None:
    run(lake, raw, file)
    assert run(lake, dealt, file).status == "new"
    assert run(lake, dealt, file, Settings(folds=Folds(report_every=0))).status == "reused"
    assert lake.live("dealt").config == {"folds": {"count": 3, "salt": "a"}}
    assert run(lake, reported, file).status == "new"
    assert run(lake, reported, file, Settings(folds=Folds(report_every=0))).status == "reused"
    assert lake.live("reported").config == {}


@pytest.mark.parametrize("body", [computed, computed_by_content])
def test_another_release_of_a_library_makes_a_result_anew_and_says_so(
    body: object, lake: Lake, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lake, raw, file)
    run(lake, body, file)
    assert run(lake, body, file).status == "reused"
    monkeypatch.setattr("hansol_assets.lake.declaration.library_version", lambda _: "99.0")
    lines: list[str] = []
    bound = declaration_of(body).bind(lake, Settings(), {"train_csv": file})  # type: ignore[arg-type]
    monkeypatch.setattr(bound.__class__, "call", counted(calls := [], Bound.call))
    make(bound, lines.append)  # type: ignore[arg-type]
    assert len(calls) == 1
    assert lines == [
        f"{bound.declaration.name} is made anew, since another release may give another result: "
        f"numpy is 99.0 and was {np.__version__}"
    ]
    make(bound, lines.append)  # type: ignore[arg-type]
    assert len(calls) == 1


@pytest.mark.parametrize("body", [of_count, of_no_salt])
def test_what_of_a_section_is_not_read_names_nothing_and_is_not_given(
    body: object, lake: Lake, file: Path
) -> None:
    run(lake, raw, file)
    assert run(lake, body, file).status == "new"
    assert run(lake, body, file, Settings(folds=Folds(salt="b"))).status == "reused"
    assert run(lake, body, file, Settings(folds=Folds(count=2))).status == "new"
    given = declaration_of(body).bind(lake, Settings(), {}).settings["folds"]  # type: ignore[arg-type]
    with pytest.raises(AttributeError, match="salt"):
        _ = given.salt


def test_a_setting_that_is_not_there_cannot_be_left_out(lake: Lake) -> None:
    with pytest.raises(AttributeError, match="pepper"):
        Setting("folds", without=("pepper",)).value(Settings())


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
    lake: Lake, file: Path, tmp_path: Path
) -> None:
    settings, bodies = RunSettings(file=file), (raw, size, longest, model)

    def find(settings: RunSettings = settings) -> UpToDate | None:
        return find_up_to_date(map(declaration_of, bodies), lake, settings, tmp_path, 1)

    for body in bodies:
        run(lake, body, file)
    assert find() is None
    note_run(lake, settings, tmp_path, ["a warning"])
    state = find()
    assert state is not None
    assert [item.asset for item in state.manifests] == ["raw", "size", "longest", "model"]
    assert state.warnings == ["a warning"]
    assert find(RunSettings(file=file, strategy="text")) is None
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


def test_a_history_names_every_version(lake: Lake, file: Path) -> None:
    run(lake, raw, file)
    first = run(lake, dealt, file)
    alone = run(lake, board, file)
    second = run(lake, dealt, file, Settings(folds=Folds(count=2)))
    both = run(lake, board, file)
    assert alone.manifest.fingerprint != both.manifest.fingerprint
    versions = lake.table(both.manifest)["version"].tolist()
    assert versions == [first.manifest.fingerprint, second.manifest.fingerprint]


def test_an_artifact_knows_its_inputs_and_no_others(lake: Lake, file: Path) -> None:
    run(lake, raw, file)
    run(lake, size, file)
    run(lake, model, file)
    run(lake, other_model, file)
    made, first = Artifact.pin(lake, "other_model"), Artifact.pin(lake, "model")
    assert input_of(made, "model").version == first.version
    with pytest.raises(NotAnInputError, match="'other_model' was not made from 'raw'"):
        input_of(made, "raw")
    made.require_inputs(first)
    run(lake, model, file, Settings(strategy="text"))
    with pytest.raises(MixedVersionsError, match="'other_model' was made from another version of"):
        made.require_inputs(Artifact.pin(lake, "model"))
    assert input_of(made, "model").version == first.version


def test_a_missing_input_is_named(lake: Lake, file: Path) -> None:
    with pytest.raises(MissingInputError, match="'raw' is not in the lake"):
        run(lake, dealt, file)


def without_annotation(raw, folds: Folds) -> TableReport:  # type: ignore[no-untyped-def]
    raise AssertionError


def of_no_form(raw: Table, count: int) -> TableReport:
    raise AssertionError


def of_its_own_past(raw: Table, of_its_own_past: Table | None) -> TableReport:
    raise AssertionError


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (without_annotation, "'raw' of without_annotation has no annotation"),
        (of_no_form, "'count: <class 'int'>' of of_no_form is neither an input"),
        (of_its_own_past, "reads its own earlier result"),
    ],
)
def test_a_parameter_that_says_nothing_is_refused(body: object, says: str) -> None:
    with pytest.raises(DeclarationError, match=says):
        lake_table(kinds={"duckdb"})(body)  # type: ignore[arg-type]
