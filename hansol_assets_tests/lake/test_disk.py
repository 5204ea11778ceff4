import errno
import os
from pathlib import Path

import pytest

from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.lake_errors import DiskError, LakeError


def explained(error: Exception, cause: Exception | None = None) -> str:
    with pytest.raises(DiskError) as raised, disk_explained(Path("/lake")):
        raise error from cause
    assert raised.value.__cause__ is error
    return str(raised.value)


@pytest.mark.parametrize(
    ("error", "path", "problem"),
    [
        (OSError(errno.ENOSPC, "full", "/lake/a"), "/lake/a", "the disk is full"),
        (OSError(errno.ENOSPC, "full", "a", None, "/lake/b"), "/lake/b", "the disk is full"),
        (OSError(errno.EDQUOT, "quota", "a"), "/lake", "the disk quota is used up"),
        (OSError(errno.EIO, "io"), "/lake", "the disk reports an input/output error"),
        (
            RuntimeError("IO Error: Could not write file: No space left on device"),
            "/lake",
            "the disk is full",
        ),
        (
            RuntimeError("lance error: Read-only file system (os error 30)"),
            "/lake",
            "the disk is read-only",
        ),
        (
            RuntimeError("[enforce fail] PytorchStreamWriter failed writing file data/0"),
            "/lake",
            "the disk is full",
        ),
    ],
)
def test_every_library_says_it_in_its_own_words(error: Exception, path: str, problem: str) -> None:
    assert explained(error).startswith(f"{path}: {problem}. What was there before is as it was.")


def test_the_reason_may_stand_behind_another_error() -> None:
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/lake/model.safetensors")
    assert explained(ValueError("could not save"), full).startswith("/lake/model.safetensors:")


@pytest.mark.parametrize("error", [LakeError("known"), KeyError("answer"), FileNotFoundError("x")])
def test_what_is_not_the_disks_passes(error: Exception) -> None:
    with pytest.raises(type(error)) as raised, disk_explained(Path("/lake")):
        raise error
    assert raised.value is error
