"""Opening a DuckDB file that other processes use, and that may be damaged.

A file is attached to an engine that this process keeps: an engine starts in about 12 ms and
attaches a file in 1, and a run opens the same file some two hundred times.
See https://duckdb.org/docs/stable/sql/statements/attach
"""

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import RLock

import duckdb
from filelock import FileLock
from tenacity import Retrying, retry_if_exception_message, stop_after_delay, wait_random

from hansol_assets.lake.lake_errors import BusyLakeError

LOCK_WAIT_SECONDS = 120
"""How long a process waits for another one that holds the file."""

DAMAGED_FOLDER = "damaged"
"""Beside the file: files that could not be opened, for those who want to look at them."""

THREADS = 1
"""Of an engine: for our small tables, threads take longer to start and end than they save. The
warehouse rests on it: one thread scans a table in the order in which it was written."""

MEMORY = "1GB"
"""Of an engine: by default it takes most of the machine's, and with a cache of 800,000 vectors took
2 GB each time that it tidied up; with this bound 0.7, in the same time."""

_ATTACHED = "file"
"""What an engine calls the file that is attached to it."""

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


def can_be_written(path: Path) -> bool:
    """Whether this user, and this disk, let a file be written, or made."""
    return os.access(path.parent, os.W_OK) and (os.access(path, os.W_OK) or not path.exists())


@contextmanager
def opened(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a DuckDB file, made if missing; one that cannot be read is set aside, and made anew.

    Yields:
        A connection; the file is free for other processes once nobody here has one.

    Raises:
        BusyLakeError: Another process held the file for `LOCK_WAIT_SECONDS`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        yield _connect(stack, path)


def opens(path: Path) -> bool:
    """Whether a DuckDB file can be opened; it stays where it is either way.

    Raises:
        BusyLakeError: Another process held the file for `LOCK_WAIT_SECONDS`.
    """
    with ExitStack() as stack:
        return _connect_if_sound(stack, path) is not None


def _connect(stack: ExitStack, path: Path) -> duckdb.DuckDBPyConnection:
    connection = _connect_if_sound(stack, path)
    if connection is not None:
        return connection
    # Another process may have seen the same, and put a new file there already.
    with FileLock(path.with_name(f".{path.name}.lock")):
        connection = _connect_if_sound(stack, path)
        if connection is not None:
            return connection
        _set_aside(path)
        return _wait_and_connect(stack, path)


def _connect_if_sound(stack: ExitStack, path: Path) -> duckdb.DuckDBPyConnection | None:
    try:
        return _wait_and_connect(stack, path)
    except duckdb.Error as error:
        if not is_corrupt(error):
            raise
        return None


def _wait_and_connect(stack: ExitStack, path: Path) -> duckdb.DuckDBPyConnection:
    retrying = Retrying(
        retry=retry_if_exception_message(match=_LOCKED),
        wait=wait_random(0.02, 0.2),
        stop=stop_after_delay(LOCK_WAIT_SECONDS),
        reraise=True,
    )
    try:
        return retrying(lambda: stack.enter_context(attached(path)))
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


class _Engine:
    """DuckDB without a file of its own, for one file that is attached while it is used.

    Attributes:
        users: How many have a connection.
        is_doubtful: Whether it ends with its last user: an error can make it useless for all that
            follows.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        spill = f"{path}.tmp"
        self._root = duckdb.connect(
            config={"threads": THREADS, "memory_limit": MEMORY, "temp_directory": spill}
        )
        self.users = 0
        self.is_doubtful = False

    def open(self) -> duckdb.DuckDBPyConnection:
        if not self.users:
            name = str(self._path).replace("'", "''")
            mode = "" if can_be_written(self._path) else " (read_only)"
            self._root.execute(f"attach '{name}' as {_ATTACHED}{mode}")
        self.users += 1
        return self._root.cursor().execute(f"use {_ATTACHED}")

    def leave(self) -> None:
        self.users -= 1
        if not self.users:
            self._root.execute(f"detach {_ATTACHED}")

    def end(self) -> None:
        """Frees the file whatever has become of the engine."""
        self._root.close()


_engines: dict[tuple[int, Path], _Engine] = {}
"""By process, since a forked one must not touch what its parent has, and file."""

_lock = RLock()


@contextmanager
def attached(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a file, made if missing, for a while.

    Yields:
        A new connection; all that this process has at a time see the same file.

    Raises:
        duckdb.Error: The file cannot be opened, as when another process has it.
    """
    key = (os.getpid(), path.absolute())
    with _lock:
        engine = _engine(key)
        connection = engine.open()
    try:
        yield connection
    except duckdb.Error:
        engine.is_doubtful = True
        raise
    finally:
        connection.close()
        with _lock:
            _leave(key, engine)


def _engine(key: tuple[int, Path]) -> _Engine:
    """The engine of a file; those of other files end that nobody uses."""
    process, _ = key
    for other in [item for item in _engines if item[0] == process and item != key]:
        if not _engines[other].users:
            _engines.pop(other).end()
    if key not in _engines:
        _engines[key] = _Engine(key[1])
    return _engines[key]


def _leave(key: tuple[int, Path], engine: _Engine) -> None:
    try:
        engine.leave()
    except duckdb.Error:
        # The rows are in the file or its log by now: whoever opens it next tidies up.
        engine.is_doubtful = True
    if engine.is_doubtful and not engine.users:
        del _engines[key]
        engine.end()
