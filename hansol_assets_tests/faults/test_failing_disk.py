"""The lake on a disk that fails, at every single thing that the lake asks of it."""

import errno
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from hansol_assets.answering.publishing import publish_live
from hansol_assets.lake.inventory import verify
from hansol_assets.lake.lake_errors import DiskError
from hansol_assets.lake.reports import Outcome, Report, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.failing_disk import FailingDisk
from hansol_assets_tests.lake.handmade import make_artifact, make_table

REMEDIES = {
    errno.ENOSPC: "the disk is full. What was there before is as it was. Free some space "
    "('hansol lake prune --keep 3'",
    errno.EIO: "the disk reports an input/output error. What was there before is as it was. "
    "Check the disk",
    errno.EROFS: "the disk is read-only. What was there before is as it was. Mount it writable",
    errno.EACCES: "permission is denied. What was there before is as it was. Give this user access",
}


def artifact(lake: Lake, text: str) -> Outcome:
    def build(folder: Path) -> Report:
        (folder / "submission.csv").write_bytes(text.encode())
        (folder / "below").mkdir()
        (folder / "below" / "more.txt").write_bytes(text.encode())
        return Report()

    return make_artifact(lake, Task("submission", "1", {"text": text}, {}), build)


def table(lake: Lake, text: str) -> Outcome:
    frame = pd.DataFrame({"text": [text]})
    return make_table(
        lake, Task("raw_qa", "1", {"text": text}, {}), lambda: TableReport(frame=frame)
    )


def published(lake: Lake, text: str) -> Outcome:
    outcome = artifact(lake, text)
    publish_live(lake)
    return outcome


def content(lake: Lake, made: Outcome) -> str:
    if made.manifest.kind == "table":
        return str(lake.table(made.manifest)["text"].item())
    return (lake.artifact(made.manifest) / "below" / "more.txt").read_text(encoding="utf-8")


def calls_of(tmp_path: Path, make: Callable[[Lake, str], Outcome]) -> int:
    """Counts what making a second version asks of the disk."""
    lake = Lake(tmp_path / "counted", "tiny")
    make(lake, "first")
    disk = FailingDisk(errno.EIO, None)
    with disk.installed():
        make(lake, "second")
    return len(disk.calls)


@pytest.mark.parametrize("error", REMEDIES, ids=errno.errorcode.__getitem__)
@pytest.mark.parametrize("make", [artifact, table, published], ids=lambda make: make.__name__)
def test_whatever_fails_the_last_good_state_stays_and_the_next_run_completes(
    tmp_path: Path, make: Callable[[Lake, str], Outcome], error: int
) -> None:
    calls = calls_of(tmp_path, make)
    assert calls > 5
    for number in range(calls):
        lake = Lake(tmp_path / str(number), "tiny")
        first = make(lake, "first")
        with FailingDisk(error, number).installed(), pytest.raises(DiskError) as raised:
            make(lake, "second")
        message = str(raised.value)
        assert str(lake.paths.root) in message
        assert REMEDIES[error] in message
        assert message.endswith("and run again: finished steps are kept.")
        assert content(lake, first) == "first"
        assert verify(lake) == []
        again = make(lake, "second")
        assert content(lake, again) == "second"
        assert lake.live(again.manifest.asset) == again.manifest
        assert verify(lake) == []


def test_a_failed_publication_leaves_the_published_file(tmp_path: Path) -> None:
    calls = calls_of(tmp_path, published)
    for number in range(calls):
        lake = Lake(tmp_path / str(number), "tiny")
        published(lake, "first")
        latest = lake.paths.latest_submission / "submission.csv"
        with FailingDisk(errno.ENOSPC, number).installed(), pytest.raises(DiskError):
            published(lake, "second")
        # Only the sync after the last rename may fail with the new file in place.
        assert latest.read_text(encoding="utf-8") == ("second" if number == calls - 1 else "first")


def test_other_errors_pass_unchanged(tmp_path: Path) -> None:
    def build(folder: Path) -> Report:
        raise FileNotFoundError(errno.ENOENT, "no such file", "a model")

    with pytest.raises(FileNotFoundError, match="a model"):
        make_artifact(Lake(tmp_path, "tiny"), Task("base_model", "1", {}, {}), build)
