"""Raw folders and lakes of their own for runs of the whole graph.

What belongs here: what the stages `graph` and `refresh` run on. What does not: a clock.
"""

import csv
from pathlib import Path

from rows import REPOSITORY, Options

TESTS = REPOSITORY / "hansol_assets_tests"


def raw_of(options: Options, folder: Path) -> Path:
    """The rows to run on: a few of the sample, or those that were given."""
    folder.mkdir()
    if options.small:
        from hansol_assets_tests.graph import write_raw_files

        return write_raw_files(folder, rows=24, questions=6)
    for path in options.raw.glob("*.csv"):
        (folder / path.name).write_bytes(path.read_bytes())
    return folder


def environment(options: Options, lake: Path, raw: Path) -> dict[str, str]:
    """What a run is told: its lake, its rows, and models that are too small to be of use."""
    return {
        "HANSOL_PROFILE": str(TESTS / "small.yaml") if options.small else "tiny",
        "HANSOL_LAKE_DIR": str(lake),
        "HANSOL_RAW_DIR": str(raw),
        "DAGSTER_HOME": str(lake / "dagster"),
        # The graph takes the threads that it takes for a user.
        "OMP_NUM_THREADS": "2",
        "OPENBLAS_NUM_THREADS": "2",
        "MKL_NUM_THREADS": "2",
    }


def change_one_answer(raw: Path) -> None:
    """Changes the first answer of the first row."""
    path = raw / "train.csv"
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    rows[0]["답변_1"] += " 시공한 곳에 먼저 물어보십시오."
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
