"""The graph on the given rows: a first run, runs in which nothing or one row changed, loading.

What belongs here: what a person waits for at the command line. What does not: the size of tables
(`benchmarks/scaling.py`). Seconds are those on the wall: beside other work they are longer, and the
processor's stand beside them.
"""

import sys

from rows import Finished, Options, Row, hansol, limited, row, run

from stages.lakes import change_one_answer, environment, raw_of

TIMES = 5
LIBRARIES = "import dagster, duckdb, pandas, pyarrow"
"""What the code location cannot be loaded without."""
DVC = "DVC's no-op on as many stages: 0.5 s, as measured elsewhere"


def _short(runs: list[Finished], names: tuple[str, str, str], most: float, missed: str) -> Row:
    """A row of a command that a person waits for."""
    processor = [one.processor for one in runs]
    return row(
        names,
        [one.wall for one in runs],
        lambda seconds: seconds <= most,
        why=f"s, {len(runs)} runs; of the processor {min(processor):.1f}–{max(processor):.1f}",
        missed=missed,
    )


def measure(options: Options) -> list[Row]:
    """Runs the graph three ways, and loads the code location."""
    raw, lake = raw_of(options, options.work / "raw"), options.work / "lake"
    told = environment(options, lake, raw)
    times = 1 if options.small else TIMES
    load = [sys.executable, "-c", "from hansol_assets.definitions import defs; defs()"]
    loads = [run(load, told) for _ in range(times)]
    bare = [run([sys.executable, "-c", LIBRARIES], told) for _ in range(times)]
    first = run(hansol("refresh"), told)
    nothing = [run(hansol("refresh"), told) for _ in range(times)]
    change_one_answer(raw)
    changed = run(hansol("refresh"), told)
    share = changed.processor / first.processor
    return [
        _short(
            nothing,
            ("no-op refresh", DVC, "<= 3 s"),
            3,
            "other work had the cores at the same time",
        ),
        limited(
            ("loading the code location", LIBRARIES),
            [one.wall for one in loads],
            f"s, {len(loads)} runs; {LIBRARIES} {min(one.wall for one in bare):.2f}",
            "what these libraries take by themselves",
        ),
        row(
            ("one changed row in 517", "full rebuild", "<= 1/10"),
            [share],
            lambda part: part <= 0.1,
            why=f"processor seconds {changed.processor:.0f} of {first.processor:.0f}; on the wall "
            f"{changed.wall:.0f} of {first.wall:.0f}",
            missed="what is fitted on all rows (regressor, blend, confidence) is fitted again",
        ),
        row(
            ("the given rows, end to end", "-", "300 s"),
            [first.wall],
            lambda seconds: seconds <= 300,
            why=f"{first.processor:.0f} s of the processor, {first.gib:.2f} GiB",
            missed="other work had the cores at the same time",
        ),
    ]
