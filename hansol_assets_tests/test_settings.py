from pathlib import Path

import pytest

from hansol_assets.errors import InputError
from hansol_assets.profile_files import PROFILES_DIRECTORY, ProfileError
from hansol_assets.settings import load_settings


def profile(folder: Path, name: str, text: str) -> str:
    path = folder / f"{name}.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_the_default_profile_is_tiny_and_offline() -> None:
    settings = load_settings()
    assert settings.profile_name == "tiny"
    assert settings.base_model.kind == "scratch"
    assert settings.embedder.kind == "muse"
    assert settings.retriever.kind == "e5"


@pytest.mark.parametrize("path", sorted(PROFILES_DIRECTORY.glob("*.yaml")), ids=lambda p: p.stem)
def test_every_shipped_profile_is_valid_and_described(path: Path) -> None:
    assert load_settings(profile=path.stem).description


def test_environment_goes_over_profile_and_given_values_over_both(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = profile(tmp_path, "mine", "extends: tiny\nfolds: {count: 6, salt: mine}\n")
    monkeypatch.setenv("HANSOL_PROFILE", mine)
    assert load_settings().folds.count == 6
    monkeypatch.setenv("HANSOL_FOLDS__COUNT", "7")
    assert load_settings().folds.count == 7
    given = load_settings(folds={"count": 8})
    assert (given.folds.count, given.folds.salt, given.profile_name) == (8, "mine", "mine")


def test_an_extended_profile_is_found_beside_the_one_that_extends_it(tmp_path: Path) -> None:
    profile(tmp_path, "parent", "folds: {count: 5}\n")
    child = profile(tmp_path, "child", "extends: parent.yaml\nfolds: {salt: child}\n")
    settings = load_settings(profile=child)
    assert (settings.folds.count, settings.folds.salt) == (5, "child")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "training: {epoch: 3}",
            "unknown setting 'training.epoch'; did you mean 'training.epochs'?",
        ),
        ("epochs: 3", "unknown setting 'epochs'; did you mean 'training.epochs'?"),
        ("folds: {xyz: 3}", "unknown setting 'folds.xyz'; valid in folds: "),
        ("trainig: {}", "unknown setting 'trainig'; did you mean 'training'?"),
        ("training: {epochs: many}", "setting 'training.epochs' = 'many'"),
        ("training: {epochs: -1}", "setting 'training.epochs' = -1"),
        ("folds: {count: 3, validation: 2, calibration: 1}", "must be fewer than count"),
        ("- a list", "must hold a mapping"),
        ("a: [", "not valid YAML"),
        ("extends: nowhere", "profile 'nowhere' does not exist. Set HANSOL_PROFILE to one of:"),
        ("extends: mine.yaml", "extends itself"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_remedy(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(ProfileError) as error:
        load_settings(profile=profile(tmp_path, "mine", text))
    assert message in str(error.value)


def test_a_misspelt_environment_variable_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for wrong in ("HANSOL_TRAINNG__EPOCHS", "HANSOL_EPOCHS"):
        with monkeypatch.context() as context:
            context.setenv(wrong, "3")
            with pytest.raises(ProfileError, match=rf"{wrong} .*mean HANSOL_TRAINING__EPOCHS\?"):
                load_settings()


def test_a_profile_that_extends_another_says_what_it_sets(tmp_path: Path) -> None:
    mine = profile(tmp_path, "mine", "extends: tiny\ntable: {answers: [A]}\nfolds: {count: 6}\n")
    assert load_settings(profile=mine).description == (
        "extends tiny and sets table.answers, folds.count"
    )
    own = profile(tmp_path, "own", "extends: mine.yaml\ndescription: Of the help desk.\n")
    assert load_settings(profile=own).description == "Of the help desk."


def test_a_carriage_return_in_the_environment_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSOL_PROFILE", "tiny\r")
    with pytest.raises(ProfileError, match=r"HANSOL_PROFILE holds a carriage return"):
        load_settings()


def test_the_sample_is_read_only_where_nothing_of_a_person_s_lies(tmp_path: Path) -> None:
    settings = load_settings(lake_dir=tmp_path)
    assert settings.notes_on_files() == [f"nothing lies in {tmp_path}/raw, so the sample is read"]
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "train.docx").touch()
    with pytest.raises(InputError, match=r"train\.docx"):
        _ = settings.raw_files


def test_raw_files_come_from_the_lake_once_it_has_them(tmp_path: Path) -> None:
    settings = load_settings(lake_dir=tmp_path)
    assert settings.raw_files["train_csv"].parent.name == "sample"
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "train.xlsx").touch()
    assert settings.raw_files == {"train_csv": tmp_path / "raw" / "train.xlsx"}
    (tmp_path / "raw" / "test.csv").touch()
    assert settings.raw_files["test_csv"] == tmp_path / "raw" / "test.csv"
    named = load_settings(lake_dir=tmp_path, raw_dir=tmp_path / "mine")
    assert named.raw_files == {"train_csv": tmp_path / "mine" / "train.csv"}


def test_the_table_is_mapped_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSOL_TABLE__QUESTIONS", '["물어본 것"]')
    monkeypatch.setenv("HANSOL_TABLE__SHEET", "둘")
    table = load_settings().table
    assert (table.questions, table.sheet) == (("물어본 것",), "둘")
    with pytest.raises(ProfileError, match=r"table.answers"):
        load_settings(table={"answers": []})
