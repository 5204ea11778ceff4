"""A body reads what is named, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hansol_assets.lake.declaration import (
    Bound,
    DeclarationError,
    Setting,
    lake_table,
)
from hansol_assets.lake.handles import Artifact, Source, Table, input_of
from hansol_assets.lake.lake_errors import MissingInputError, MixedVersionsError, NotAnInputError
from hansol_assets.lake.making import (
    make,
)
from hansol_assets.lake.reports import TableReport
from hansol_assets.lake.store import Lake
from hansol_assets_tests.lake.declared import (
    Folds,
    Settings,
    board,
    computed,
    computed_by_content,
    counted_pair,
    dealt,
    declaration_of,
    model,
    of_count,
    of_no_salt,
    other_model,
    raw,
    reported,
    run,
    size,
)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake", "tiny")


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
    bound = declaration_of(body).bind(lake, Settings(), {"train_csv": file})
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
    given = declaration_of(body).bind(lake, Settings(), {}).settings["folds"]
    with pytest.raises(AttributeError, match="salt"):
        _ = given.salt


def test_a_setting_that_is_not_there_cannot_be_left_out(lake: Lake) -> None:
    with pytest.raises(AttributeError, match="pepper"):
        Setting("folds", without=("pepper",)).value(Settings())


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


def test_a_dataclass_of_inputs_stands_for_each_of_them(lake: Lake, file: Path) -> None:
    run(lake, raw, file)
    run(lake, dealt, file)
    made = run(lake, counted_pair, file)
    assert lake.table(made.manifest)["rows"].tolist() == [3, 3]
    assert set(made.manifest.inputs) == {"raw", "dealt"}
    file.write_text("A B", encoding="utf-8")
    run(lake, raw, file)
    run(lake, dealt, file)
    assert run(lake, counted_pair, file).status == "new"


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
