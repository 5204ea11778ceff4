"""Rows of the table of figures, and pairs of runs that they come from.

What belongs here: what a row is, whether its goal is met, and the clock. What does not: any stage.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

NOT_MEASURED = "not measured"
REPOSITORY = Path(__file__).parent.parent


@dataclass(frozen=True)
class Options:
    """What every stage is told.

    Attributes:
        small: Whether it only has to work.
        raw: Folder with the three CSV files; the sample's unless another is given.
        work: An empty folder of its own.
        rounds: Pairs of runs.
        most_rows: Tables of vectors that are larger are not measured, longer ones of rows cut.
    """

    small: bool
    raw: Path
    work: Path
    rounds: int
    most_rows: int


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        stage: What is done.
        peer: What it is measured against.
        goal: As the issue words it.
        measured: The figure, or "not measured".
        met: Whether the figure meets the goal; None where nothing was measured.
        range: Lowest and highest of the runs.
        why: What stands in the way, or what the figure is of.
    """

    stage: str
    peer: str
    goal: str
    measured: float | str = NOT_MEASURED
    met: bool | None = None
    range: Sequence[float] = field(default_factory=tuple)
    why: str = ""

    def as_record(self) -> dict[str, Any]:
        """The row as JSON has it."""
        return asdict(self)


def row(
    names: tuple[str, str, str],
    figures: Sequence[float],
    meets: Callable[[float], bool],
    *,
    why: str = "",
    missed: str = "",
) -> Row:
    """Makes a row of the median of figures.

    Args:
        names: Stage, peer and goal.
        figures: Of each run, or pair of runs.
        meets: Whether a median is good enough.
        why: What the figure is of.
        missed: What stands in the way, told where the goal is not met.
    """
    median = statistics.median(figures)
    met = meets(median)
    said = "; ".join(text for text in (why, "" if met else missed) if text)
    span = (round(min(figures), 3), round(max(figures), 3))
    return Row(*names, round(median, 3), met, span, said)


def limited(names: tuple[str, str], figures: Sequence[float], why: str, limit: str) -> Row:
    """Makes a row without a goal: of what stands in the way nothing here is to be mended.

    Args:
        names: Stage and peer.
        figures: Of each run, or pair of runs.
        why: What the figure is of.
        limit: What it cannot pass.
    """
    span = (round(min(figures), 3), round(max(figures), 3))
    median = round(statistics.median(figures), 3)
    return Row(*names, "-", median, None, span, f"{why}; the limit: {limit}")


def in_turn(rounds: int, *runs: Callable[[], float]) -> list[list[float]]:
    """Runs A B A B …, so that what else the machine does meets both.

    Returns:
        The figures of each.
    """
    figures: list[list[float]] = [[] for _ in runs]
    for _ in range(rounds):
        for place, run in enumerate(runs):
            figures[place].append(run())
    return figures


def ratios(ours: Sequence[float], peers: Sequence[float]) -> list[float]:
    """Each of our figures over the peer's of the same round."""
    return [own / other for own, other in zip(ours, peers, strict=True)]


def processor_seconds(work: Callable[[], Any]) -> float:
    """The processor's time of a call on all threads, whatever other programs do."""
    started = time.process_time()
    work()
    return time.process_time() - started


@dataclass(frozen=True)
class Finished:
    """A process that ended well.

    Attributes:
        wall: Seconds.
        processor: Seconds, its children's included.
        gib: Highest resident memory.
        output: What it printed.
    """

    wall: float
    processor: float
    gib: float
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Finished:
    """Runs a command to its end and measures it.

    Raises:
        RuntimeError: It failed; the message is the end of its output.
    """
    started = time.perf_counter()
    process = subprocess.Popen(
        command,
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd=REPOSITORY,
        text=True,
    )
    output = process.stdout.read() if process.stdout else ""
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{' '.join(command[:3])} failed:\n{output[-2000:]}")
    return Finished(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 2**20, output)


def add_figures(figures: dict[str, Any], kind: Sequence[str], path: Path) -> list[dict[str, Any]]:
    """Puts a run's figures in the place of those of an earlier one of the same kind.

    Args:
        figures: Of one run.
        kind: The figures by which runs are told apart, and ordered.
        path: A JSON file; made if missing.

    Returns:
        All that the file holds now.
    """
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    name = [figures[own] for own in kind]
    kept = [item for item in known if [item[own] for own in kind] != name]
    ordered = sorted([*kept, figures], key=lambda item: [item[own] for own in kind])
    path.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")
    return ordered


def hansol(*words: str) -> list[str]:
    """The command line of this very tree, whichever one is installed."""
    return [sys.executable, "-m", "hansol_assets.cli", *words]
