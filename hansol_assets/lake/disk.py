"""A full, read-only, forbidden or failing disk, recognised in the errors of various libraries."""

import errno
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from tempfile import TemporaryFile

from hansol_assets.commands import PRUNE
from hansol_assets.lake.lake_errors import DiskError, explained

_ROOM = f"Free some space ('{PRUNE}' removes what is no longer used)"
_ELSEWHERE = "name a folder that can be written with HANSOL_LAKE_DIR"

PROBLEMS = {
    errno.ENOSPC: ("the disk is full", _ROOM),
    errno.EDQUOT: ("the disk quota is used up", _ROOM),
    errno.EFBIG: ("the file outgrew the limit on file sizes", "Raise it (ulimit -f)"),
    errno.EROFS: ("the disk is read-only", f"Mount it writable, or {_ELSEWHERE}"),
    errno.EACCES: ("permission is denied", f"Give this user access to it, or {_ELSEWHERE}"),
    errno.EPERM: ("permission is denied", f"Give this user access to it, or {_ELSEWHERE}"),
    errno.ENOTDIR: (
        "a part of the path is not a folder",
        "Name another folder with HANSOL_LAKE_DIR, or move the file away",
    ),
    errno.ENAMETOOLONG: ("the path is too long", "Name a shorter one with HANSOL_LAKE_DIR"),
    errno.EIO: ("the disk reports an input/output error", f"Check the disk, or {_ELSEWHERE}"),
}
"""Error number → what is wrong, and the remedy."""

_TORCH_WRITER = "PytorchStreamWriter failed"
"""All that torch says when a checkpoint cannot be written, whatever the reason."""


def disk_explained(path: Path) -> AbstractContextManager[None]:
    """Turns what a library says of the disk into an error for a person.

    It names the file of the library's error, or else `path`.

    Raises:
        DiskError: The disk is full, read-only, forbidden or failing. Other errors pass unchanged.
    """
    return explained(lambda error: _explain(error, path))


def can_be_made(folder: Path) -> bool:
    """Whether a folder, or the nearest one above it that there is, lets this user write."""
    nearest = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    return os.access(nearest, os.W_OK)


def require_writable(folder: Path) -> None:
    """Refuses a folder in which nothing can be written, before any work; makes it if missing.

    Raises:
        DiskError: See `disk_explained`.
    """
    with disk_explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            TemporaryFile(dir=folder).close()
        except OSError as error:
            # The folder is what a person knows, and not the file that was tried.
            raise OSError(error.errno, error.strerror) from None


def _explain(error: BaseException, path: Path) -> DiskError | None:
    for link in _chain(error):
        number = _error_number(link)
        if number is not None:
            return DiskError(_named(link) or path, *PROBLEMS[number])
    return None


def _named(error: BaseException) -> str | None:
    """The file that an error names: of two, as in a rename, the one that is to be."""
    names = (getattr(error, name, None) for name in ("filename2", "filename"))
    return next((str(name) for name in names if name and Path(str(name)).is_absolute()), None)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yields an error and those that led to it."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _error_number(error: BaseException) -> int | None:
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno if error.errno in PROBLEMS else None
    text = str(error)
    # Libraries that write from C++ or Rust keep the number only as the system's words for it.
    numbers = (number for number in PROBLEMS if os.strerror(number).lower() in text.lower())
    return next(numbers, errno.ENOSPC if _TORCH_WRITER in text else None)
