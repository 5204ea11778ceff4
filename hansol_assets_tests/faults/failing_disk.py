"""A disk that fails at the n-th thing that is asked of it, inside this process.

What belongs here: the calls by which the lake itself writes. What does not: the libraries that
write from C++ and Rust; those get a disk that is really full (`test_full_disk`).
"""

import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

WRITING_CALLS = ("fsync", "replace", "rename", "mkdir", "symlink")


class FailingDisk:
    """Counts calls, and fails one of them.

    Args:
        error: The error's number.
        fails_at: Which call fails, from 0; None: none does.
    """

    def __init__(self, error: int, fails_at: int | None) -> None:
        self.error = error
        self.fails_at = fails_at
        self.calls: list[str] = []

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Puts the disk under everything that the block writes."""
        with pytest.MonkeyPatch.context() as patch:
            for name in WRITING_CALLS:
                patch.setattr(os, name, self._failing(name, getattr(os, name)))
            patch.setattr(Path, "open", self._opening(Path.open))
            yield

    def fails(self, call: str) -> bool:
        self.calls.append(call)
        return len(self.calls) - 1 == self.fails_at

    def failure(self, path: object) -> OSError:
        # As the system says it: a sync knows a descriptor and no name.
        named = [] if isinstance(path, int) else [str(path)]
        return OSError(self.error, os.strerror(self.error), *named)

    def _failing(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            # Making a folder that is there asks nothing of the disk.
            is_asked = name != "mkdir" or not Path(args[0]).is_dir()
            if is_asked and self.fails(name):
                raise self.failure(args[0])
            return call(*args, **kwargs)

        return wrapper

    def _opening(self, call: Callable[..., IO[Any]]) -> Callable[..., IO[Any]]:
        def wrapper(path: Path, mode: str = "r", *args: Any, **kwargs: Any) -> IO[Any]:
            if mode == "wb":
                return io.BufferedWriter(ShortFile(path, self))
            return call(path, mode, *args, **kwargs)

        return wrapper


class ShortFile(io.FileIO):
    """A file of which a write may keep the first half and then fail."""

    def __init__(self, path: Path, disk: FailingDisk) -> None:
        super().__init__(path, "wb")
        self._disk = disk

    def write(self, data: Any) -> int:
        if not self._disk.fails("write"):
            return super().write(data)
        super().write(bytes(data)[: len(data) // 2])
        raise self._disk.failure(self.name)
