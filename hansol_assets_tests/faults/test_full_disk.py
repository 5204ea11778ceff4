"""A disk that is really full, one that may hold no large file, and libraries that cannot write."""

import errno
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from hansol_assets.lake.inventory import verify
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.points import Fault, Point
from hansol_assets_tests.faults.runs import ForkServer, submitted
from hansol_assets_tests.graph import begin_with_texts_of

pytestmark = pytest.mark.slow

REMEDY = "finished steps are kept."
INDEXED = ("reviewed_answers", "raw_qa", "qa_folds", "retriever", "retrieval_index")
"""The index, and all that it is made from."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in memory, that can be made larger."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("mounting a small disk needs root; the file size limit below does not")
    yield tmp_path
    subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def grow(disk: Path, kibibytes: int) -> None:
    options = f"remount,size={kibibytes}k"
    subprocess.run(["mount", "-o", options, str(disk)], check=True)


def test_a_disk_that_fills_up_again_and_again(
    server: ForkServer, undisturbed: Reference, texts: Lake, raw_dir: Path, small_disk: Path
) -> None:
    lake, stopped = small_disk / "lake", []
    for kibibytes in (64, 9_000, 21_000, 64_000):
        grow(small_disk, kibibytes)
        if len(stopped) == 1:
            begin_with_texts_of(texts, lake)
        ended = server.run(lake, raw_dir)
        if not ended.failures:
            break
        (asset, message), *_ = ended.failures.items()
        assert "the disk is full" in message, message
        assert str(small_disk) in message
        assert "hansol lake prune --keep 3" in message
        assert REMEDY in message
        stopped.append(asset)
    assert len(set(stopped)) >= 3
    assert submitted(lake) == submitted(undisturbed.lake)


def test_limits_on_file_sizes_and_libraries_that_cannot_write(
    server: ForkServer, undisturbed: Reference, texts: Lake, raw_dir: Path, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    for kibibytes in (64, 1_024):
        ended = server.run(lake, raw_dir, file_limit=kibibytes * 1024)
        (message, *_) = ended.failures.values()
        assert "the file outgrew the limit on file sizes" in message, message
        assert "ulimit -f" in message
        assert REMEDY in message
    begin_with_texts_of(texts, lake)
    fault = Fault(Point("retrieval_index", "before LanceTable.add", 0), "error", errno.ENOSPC)
    ended = server.run(lake, raw_dir, fault=fault, select=INDEXED)
    assert [*ended.failures] == ["retrieval_index"]
    assert REMEDY in ended.failures["retrieval_index"]
    last = server.run(lake, raw_dir, select=INDEXED)
    assert (last.code, last.failures) == (0, {})
    made, good = (
        Lake(folder, "small").live("retrieval_index") for folder in (lake, undisturbed.lake)
    )
    assert made.fingerprint == good.fingerprint
    assert verify(Lake(lake, "small")) == []
