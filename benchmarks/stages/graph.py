"""What Dagster adds to the assets' own work, and the sample from end to end.

What belongs here: fresh runs of the whole graph on the sample, each in a process and a lake of its
own, in turn with a script that calls the same bodies. What does not: second runs
(`stages.refresh`).
"""

import sys
from dataclasses import replace
from pathlib import Path

from rows import REPOSITORY, Finished, Options, Row, hansol, ratios, row, run

from stages.lakes import environment, raw_of

SAMPLE = REPOSITORY / "hansol_assets" / "sample"
SCRIPT = REPOSITORY / "benchmarks" / "peers" / "script.py"


def measure(options: Options) -> list[Row]:
    """Runs graph and script in turn."""
    raw = raw_of(replace(options, raw=SAMPLE), options.work / "raw")
    rounds = 1 if options.small else min(2, options.rounds)

    def once(command: list[str], name: str) -> Finished:
        lake: Path = options.work / name
        return run(command, environment(options, lake, raw))

    runs = [
        (
            once(hansol("refresh"), f"graph-{number}"),
            once([sys.executable, str(SCRIPT)], f"script-{number}"),
        )
        for number in range(rounds)
    ]
    walls = [mine.wall for mine, _ in runs]
    processor = [mine.processor for mine, _ in runs]
    overhead = ratios(processor, [bare.processor for _, bare in runs])
    return [
        row(
            ("the graph's overhead", "the same asset functions from one script", "<= 1.10x"),
            overhead,
            lambda ratio: ratio <= 1.10,
            why="processor seconds of first runs on the sample, imports included",
            missed="a run's events are written one by one, each with a sync of the disk",
        ),
        row(
            ("the sample, end to end", "-", "90 s"),
            [min(walls)],
            lambda seconds: seconds <= 90,
            why=f"on the wall, the quickest; {min(processor):.0f} s of the processor",
            missed="other work had the cores at the same time",
        ),
    ]
