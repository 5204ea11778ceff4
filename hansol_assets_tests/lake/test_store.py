from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.lake.handles import Artifact, Source
from hansol_assets.lake.lake_errors import (
    CorruptArtifactError,
    MissingInputError,
    MissingSourceError,
)
from hansol_assets.lake.reports import Report, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets_tests.lake.handmade import make_artifact, make_table


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, "tiny")


def task(asset: str = "qa_folds", **config: object) -> Task:
    return Task(asset, "1", config, {"raw_qa": "abc"})


def build_folder(folder: Path) -> Report:
    (folder / "model.safetensors").write_bytes(b"weights")
    return Report(facts={"loss": 0.5}, notes={"card": "# model"})


def never(*_: object) -> Report:
    raise AssertionError("work was done again")


def test_a_table_is_made_once(lake: Lake) -> None:
    frame = pd.DataFrame({"id": ["A", "B"]})
    made = make_table(lake, task(), lambda: TableReport(frame=frame, facts={"folds": 2}))
    again = make_table(lake, task(), never)  # type: ignore[arg-type]
    assert (made.status, again.status) == ("new", "reused")
    assert again.manifest == made.manifest
    assert made.manifest.facts == {"rows": 2, "folds": 2}
    assert made.manifest.tables["preview"][0]["id"] == "A"
    assert lake.table(lake.live("qa_folds"))["id"].tolist() == ["A", "B"]


def test_an_artifact_is_made_once_and_forced_on_purpose(lake: Lake) -> None:
    made = make_artifact(lake, task("base_model"), build_folder)
    assert make_artifact(lake, task("base_model"), never).status == "reused"
    assert make_artifact(lake, task("base_model"), build_folder, force=True).status == "new"
    assert made.manifest.facts == {"loss": 0.5, "bytes": 7}
    assert [path.name for path in lake.artifact(made.manifest).iterdir()] == ["model.safetensors"]


def test_switching_settings_back_costs_nothing(lake: Lake) -> None:
    first = make_artifact(lake, task("base_model", steps=1), build_folder)
    make_artifact(lake, task("base_model", steps=2), build_folder)
    back = make_artifact(lake, task("base_model", steps=1), never)
    assert back.status == "reused"
    assert lake.live("base_model") == first.manifest


def test_profiles_have_their_own_live_pointers(tmp_path: Path, lake: Lake) -> None:
    make_artifact(lake, task("base_model"), build_folder)
    with pytest.raises(MissingInputError, match=r"'base_model'.*profile 'other'.*hansol refresh"):
        Lake(tmp_path, "other").live("base_model")


def test_a_failed_build_leaves_what_was_live(lake: Lake) -> None:
    made = make_artifact(lake, task("base_model", steps=1), build_folder)
    with pytest.raises(AssertionError):
        make_artifact(lake, task("base_model", steps=2), never)
    assert lake.live("base_model") == made.manifest
    assert not lake.paths.artifact("base_model", task("base_model", steps=2).fingerprint).exists()


@pytest.mark.parametrize("damage", ["flip", "empty", "remove", "add"])
def test_a_damaged_artifact_is_never_loaded_and_is_rebuilt(lake: Lake, damage: str) -> None:
    manifest = make_artifact(lake, task("base_model"), build_folder).manifest
    folder = lake.paths.artifact("base_model", manifest.fingerprint)
    file = folder / "model.safetensors"
    {
        "flip": lambda: file.write_bytes(b"weightz"),
        "empty": lambda: file.write_bytes(b""),
        "remove": file.unlink,
        "add": (folder / "extra.bin").touch,
    }[damage]()
    with pytest.raises(CorruptArtifactError, match="damaged"):
        lake.artifact(manifest)
    assert not folder.exists()
    assert make_artifact(lake, task("base_model"), build_folder).status == "new"
    assert lake.artifact(manifest) == folder


def test_a_table_lost_from_the_warehouse_is_rebuilt(lake: Lake) -> None:
    frame = pd.DataFrame({"id": ["A"]})
    make_table(lake, task(), lambda: TableReport(frame=frame))
    lake.paths.warehouse.unlink()
    assert make_table(lake, task(), lambda: TableReport(frame=frame)).status == "new"


def test_inputs_are_pinned(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "train.csv"
    path.write_text("id\n", encoding="utf-8")
    first = make_artifact(lake, task("base_model", steps=1), build_folder).manifest
    pinned, source = Artifact.pin(lake, "base_model"), Source.pin(path)
    make_artifact(lake, task("base_model", steps=2), build_folder)
    assert pinned.version == first.fingerprint
    assert pinned.open().name == first.fingerprint
    assert source.path == path
    assert len(source.version) == 64


def test_a_missing_raw_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingSourceError, match=r"train\.csv is missing.*HANSOL_RAW_DIR"):
        Source.pin(tmp_path / "train.csv")
