"""Named points of a run at which something can go wrong, and what goes wrong there.

What belongs here: wrapping, inside a forked run, the calls by which a lake is written. A wrapped
call is a point before and a point after; each is counted within the asset that is being made.
"""

import functools
import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from hansol_assets.lake.declaration import Bound
from hansol_assets.lake.warehouse import Warehouse
from hansol_assets.orchestration import graph

OUTSIDE = "between assets"
BUILD = "build"
"""The point at which work on an asset begins; a reused asset does not pass it."""


@dataclass(frozen=True)
class Point:
    """A point of a run: the n-th time that an asset's work passes before or after a call."""

    asset: str
    call: str
    number: int


@dataclass(frozen=True)
class Fault:
    """What happens where.

    Attributes:
        point: Where.
        kind: `kill` as by kill -9, `error` as by the operating system, or `lost gpu` as torch
            tells of it.
        error: The error's number, for `error`.
    """

    point: Point
    kind: Literal["kill", "error", "lost gpu"]
    error: int = 0

    def strike(self) -> None:
        if self.kind == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.kind == "lost gpu":
            import torch

            raise torch.AcceleratorError("CUDA error: unspecified launch failure")
        raise OSError(self.error, os.strerror(self.error), f"{self.point.call} of a test")


class Watch:
    """Counts points in this process, writes them down, and lets a fault strike.

    Args:
        trace: A file that gets a line a point, readable after a kill.
        fault: What happens where; None: nothing does.
    """

    def __init__(self, trace: Path, fault: Fault | None) -> None:
        self._trace = trace
        self._fault = fault
        self._asset = OUTSIDE
        self._counts: Counter[tuple[str, str]] = Counter()

    def passes(self, call: str) -> None:
        key = (self._asset, call)
        point = Point(*key, self._counts[key])
        self._counts[key] += 1
        with self._trace.open("a", encoding="utf-8") as trace:
            trace.write(f"{point.asset}\t{point.call}\t{point.number}\n")
        if self._fault is not None and point == self._fault.point:
            self._fault.strike()

    def install(self) -> None:
        """Wraps the calls; there is no way back, so only a process of its own does this."""
        for owner, name in _writing_calls():
            label = f"{getattr(owner, '__name__', owner)}.{name}"
            setattr(owner, name, self._wrapped(getattr(owner, name), label))
        graph.make = self._of_asset(graph.make)  # type: ignore[assignment]
        Bound.call = self._of_body(Bound.call)  # type: ignore[method-assign]
        Warehouse.transaction = self._transaction(Warehouse.transaction)  # type: ignore[method-assign]

    def _wrapped(self, call: Callable[..., Any], label: str) -> Callable[..., Any]:
        @functools.wraps(call)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self.passes(f"before {label}")
            result = call(*args, **kwargs)
            self.passes(f"after {label}")
            return result

        return wrapper

    def _of_asset(self, make: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(bound: Bound, *args: Any, **kwargs: Any) -> Any:
            self._asset = bound.declaration.name
            try:
                return make(bound, *args, **kwargs)
            finally:
                self._asset = OUTSIDE

        return wrapper

    def _of_body(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def wrapper(bound: Bound, *args: Any) -> Any:
            # What is named by its content may be worked out again, and still be reused.
            if not bound.declaration.named_by_content:
                self.passes(BUILD)
            return call(bound, *args)

        return wrapper

    def _transaction(self, transaction: Callable[..., Any]) -> Any:
        @contextmanager
        def wrapper(warehouse: Warehouse) -> Iterator[Any]:
            with transaction(warehouse) as connection:
                yield connection
                self.passes("before duckdb.commit")
            self.passes("after duckdb.commit")

        return wrapper


def _writing_calls() -> list[tuple[Any, str]]:
    import safetensors.torch
    import transformers
    from lancedb.db import LanceDBConnection
    from lancedb.merge import LanceMergeInsertBuilder
    from lancedb.table import LanceTable, Tags

    return [
        (os, "fsync"),
        (os, "rename"),
        (os, "replace"),
        (shutil, "rmtree"),
        (safetensors.torch, "save_file"),
        (transformers.Trainer, "_save_checkpoint"),
        (transformers.Trainer, "training_step"),
        (transformers.GenerationMixin, "generate"),
        (LanceDBConnection, "create_table"),
        (LanceTable, "add"),
        (LanceMergeInsertBuilder, "execute"),
        (LanceTable, "optimize"),
        (LanceTable, "create_index"),
        (Tags, "update"),
        (Tags, "create"),
    ]
