"""A table through embedding and index on a Ray cluster of this machine, beside this process.

What belongs here: what a second worker brings with the installed encoder. What does not: larger
tables and their memory (`benchmarks/cluster.py`, `results/cluster.json`).
"""

import json
import sys

from rows import REPOSITORY, Options, Row, in_turn, ratios, row, run

SCRIPT = str(REPOSITORY / "benchmarks" / "cluster.py")


def measure(options: Options) -> list[Row]:
    """Builds an index here, with one worker, and with two."""
    rows = 400 if options.small else 5_000

    def seconds(workers: int) -> float:
        words = ["--one", "--rows", str(rows), "--workers", str(workers), "--muse"]
        told = json.loads(run([sys.executable, SCRIPT, *words]).output.strip().splitlines()[-1])
        return float(told["seconds"])

    if options.small:
        seconds(2)
        return []
    here, one, two = in_turn(1, *(lambda k=k: seconds(k) for k in (0, 1, 2)))  # type: ignore[misc]
    name = f"embedding and index of {rows:,} rows"
    why = f"s: here {here[0]}, one worker {one[0]}, two {two[0]}; starts included"
    return [
        row((f"{name}, one worker", "this process", "-"), ratios(here, one), lambda _: True),
        row((f"{name}, two workers", "one", "-"), ratios(one, two), lambda _: True, why=why),
    ]
