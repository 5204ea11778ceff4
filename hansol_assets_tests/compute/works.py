"""Work that says what became of it: what both computes are tested with.

Nothing heavy is imported here: each process of a cluster that works on it would load that.
"""

import os
import pickle
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from hansol_assets.compute.protocol import GroupWork, Member, isolate_errors
from hansol_assets.errors import InputError


def blocks_of(*sizes: int) -> list[pa.Table]:
    """Blocks of rising numbers."""
    starts = [sum(sizes[:place]) for place in range(len(sizes))]
    return [
        pa.table({"number": list(range(start, start + size))})
        for start, size in zip(starts, sizes, strict=True)
    ]


@dataclass(frozen=True)
class Doubling:
    """Doubles numbers, slowly, and notes in a folder who did it.

    Attributes:
        folder: Where each process writes its number, and each block that it began.
        seconds: How long a block takes.
        together: Processes that have to be there before any of them works.
    """

    folder: Path
    seconds: float = 0.0
    together: int = 1
    name: str = "doubling"
    fewest_to_send: int = 0

    def open(self) -> Callable[[pa.Table], pa.Table]:
        note(self.folder, "opened")

        def double(block: pa.Table) -> pa.Table:
            numbers = block["number"].to_pylist()
            while len(noted(self.folder, "opened")) < self.together:
                time.sleep(0.05)
            note(self.folder, f"block-{numbers[0]}")
            time.sleep(self.seconds)
            return pa.table({"number": numbers, "doubled": [2 * number for number in numbers]})

        return double


def note(folder: Path, what: str) -> None:
    """Writes that this process did something."""
    (folder / f"{what}.{os.getpid()}").write_text(str(time.monotonic_ns()), encoding="utf-8")


def noted(folder: Path, what: str) -> list[int]:
    """The processes that did something, the first one first."""
    found = sorted(folder.glob(f"{what}.*"), key=lambda path: path.stat().st_mtime_ns)
    return [int(path.suffix.removeprefix(".")) for path in found]


@dataclass(frozen=True)
class Inverting:
    """Inverts numbers; 0 is poison, and another is refused."""

    refused: int
    name: str = "inverting"
    fewest_to_send: int = 0

    def open(self) -> Callable[[pa.Table], pa.Table]:
        def invert(block: pa.Table) -> pa.Table:
            numbers = block["number"].to_pylist()
            if self.refused in numbers:
                raise InputError(f"row {self.refused} is refused")
            outcomes = isolate_errors(lambda own: [1 / number for number in own], numbers)
            return pa.table(
                {
                    "number": numbers,
                    "inverse": pa.array([outcome.made for outcome in outcomes], pa.float64()),
                    "problem": pa.array([outcome.problem for outcome in outcomes], pa.string()),
                }
            )

        return invert


@dataclass(frozen=True)
class InTurn:
    """Several works of one group: its processes take longer to start than most of them last."""

    works: tuple[GroupWork[Any], ...]
    name: str = "several"

    @property
    def rows(self) -> int:
        return sum(work.rows for work in self.works)

    def can_use(self, members: int) -> bool:
        return all(work.can_use(members) for work in self.works)

    def run(self, member: Member) -> list[Any]:
        return [work.run(member) for work in self.works]


@dataclass(frozen=True)
class Meeting:
    """Adds up the numbers of a group's members by their own means, gloo's.

    Attributes:
        folder: Where each member notes that it began.
        fails: The message of an error that each raises instead.
    """

    folder: Path
    fails: str = ""
    name: str = "meeting"
    rows: int = 7

    def can_use(self, members: int) -> bool:
        return True

    def run(self, member: Member) -> dict[str, int]:
        note(self.folder, f"member-{member.rank}")
        member.send("met", {"members": float(member.members)})
        if self.fails:
            raise InputError(self.fails)
        return {"members": member.members, "sum": _summed(member)}


def _summed(member: Member) -> int:
    if member.members == 1:
        return 1
    import torch
    from torch import distributed

    own = torch.tensor([member.rank + 1])
    distributed.all_reduce(own)
    return int(own)


@dataclass(frozen=True)
class DyingAfter:
    """Does other work, and ends its process then, as the system does that has no memory left.

    Attributes:
        result: File that gets what was made; nothing is returned.
    """

    work: GroupWork[Any]
    result: Path
    name: str = "dying"

    @property
    def rows(self) -> int:
        return self.work.rows

    def can_use(self, members: int) -> bool:
        return self.work.can_use(members)

    def run(self, member: Member) -> None:
        self.result.write_bytes(pickle.dumps(self.work.run(member)))
        os.kill(os.getpid(), signal.SIGKILL)
