from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.lake.errors import CorruptArtifactError, MissingInputError, MissingSourceError
from hansol_assets.lake.inputs import Inputs
from hansol_assets.lake.store import Lake, Report, TableReport, Task


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
    made = lake.make_table(task(), lambda: TableReport(frame=frame, facts={"folds": 2}))
    again = lake.make_table(task(), never)  # type: ignore[arg-type]
    assert (made.status, again.status) == ("new", "reused")
    assert again.manifest == made.manifest
    assert made.manifest.facts == {"rows": 2, "folds": 2}
    assert "| A" in made.manifest.notes["preview"]
    assert lake.table(lake.live("qa_folds"))["id"].tolist() == ["A", "B"]


def test_an_artifact_is_made_once_and_forced_on_purpose(lake: Lake) -> None:
    made = lake.make_artifact(task("base_model"), build_folder)
    assert lake.make_artifact(task("base_model"), never).status == "reused"
    assert lake.make_artifact(task("base_model"), build_folder, force=True).status == "new"
    assert made.manifest.facts == {"loss": 0.5, "bytes": 7}
    assert [path.name for path in lake.artifact(made.manifest).iterdir()] == ["model.safetensors"]


def test_switching_settings_back_costs_nothing(lake: Lake) -> None:
    first = lake.make_artifact(task("base_model", steps=1), build_folder)
    lake.make_artifact(task("base_model", steps=2), build_folder)
    back = lake.make_artifact(task("base_model", steps=1), never)
    assert back.status == "reused"
    assert lake.live("base_model") == first.manifest


def test_profiles_have_their_own_live_pointers(tmp_path: Path, lake: Lake) -> None:
    lake.make_artifact(task("base_model"), build_folder)
    with pytest.raises(MissingInputError, match=r"'base_model'.*profile 'other'.*--select"):
        Lake(tmp_path, "other").live("base_model")


def test_a_failed_build_leaves_what_was_live(lake: Lake) -> None:
    made = lake.make_artifact(task("base_model", steps=1), build_folder)
    with pytest.raises(AssertionError):
        lake.make_artifact(task("base_model", steps=2), never)
    assert lake.live("base_model") == made.manifest
    assert not lake.paths.artifact("base_model", task("base_model", steps=2).fingerprint).exists()


@pytest.mark.parametrize("damage", ["flip", "empty", "remove", "add"])
def test_a_damaged_artifact_is_never_loaded_and_is_rebuilt(lake: Lake, damage: str) -> None:
    manifest = lake.make_artifact(task("base_model"), build_folder).manifest
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
    assert lake.make_artifact(task("base_model"), build_folder).status == "new"
    assert lake.artifact(manifest) == folder


def test_a_table_lost_from_the_warehouse_is_rebuilt(lake: Lake) -> None:
    frame = pd.DataFrame({"id": ["A"]})
    lake.make_table(task(), lambda: TableReport(frame=frame))
    lake.paths.warehouse.unlink()
    assert lake.make_table(task(), lambda: TableReport(frame=frame)).status == "new"


def test_inputs_are_pinned(lake: Lake, tmp_path: Path) -> None:
    source = tmp_path / "train.csv"
    source.write_text("id\n", encoding="utf-8")
    first = lake.make_artifact(task("base_model", steps=1), build_folder).manifest
    inputs = Inputs.resolve(lake, ["base_model", "train_csv"], {"train_csv": source})
    lake.make_artifact(task("base_model", steps=2), build_folder)
    assert inputs.versions["base_model"] == first.fingerprint
    assert inputs.artifact("base_model").name == first.fingerprint
    assert inputs.source("train_csv") == source
    assert len(inputs.versions["train_csv"]) == 64


def test_a_missing_raw_file_is_named(lake: Lake, tmp_path: Path) -> None:
    with pytest.raises(MissingSourceError, match=r"train\.csv is missing.*HANSOL_RAW_DIR"):
        Inputs.resolve(lake, ["train_csv"], {"train_csv": tmp_path / "train.csv"})
