"""What the workers of one run of the tests share."""

from collections.abc import Callable
from pathlib import Path

from filelock import FileLock


def made_once(folder: Path, make: Callable[[Path], object]) -> Path:
    """Has a folder filled by the worker that first asks for it; the others wait for that.

    Args:
        folder: The folder, in one that all workers see.
        make: Fills it; where it fails, the next worker that asks tries again.

    Returns:
        The folder, to be read only.
    """
    folder.mkdir(exist_ok=True)
    made = folder.with_suffix(".made")
    with FileLock(folder.with_suffix(".lock")):
        if not made.exists():
            make(folder)
            made.touch()
    return folder
