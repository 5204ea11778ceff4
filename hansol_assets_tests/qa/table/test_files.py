from pathlib import Path

import pytest

from hansol_assets.errors import InputError
from hansol_assets.qa.table.files import has_table, raw_files
from hansol_assets.qa.table.settings import TableSettings


def folder(path: Path, *names: str) -> Path:
    for name in names:
        (path / name).touch()
    return path


@pytest.mark.parametrize(
    "name",
    ["train.csv", "TRAIN.CSV", "train.tsv", "train.xlsx", "train.jsonl", "train.parquet",
     "train.csv.gz", "train.json.zst", "train.zip"],
)  # fmt: skip
def test_the_table_is_found_by_name(tmp_path: Path, name: str) -> None:
    raw = folder(tmp_path, name, "notes.txt", "train.py", "trains.csv", "train_old.csv")

    assert has_table(raw)
    assert raw_files(raw, TableSettings()) == {"train_csv": raw / name}


def test_questions_and_template_stand_in_it_where_they_are(tmp_path: Path) -> None:
    raw = folder(tmp_path, "train.csv", "test.xlsx", "sample_submission.csv")

    assert raw_files(raw, TableSettings()) == {
        "train_csv": raw / "train.csv",
        "test_csv": raw / "test.xlsx",
        "submission_template": raw / "sample_submission.csv",
    }


def test_a_missing_table_keeps_its_name(tmp_path: Path) -> None:
    assert not has_table(tmp_path)
    assert raw_files(tmp_path, TableSettings()) == {"train_csv": tmp_path / "train.csv"}
    assert not has_table(tmp_path / "nowhere")


def test_two_files_of_one_name_ask_which(tmp_path: Path) -> None:
    raw = folder(tmp_path, "train.csv", "train.xlsx")

    with pytest.raises(InputError, match=r"holds train.csv, train.xlsx.*set table.train to its"):
        raw_files(raw, TableSettings())
    named = raw_files(raw, TableSettings(train=Path("train.xlsx")))
    assert named == {"train_csv": raw / "train.xlsx"}


def test_paths_of_the_settings_are_taken_as_they_are(tmp_path: Path) -> None:
    settings = TableSettings(train=Path("faq.csv"), test=Path("/data/ask.csv"))

    assert raw_files(tmp_path, settings) == {
        "train_csv": tmp_path / "faq.csv",
        "test_csv": Path("/data/ask.csv"),
    }
    assert settings.of_reading == TableSettings()
