"""Every stage beside its peer, as one table.

Usage: python benchmarks/bench.py [--small] [--raw DIR] [--out DIR] [--stages NAME …]

What belongs here: running the stages, each in a process of its own, and writing the table. What
does not: any stage (`benchmarks/stages`), and how the graph grows (`benchmarks/scaling.py`).

Each stage that ends is written at once, in the place of its earlier rows, so that a run of some
stages leaves the figures of the others. With `--small` every stage only has to work: the table goes
to a temporary folder, and the command fails if one did not.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from rows import REPOSITORY, Options, Row

STAGES = (
    "training", "generation", "embedding", "retrieval", "cluster", "tables", "graph", "refresh",
    "gpu",
)  # fmt: skip
RESULTS = Path(__file__).with_name("results")
SAMPLE = REPOSITORY / "hansol_assets" / "sample"
ROUNDS = 3
MOST_ROWS = 1_000_000
LIBRARIES = "torch transformers trl peft sentence-transformers lancedb duckdb pandas numpy dagster"
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def measure(stage: str, options: Options) -> list[Row]:
    """Runs a stage in this process."""
    rows: list[Row] = importlib.import_module(f"stages.{stage}").measure(options)
    return rows


def measured_apart(stage: str, options: Options) -> list[dict[str, Any]]:
    """Runs a stage in a process of its own.

    Raises:
        RuntimeError: It failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures.json"
        command = [sys.executable, __file__, "--stage", stage, "--raw", str(options.raw)]
        command += ["--rounds", str(options.rounds), "--work", folder, "--figures", str(figures)]
        command += ["--most-rows", str(options.most_rows)]
        command += ["--small"] if options.small else []
        paths = os.pathsep.join([str(REPOSITORY), os.environ.get("PYTHONPATH", "")])
        # One thread where nothing else is said: two shared cores make a pair of runs unlike.
        environment = {**os.environ, **ONE_THREAD, "PYTHONPATH": paths, "PYTHONWARNINGS": "ignore"}
        done = subprocess.run(command, env=environment, check=False, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"stage {stage} failed:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
        rows: list[dict[str, Any]] = json.loads(figures.read_text(encoding="utf-8"))
        return rows


def merged(
    known: list[dict[str, Any]], fresh: list[dict[str, Any]], names: Sequence[str]
) -> list[dict[str, Any]]:
    """Puts the rows of measured stages in the place of their earlier ones."""
    kept = [item for item in known if item["part"] not in names]
    return sorted([*kept, *fresh], key=lambda item: STAGES.index(item["part"]))


def header() -> str:
    """Machine, versions, date and commit."""
    cpu = Path("/proc/cpuinfo")
    names = (
        [line for line in cpu.read_text().splitlines() if "model name" in line]
        if cpu.exists()
        else []
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607
        cwd=REPOSITORY,
        check=False,
        capture_output=True,
        text=True,
    ).stdout.strip()
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES.split())
    chip = names[0].partition(":")[2].strip() if names else "unknown processor"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, commit {commit}. {os.cpu_count()} cores of {chip}, "
        f"{memory:.0f} GiB, no GPU, shared with other work. Python {sys.version.split()[0]}, "
        f"{libraries}."
    )


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table for people."""
    lines = [
        "# The last figures",
        "",
        header(),
        "",
        "`make bench` writes this page; what each stage does is in `benchmarks/stages`, and what "
        "it is measured against in `benchmarks/peers`. A ratio is the median of pairs of runs in "
        "turn, above 1 where this project is faster.",
        "",
        "| stage | peer | goal | measured | range | met | why |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for item in rows:
        met = {True: "yes", False: "**no**", None: ""}[item["met"]]
        span = "–".join(f"{value:g}" for value in item["range"])
        cells = [
            item["stage"],
            item["peer"],
            item["goal"],
            item["measured"],
            span,
            met,
            item["why"],
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def write(rows: list[dict[str, Any]], out: Path) -> None:
    """Writes both files."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(rows, ensure_ascii=False, indent=1)
    (out / "latest.json").write_text(text + "\n", encoding="utf-8")
    (out / "latest.md").write_text(markdown(rows), encoding="utf-8")


def _known(out: Path) -> list[dict[str, Any]]:
    latest = out / "latest.json"
    if not latest.is_file():
        return []
    rows: list[dict[str, Any]] = json.loads(latest.read_text(encoding="utf-8"))
    return rows


def run_all(stages: Sequence[str], options: Options, out: Path) -> int:
    """Measures stage after stage.

    Returns:
        How many failed.
    """
    failed = 0
    # Figures are thrown away where stages only have to work, so two may share the cores.
    with ThreadPoolExecutor(2 if options.small else 1) as pool:
        asked = {stage: pool.submit(measured_apart, stage, options) for stage in stages}
        for stage, answer in asked.items():
            try:
                fresh = answer.result()
            except RuntimeError as error:
                print(error, file=sys.stderr, flush=True)
                failed += 1
                continue
            write(merged(_known(out), [{"part": stage, **item} for item in fresh], [stage]), out)
            for item in fresh:
                print(f"{item['stage']} | {item['goal']} | {item['measured']}", flush=True)
    return failed


def main() -> None:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--small", action="store_true", help="only see that every stage works")
    parser.add_argument("--raw", type=Path, default=SAMPLE, help="folder with the real rows")
    parser.add_argument("--out", type=Path, help="where the table goes")
    parser.add_argument("--stages", nargs="+", default=STAGES, choices=STAGES)
    parser.add_argument("--rounds", type=int, help="pairs of runs")
    parser.add_argument("--most-rows", type=int, default=MOST_ROWS, help="largest table of vectors")
    for hidden in ("--stage", "--work", "--figures"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    told = parser.parse_args()
    rounds = told.rounds or (1 if told.small else ROUNDS)
    if told.stage:
        options = Options(told.small, told.raw, Path(told.work), rounds, told.most_rows)
        figures = [item.as_record() for item in measure(told.stage, options)]
        Path(told.figures).write_text(json.dumps(figures, ensure_ascii=False), encoding="utf-8")
        return
    options = Options(told.small, told.raw.resolve(), Path(), rounds, told.most_rows)
    with tempfile.TemporaryDirectory() as temporary:
        out = told.out or (Path(temporary) if told.small else RESULTS)
        failed = run_all(told.stages, options, out)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
