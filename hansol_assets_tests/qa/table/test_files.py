import unicodedata
from pathlib import Path

import pytest

from hansol_assets.errors import InputError
from hansol_assets.qa.table.files import holds_anything, raw_files, unused_files
from hansol_assets.qa.table.table_settings import TableSettings


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

    assert holds_anything(raw)
    assert raw_files(raw, TableSettings()) == {"train_csv": raw / name}


@pytest.mark.parametrize(
    "name", ["train (1).csv", "train.csv.txt", "trian.csv", "학습데이터.csv", "Train - 복사본.xlsx"]
)
def test_a_table_under_another_name_is_read(tmp_path: Path, name: str) -> None:
    raw = folder(tmp_path, name, "test (2).csv", "~$train.xlsx", "Thumbs.db", ".gitkeep")

    files = {"train_csv": raw / name, "test_csv": raw / "test (2).csv"}
    assert raw_files(raw, TableSettings()) == files
    assert unused_files(raw, files.values()) == []


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["학습.csv", "평가.csv"], r"holds 평가.csv, 학습.csv: which one is meant\?.*table.train"),
        (["train (1).csv", "train (2).csv"], r"which one is meant\?"),
        (["train.docx"], r"holds train.docx, and no table that can be trained on"),
        (["test.csv", "train.csv.crdownload"], r"holds train.csv.crdownload, and no table"),
    ],
)
def test_what_is_no_table_or_several_is_named(
    tmp_path: Path, names: list[str], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        raw_files(folder(tmp_path, *names), TableSettings())


def test_a_file_that_nothing_reads_is_named(tmp_path: Path) -> None:
    raw = folder(tmp_path, "train.csv", "notes.txt", "test_old.csv")

    assert unused_files(raw, raw_files(raw, TableSettings()).values()) == [
        "notes.txt",
        "test_old.csv",
    ]


def test_a_file_in_the_folder_s_place_is_named(tmp_path: Path) -> None:
    folder(tmp_path, "faq.csv")

    with pytest.raises(InputError, match=r"faq.csv is a file.*table.train to faq.csv"):
        raw_files(tmp_path / "faq.csv", TableSettings())


def test_a_tilde_is_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/kim")

    assert TableSettings(train=Path("~/faq.csv")).train == Path("/home/kim/faq.csv")
    with pytest.raises(ValueError, match="stands for no home folder"):
        TableSettings(train=Path("~nobody-of-this-name/faq.csv"))


def test_questions_and_template_stand_in_it_where_they_are(tmp_path: Path) -> None:
    raw = folder(tmp_path, "train.csv", "test.xlsx", "sample_submission.csv")

    assert raw_files(raw, TableSettings()) == {
        "train_csv": raw / "train.csv",
        "test_csv": raw / "test.xlsx",
        "submission_template": raw / "sample_submission.csv",
    }


def decomposed(name: str) -> str:
    """A name as macOS writes it."""
    return unicodedata.normalize("NFD", name)


@pytest.mark.parametrize("name", ["학습데이터.csv", "자료/학습데이터.csv"])
def test_a_name_is_found_however_its_signs_are_composed(tmp_path: Path, name: str) -> None:
    path = tmp_path / decomposed(name)
    path.parent.mkdir(exist_ok=True)
    folder(path.parent, path.name, "다른표.csv")

    files = raw_files(tmp_path, TableSettings(train=Path(name)))
    assert files == {"train_csv": path}
    assert path.name not in unused_files(path.parent, files.values())
    composed = path.rename(path.with_name("학습데이터.csv"))
    settings = TableSettings(train=Path(decomposed(name)))
    assert raw_files(tmp_path, settings) == {"train_csv": composed}
    missing = tmp_path / "없는표.csv"
    assert raw_files(tmp_path, TableSettings(train=Path(missing.name)))["train_csv"] == missing


def test_names_of_columns_are_compared_as_a_table_s_are_cleaned() -> None:
    settings = TableSettings(
        questions=(decomposed("질문"), "질문＿１"), ignore=(decomposed("메모"),)
    )
    assert (settings.questions, settings.ignore) == (("질문", "질문_1"), ("메모",))


def test_a_missing_table_keeps_its_name(tmp_path: Path) -> None:
    assert not holds_anything(tmp_path)
    assert raw_files(tmp_path, TableSettings()) == {"train_csv": tmp_path / "train.csv"}
    assert not holds_anything(tmp_path / "nowhere")


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
