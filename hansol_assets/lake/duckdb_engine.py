"""DuckDB without a file of its own, to which a file is attached while it is used.

What belongs here: sharing an engine within this process. What does not: other processes
(`hansol_assets.lake.duckdb_file`). An engine starts in about 12 ms and attaches a file in 1, and a
run opens the same file some two hundred times.
See https://duckdb.org/docs/stable/sql/statements/attach
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

import duckdb

THREADS = 1
"""Of an engine: for our small tables, threads take longer to start and end than they save. The
warehouse rests on it: one thread scans a table in the order in which it was written."""

MEMORY = "1GB"
"""Of an engine: by default it takes most of the machine's, and with a cache of 800,000 vectors took
2 GB each time that it tidied up; with this bound 0.7, in the same time."""

_FILE = "file"
"""What an engine calls the file that is attached to it."""


class _Engine:
    """An engine for one file.

    Args:
        path: The file.

    Attributes:
        users: How many have a connection.
        is_doubtful: Whether it ends with its last user.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        spill = f"{path}.tmp"
        self._root = duckdb.connect(
            config={"threads": THREADS, "memory_limit": MEMORY, "temp_directory": spill}
        )
        self.users = 0
        # An error can make an engine useless for all that follows.
        self.is_doubtful = False

    def open(self) -> duckdb.DuckDBPyConnection:
        """Attaches the file, where nobody has it yet, and returns a connection to it."""
        if not self.users:
            name = str(self._path).replace("'", "''")
            mode = "" if can_be_written(self._path) else " (read_only)"
            self._root.execute(f"attach '{name}' as {_FILE}{mode}")
        self.users += 1
        return self._root.cursor().execute(f"use {_FILE}")

    def leave(self) -> None:
        """Detaches the file once nobody has it any more."""
        self.users -= 1
        if not self.users:
            self._root.execute(f"detach {_FILE}")

    def end(self) -> None:
        """Frees the file whatever has become of the engine."""
        self._root.close()


def can_be_written(path: Path) -> bool:
    """Whether this user, and this disk, let a file be written, or made."""
    return os.access(path.parent, os.W_OK) and (os.access(path, os.W_OK) or not path.exists())


_engines: dict[tuple[int, Path], _Engine] = {}
"""By process, since a forked one must not touch what its parent has, and file."""

_lock = RLock()


@contextmanager
def attached(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Opens a file for a while.

    Args:
        path: The file; made if missing.

    Yields:
        A connection of its own; all that this process has at a time see the same file.

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
    process, path = key
    for other in [own for own in _engines if own[0] == process and own != key]:
        if not _engines[other].users:
            _engines.pop(other).end()
    if key not in _engines:
        _engines[key] = _Engine(path)
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
