"""Lakes that cannot be used: full, read-only, newer, held by another."""

import errno
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from hansol_assets.answering.publishing import RETENTION, publish_live
from hansol_assets.lake import duckdb_file
from hansol_assets.lake.handles import Source
from hansol_assets.lake.manifest import live_profiles
from hansol_assets.lake.pruning import prune
from hansol_assets.lake.reports import TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets_tests.bad_input.place import BadInput, Place
from hansol_assets_tests.faults.failing_disk import FailingDisk
from hansol_assets_tests.lake.handmade import make_table
from hansol_assets_tests.qa.rows import training_table

REMEDY = "and run again: finished steps are kept."


def write_more(place: Place) -> None:
    task = Task("raw_qa", "1", {}, {"train_csv": "another"})
    make_table(place.lake, task, lambda: TableReport(frame=training_table()))


def on_disk(what: str, error: int, *says: str) -> BadInput:
    def give(place: Place) -> None:
        with FailingDisk(error, 1).installed():
            write_more(place)

    return BadInput(f"lake: {what}", give, ("/lake", *says, REMEDY))


def lake(what: str, give: Callable[[Place], object], *says: str) -> BadInput:
    return BadInput(f"lake: {what}", give, says)


def newer(place: Place) -> None:
    (place.root / "format").write_text("2\n", encoding="utf-8")
    try:
        write_more(place)
    finally:
        (place.root / "format").write_text("1\n", encoding="utf-8")


def held(place: Place) -> None:
    """Another process has the warehouse open, as a DuckDB shell does."""
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(place.lake.paths.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(duckdb_file, "LOCK_WAIT_SECONDS", 0.5)
            write_more(place)
    finally:
        holder.communicate("\n")


def a_file_in_its_place(place: Place) -> None:
    (place.folder / "file").touch()
    Lake(place.folder / "file", "tiny")


def a_file_above_it(place: Place) -> None:
    (place.folder / "file").touch()
    Place(place.folder / "file", place.base, place.adapter, place.other).make_good()


def changed_table(place: Place) -> None:
    manifest = place.lake.live("raw_qa")
    name = place.lake.warehouse.table_name("raw_qa", manifest.fingerprint)
    with duckdb.connect(str(place.lake.paths.warehouse)) as connection:
        connection.execute(f"update {name} set category = '기타'")
    try:
        place.lake.table(manifest)
    finally:
        place.make_good()


def pointer_out_of_the_lake(place: Place) -> None:
    pointer = place.lake.paths.live("tiny", "raw_qa")
    kept = pointer.read_bytes()
    pointer.write_text("../../../../etc/passwd\n", encoding="utf-8")
    try:
        assert live_profiles(place.lake.paths)
        place.lake.live("raw_qa")
    finally:
        pointer.write_bytes(kept)


def missing_source(_: Place) -> None:
    Source.pin(Path("/nowhere/train.csv"))


LAKES = [
    on_disk("the disk is full", errno.ENOSPC, "the disk is full", "hansol lake prune --keep 3"),
    on_disk("the disk is read-only", errno.EROFS, "the disk is read-only", "HANSOL_LAKE_DIR"),
    on_disk("another's folder", errno.EACCES, "permission is denied", "Give this user access"),
    on_disk("a failing disk", errno.EIO, "input/output error", "Check the disk"),
    on_disk("the quota is used up", errno.EDQUOT, "the disk quota is used up", "Free some space"),
    lake("a newer version wrote it", newer, "has format 2, and this version reads up to 1",
         "Update hansol-assets, or name another folder with HANSOL_LAKE_DIR"),
    lake("a shell has it open", held, "warehouse.duckdb is held by another process", "PID",
         "Close what has it open", REMEDY),
    lake("a file in its place", a_file_in_its_place, "file is not a folder", "HANSOL_LAKE_DIR"),
    lake("a file above it", a_file_above_it, "a part of the path is not a folder",
         "Name another folder with HANSOL_LAKE_DIR"),
    lake("rows changed by hand", changed_table, "raw_qa@", "is damaged: its rows differ",
         "Run again: it is rebuilt from its inputs."),
    lake("a pointer out of it", pointer_out_of_the_lake, "'raw_qa' is not in the lake",
         "Make it and all that it needs with: hansol refresh"),
    lake("nothing to publish", lambda place: publish_live(place.lake), "'submission' is not in"),
    lake("a raw file is missing", missing_source, "/nowhere/train.csv is missing",
         "HANSOL_RAW_DIR"),
    lake("pruning everything", lambda place: prune(place.lake, 0, RETENTION),
         "keep must be at least 1"),
]  # fmt: skip


def bad_lakes() -> Iterator[BadInput]:
    yield from LAKES
