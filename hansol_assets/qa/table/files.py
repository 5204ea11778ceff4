"""The files of a raw folder, found by name.

What belongs here: which file is the table, the questions and the template. What does not: what is
in them (`hansol_assets.qa.table.contract`).
"""

from pathlib import Path

from hansol_assets.errors import InputError
from hansol_assets.qa.table.content import PACKED_SUFFIXES, SUFFIXES
from hansol_assets.qa.table.settings import TableSettings

TRAIN_CSV = "train_csv"
TEST_CSV = "test_csv"
SUBMISSION_TEMPLATE = "submission_template"
STEMS = {TRAIN_CSV: "train", TEST_CSV: "test", SUBMISSION_TEMPLATE: "sample_submission"}
"""External asset name → the name of its file, without suffix."""


def raw_files(folder: Path, settings: TableSettings) -> dict[str, Path]:
    """Finds the files that there are.

    Args:
        folder: The raw folder.
        settings: Paths that it names are taken as they are, from the folder on.

    Returns:
        External asset name → file. The table always stands in it, so that its absence is told by
        its name; questions and template only where there are such files, or the settings name them.

    Raises:
        InputError: A folder holds two files of one name, as `train.csv` and `train.xlsx`.
    """
    named = {
        TRAIN_CSV: settings.train,
        TEST_CSV: settings.test,
        SUBMISSION_TEMPLATE: settings.template,
    }
    found = {
        asset: folder / path if path is not None else found_by_name(folder, STEMS[asset], asset)
        for asset, path in named.items()
    }
    files = {asset: path for asset, path in found.items() if path is not None}
    files.setdefault(TRAIN_CSV, folder / f"{STEMS[TRAIN_CSV]}.csv")
    return files


def has_table(folder: Path) -> bool:
    """Whether a folder holds a training table."""
    return bool(_candidates(folder, STEMS[TRAIN_CSV]))


def found_by_name(folder: Path, stem: str, asset: str) -> Path | None:
    """The one table file of a name, whatever its suffix; None where there is none.

    Raises:
        InputError: There are several.
    """
    found = _candidates(folder, stem)
    if len(found) > 1:
        setting = {TRAIN_CSV: "train", TEST_CSV: "test"}.get(asset, "template")
        names = ", ".join(path.name for path in found)
        msg = (
            f"{folder} holds {names}: which one is meant? Keep one of them, or set "
            f"table.{setting} to its name."
        )
        raise InputError(msg)
    return found[0] if found else None


def _candidates(folder: Path, stem: str) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_file() and _is_named(path, stem))


def _is_named(path: Path, stem: str) -> bool:
    name = path.name.lower()
    packed = next((suffix for suffix in PACKED_SUFFIXES if name.endswith(suffix)), "")
    bare = name.removesuffix(packed)
    plain = next((suffix for suffix in SUFFIXES if bare.endswith(suffix)), "")
    return bool(plain or packed) and bare.removesuffix(plain) == stem
