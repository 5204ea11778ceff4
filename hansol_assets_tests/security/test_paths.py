"""No profile, pointer or manifest leads out of the lake."""

from pathlib import Path

import pytest

from hansol_assets.lake.lake_errors import MissingInputError
from hansol_assets.lake.reports import Report, Task
from hansol_assets.lake.store import Lake
from hansol_assets.profile_files import ProfileError
from hansol_assets.settings import load_settings
from hansol_assets_tests.lake.handmade import make_artifact

OUTWARD = ["..", "../..", "../../outside", "/etc/passwd", "a/../../b", "", "\0", "0" * 15, "G" * 16]


@pytest.mark.parametrize(
    "name", ["...yaml", "..yaml", "-rf.yaml", " .yaml", "a b.yaml", "a\n.yaml"]
)
def test_a_profiles_name_is_the_name_of_a_folder(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(ProfileError, match=r"profile .*"):
        load_settings(profile=str(path), lake_dir=tmp_path / "lake")


@pytest.mark.parametrize("name", ["tiny.yaml", "gemma-3-4b.yaml", "내_프로필.yaml", "v1.2.yml"])
def test_ordinary_names_stay_within_the_lake(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("{}", encoding="utf-8")
    settings = load_settings(profile=str(path), lake_dir=tmp_path / "lake")
    pointer = Lake(settings.lake_dir, settings.profile_name).paths.live(
        settings.profile_name, "raw_qa"
    )
    assert pointer.resolve().is_relative_to((tmp_path / "lake" / "live").resolve())
    assert len(pointer.relative_to(tmp_path / "lake").parts) == 3


@pytest.mark.parametrize("text", OUTWARD)
def test_a_pointer_names_a_fingerprint_or_nothing(tmp_path: Path, text: str) -> None:
    lake = Lake(tmp_path / "lake", "tiny")
    make_artifact(lake, Task("base_model", "1", {}, {}), lambda _: Report())
    lake.paths.live("tiny", "base_model").write_text(text, encoding="utf-8")
    with pytest.raises(MissingInputError):
        lake.live("base_model")


def test_a_manifest_of_another_place_is_not_believed(tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake", "tiny")
    manifest = make_artifact(lake, Task("base_model", "1", {}, {}), lambda _: Report()).manifest
    path = lake.paths.manifest("base_model", manifest.fingerprint)
    outward = manifest.model_copy(update={"asset": "../../outside"})
    path.write_text(outward.model_dump_json(), encoding="utf-8")
    with pytest.raises(MissingInputError):
        lake.live("base_model")
