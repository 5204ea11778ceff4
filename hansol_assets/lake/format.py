"""The lake's format: so that an older version does not misread what a newer one wrote.

Raise `FORMAT` when a lake of the new version would be misread by the version before it.
"""

from pathlib import Path

from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.errors import NewerLakeError, NotAFolderError, UnusablePathError

FORMAT = 1
FORMAT_FILE = "format"


def check_format(root: Path) -> None:
    """Refuses a lake that a newer version wrote; a lake without the file is taken as ours.

    Args:
        root: The lake's folder; need not exist.

    Raises:
        NotAFolderError: A file stands where the lake should be.
        UnusablePathError: Its path holds a question mark.
        NewerLakeError: The lake's format is newer than `FORMAT`, or is not a number.
    """
    if "?" in str(root.absolute()):
        raise UnusablePathError(root)
    if root.exists() and not root.is_dir():
        raise NotAFolderError(root)
    path = root / FORMAT_FILE
    if not path.is_file():
        return
    found = path.read_text(encoding="utf-8", errors="replace").strip()
    if not (found.isascii() and found.isdigit() and int(found) <= FORMAT):
        raise NewerLakeError(root, found or "of no number", FORMAT)


def mark_format(root: Path) -> None:
    """Writes the format into a lake that has none."""
    path = root / FORMAT_FILE
    if not path.exists():
        write_atomically(path, f"{FORMAT}\n".encode())
