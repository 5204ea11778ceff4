"""The files of a raw folder, found by name: the table, the questions and the template."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from hansol_assets.errors import InputError
from hansol_assets.qa.table.column_names import is_misspelt, similarity
from hansol_assets.qa.table.content import PACKED_SUFFIXES, SUFFIXES
from hansol_assets.qa.table.repairs import nfc
from hansol_assets.qa.table.table_settings import TableSettings

TRAIN_CSV = "train_csv"
TEST_CSV = "test_csv"
SUBMISSION_TEMPLATE = "submission_template"
STEMS = {TRAIN_CSV: "train", TEST_CSV: "test", SUBMISSION_TEMPLATE: "sample_submission"}
"""External asset name → the name of its file, without suffix."""
_COPY = re.compile(r"(?:[\W\d_]|copy|복사본|사본)+$")
"""What copying and downloading put behind a name: " (1)", " - 복사본"."""
_OF_SYSTEMS = frozenset({"thumbs.db", "desktop.ini", "__macosx"})


def raw_files(folder: Path, settings: TableSettings) -> dict[str, Path]:
    """Finds the files that there are: external asset name → file; the table is always in it.

    A file of the right name is taken; where there is none, the one that nearly has it ("train
    (1).csv", "train.csv.txt", "trian.csv"); where there is no table at all so far, the only one
    there is. Paths in the settings are taken from the folder on.

    Raises:
        InputError: Several files may be meant, or there are files and none of them is the table.
    """
    if folder.is_file():
        msg = f"{folder} is a file, and HANSOL_RAW_DIR names a folder: set it to {folder.parent}, "
        raise InputError(f"{msg}and table.train to {folder.name}.")
    paths = dict(zip(STEMS, (settings.train, settings.test, settings.template), strict=True))
    candidates = {
        asset: as_spelt(folder / path) if path is not None else _named(folder, asset)
        for asset, path in paths.items()
    }
    for asset, path in candidates.items():
        if path is None:
            candidates[asset] = _nearly_named(folder, asset, set(candidates.values()))
    files = {asset: path for asset, path in candidates.items() if path is not None}
    if TRAIN_CSV not in files:
        files[TRAIN_CSV] = _only_table(folder, set(files.values()))
    return files


def as_spelt(path: Path) -> Path:
    """A path as its folders spell it, which may be decomposed (NFD) where a person composes (NFC).

    macOS writes Korean names so.
    """
    if path.exists() or path.parent == path:
        return path
    folder, name = as_spelt(path.parent), nfc(path.name)
    there = sorted(folder.iterdir()) if folder.is_dir() else []
    return next((one for one in there if nfc(one.name) == name), path)


def unused_files(folder: Path, used: Collection[Path]) -> list[str]:
    """The names of what a person put into a folder and nothing reads."""
    return [path.name for path in _of_a_person(folder) if path not in used]


def holds_anything(folder: Path) -> bool:
    """Whether a person has put anything into a folder."""
    return bool(_of_a_person(folder))


def _named(folder: Path, asset: str) -> Path | None:
    tables = filter(_is_table, _of_a_person(folder))
    return _one_of([path for path in tables if _bare(path) == STEMS[asset]], asset)


def _nearly_named(folder: Path, asset: str, taken: Collection[Path | None]) -> Path | None:
    near = {
        path: {one: _nearness(_bare(path), stem) for one, stem in STEMS.items()}
        for path in _of_a_person(folder)
        if path not in taken and _is_table(path)
    }
    return _one_of(
        [path for path, by in near.items() if by[asset] and by[asset] == max(by.values())], asset
    )


def _nearness(name: str, stem: str) -> float:
    """How nearly a name is a stem: that of a copy, or a slip of the pen; 0 where it is not."""
    is_near = _COPY.sub("", name) == stem or is_misspelt(name, stem)
    return similarity(name, stem) if is_near else 0.0


def _only_table(folder: Path, taken: Collection[Path]) -> Path:
    """The only table of a folder, whatever its name; the usual name where the folder is empty."""
    usual = folder / f"{STEMS[TRAIN_CSV]}.csv"
    there = [path for path in _of_a_person(folder) if path not in taken]
    table = _one_of([path for path in there if _is_table(path)], TRAIN_CSV)
    if table is None and there:
        names = ", ".join(path.name for path in there)
        msg = (
            f"{folder} holds {names}, and no table that can be trained on (train.csv, train.xlsx "
            "…). Put the table there, or set table.train to its name, or HANSOL_RAW_DIR to its "
            "folder."
        )
        raise InputError(msg)
    return table or usual


def _one_of(paths: Sequence[Path], asset: str) -> Path | None:
    if len(paths) > 1:
        setting = {TRAIN_CSV: "train", TEST_CSV: "test"}.get(asset, "template")
        names = ", ".join(path.name for path in paths)
        msg = (
            f"{paths[0].parent} holds {names}: which one is meant? Keep one of them, or set "
            f"table.{setting} to its name."
        )
        raise InputError(msg)
    return paths[0] if paths else None


def _of_a_person(folder: Path) -> list[Path]:
    """What lies in a folder, but for what systems and spreadsheets leave there."""
    if not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if not path.name.startswith((".", "~$")) and path.name.lower() not in _OF_SYSTEMS
    )


def _is_table(path: Path) -> bool:
    return path.is_file() and path.name.lower().endswith((*SUFFIXES, *PACKED_SUFFIXES))


def _bare(path: Path) -> str:
    """A file's name without its suffixes: "train" of "Train.csv.txt" and "train.csv.gz"."""
    name = path.name.lower()
    while suffix := next((one for one in (*SUFFIXES, *PACKED_SUFFIXES) if name.endswith(one)), ""):
        name = name.removesuffix(suffix)
    return name
