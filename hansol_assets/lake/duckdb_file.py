"""Opening a DuckDB file that other processes use, and that may be damaged.

What belongs here: waiting for the file's lock, and setting a file aside that cannot be opened. What
does not: any table (`hansol_assets.lake.warehouse`), and who shares an engine
(`hansol_assets.lake.duckdb_engine`).
"""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
from filelock import FileLock
from tenacity import Retrying, retry_if_exception_message, stop_after_delay, wait_random

from hansol_assets.lake.duckdb_engine import attached
from hansol_assets.lake.errors import BusyLakeError

LOCK_WAIT_SECONDS = 120
"""How long a process waits for another one that holds the file."""

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


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a DuckDB file; one that cannot be read is set aside, and an empty one opened.

    Args:
        path: The file; made if missing.

    Yields:
        A connection; the file is free for other processes once nobody here has one.

    Raises:
        BusyLakeError: Another process held the file for `LOCK_WAIT_SECONDS`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        yield _entered(stack, path)


def opens(path: Path) -> bool:
    """Whether a DuckDB file can be opened; it stays where it is either way.

    Raises:
        BusyLakeError: Another process held the file for `LOCK_WAIT_SECONDS`.
    """
    with ExitStack() as stack:
        return _sound(stack, path) is not None


def _entered(stack: ExitStack, path: Path) -> duckdb.DuckDBPyConnection:
    connection = _sound(stack, path)
    if connection is not None:
        return connection
    # Another process may have seen the same, and put a new file there already.
    with FileLock(path.with_name(f".{path.name}.lock")):
        connection = _sound(stack, path)
        if connection is not None:
            return connection
        _set_aside(path)
        return _patiently(stack, path)


def _sound(stack: ExitStack, path: Path) -> duckdb.DuckDBPyConnection | None:
    """A connection to the file; none where its bytes are not those that DuckDB wrote."""
    try:
        return _patiently(stack, path)
    except duckdb.Error as error:
        if not is_corrupt(error):
            raise
        return None


def _patiently(stack: ExitStack, path: Path) -> duckdb.DuckDBPyConnection:
    waiting = Retrying(
        retry=retry_if_exception_message(match=_LOCKED),
        wait=wait_random(0.02, 0.2),
        stop=stop_after_delay(LOCK_WAIT_SECONDS),
        reraise=True,
    )
    try:
        return waiting(lambda: stack.enter_context(attached(path)))
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
