"""Opening a DuckDB file that other processes use, and that may be damaged.

What belongs here: waiting for the file's lock, and setting a file aside that cannot be opened. What
does not: any table (`hansol_assets.lake.warehouse`).
"""

import re
from pathlib import Path

import duckdb
from filelock import FileLock
from tenacity import Retrying, retry_if_exception_message, stop_after_delay, wait_random

from hansol_assets.lake.errors import BusyLakeError

LOCK_WAIT_SECONDS = 120
"""How long a process waits for another one that holds the file."""

THREADS = 1
"""Of a connection: for our small tables, threads take longer to start and end than they save."""

DAMAGED_FOLDER = "damaged"
"""Beside the file: what was damaged, kept for those who want to look at it."""

_LOCKED = ".*Could not set lock on file.*"
_CORRUPT = re.compile(
    "Corrupt database file|not a valid DuckDB database file|Could not read enough bytes"
)


def quoted(name: str) -> str:
    """Returns a name as SQL takes it whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def is_corrupt(error: Exception) -> bool:
    """Whether DuckDB says that bytes of its file are not the ones that it wrote."""
    return bool(_CORRUPT.search(str(error)))


def connect(path: Path) -> duckdb.DuckDBPyConnection:
    """Opens a DuckDB file; one that cannot be read is set aside, and an empty one opened.

    Args:
        path: The file; made if missing.

    Raises:
        BusyLakeError: Another process held the file for `LOCK_WAIT_SECONDS`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        return _connect(path)
    except duckdb.Error as error:
        if not is_corrupt(error):
            raise
    # Another process may have seen the same, and put a new file there already.
    with FileLock(path.with_name(f".{path.name}.lock")):
        try:
            return _connect(path)
        except duckdb.Error as error:
            if not is_corrupt(error):
                raise
        _set_aside(path)
        return _connect(path)


def opens(path: Path) -> bool:
    """Whether a DuckDB file can be opened; it stays where it is either way.

    Raises:
        BusyLakeError: Another process held the file for `LOCK_WAIT_SECONDS`.
    """
    try:
        _connect(path).close()
    except duckdb.Error as error:
        if not is_corrupt(error):
            raise
        return False
    return True


def _connect(path: Path) -> duckdb.DuckDBPyConnection:
    waiting = Retrying(
        retry=retry_if_exception_message(match=_LOCKED),
        wait=wait_random(0.02, 0.2),
        stop=stop_after_delay(LOCK_WAIT_SECONDS),
        reraise=True,
    )
    try:
        return waiting(duckdb.connect, str(path), config={"threads": THREADS})
    except duckdb.IOException as error:
        if not re.match(_LOCKED, str(error)):
            raise
        holder = str(error).partition("Conflicting lock is held in ")[2].partition(". ")[0]
        raise BusyLakeError(path, holder or "an unknown one") from error


def _set_aside(path: Path) -> None:
    folder = path.with_name(DAMAGED_FOLDER)
    folder.mkdir(exist_ok=True)
    log = path.with_name(f"{path.name}.wal")
    for file in (path, log):
        if file.exists():
            file.replace(folder / file.name)
