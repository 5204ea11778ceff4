"""Time and memory of every asset as a table grows.

Usage: python benchmarks/scaling.py [--rows N ...] [--lake FOLDER] [--figures FILE]
       python benchmarks/scaling.py --draw

What belongs here: fresh runs of the whole graph on synthetic tables (`benchmarks/synthetic.py`)
with training and generation cut (`benchmarks/scaling.yaml`), each run a process of its own. What
does not: comparisons with other software (`benchmarks/bench.py`).
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from rows import add_figures
from synthetic import QUESTIONS, write_raw_files

PROFILE = Path(__file__).with_name("scaling.yaml")
RESULTS = Path(__file__).with_name("results")
FIGURES = RESULTS / "scaling.json"
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "scaling.png"
NO_SETTINGS: Mapping[str, str] = MappingProxyType({})
SHOWN_ASSETS = 8
ROWS = (500, 2_000, 8_000, 32_000, 100_000)
GIB = 2**20  # ru_maxrss is in KiB


def asset_seconds(lake: Path) -> dict[str, float]:
    """Seconds that each asset of a fresh lake took, by the manifests of its results."""
    seconds = {}
    for path in sorted(lake.glob("manifests/**/*.json")):
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if "seconds" in manifest:
            seconds[manifest["asset"]] = manifest["seconds"]
    return seconds


def measure(
    rows: int,
    lake: Path,
    raw: Path,
    questions: int = QUESTIONS,
    settings: Mapping[str, str] = NO_SETTINGS,
) -> dict[str, Any]:
    """Runs the graph once on a fresh lake.

    Args:
        rows: Of the synthetic table.
        lake: An empty folder.
        raw: Where the table is written.
        questions: Of the test.
        settings: Further settings, as variables of the environment.

    Returns:
        `rows, seconds` (wall), `gib` (highest resident memory of the run's process), `rc` and
        `assets` (name → seconds).
    """
    write_raw_files(raw, rows, questions=questions)
    environment = {
        **os.environ,
        "HANSOL_PROFILE": str(PROFILE),
        "HANSOL_RAW_DIR": str(raw),
        "HANSOL_LAKE_DIR": str(lake),
        "DAGSTER_HOME": str(lake / "dagster"),
        **settings,
    }
    started = time.perf_counter()
    with (lake.parent / f"{lake.name}.log").open("wb") as log:
        command = [str(Path(sys.executable).with_name("hansol")), "refresh"]
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        _, status, usage = os.wait4(process.pid, 0)
    return {
        "rows": rows,
        "seconds": round(time.perf_counter() - started, 1),
        "gib": round(usage.ru_maxrss / GIB, 2),
        "rc": os.waitstatus_to_exitcode(status),
        "assets": asset_seconds(lake),
    }


def table(figures: list[dict[str, Any]]) -> str:
    """The figures as a markdown table, an asset a row, the slowest at the largest size first."""
    largest = figures[-1]["assets"]
    names = sorted(largest, key=lambda name: -largest[name])
    lines = [
        "| rows | " + " | ".join(f"{own['rows']:,}" for own in figures) + " |",
        "| --- |" + " --- |" * len(figures),
        "| **whole run, s** | " + " | ".join(f"{own['seconds']:.0f}" for own in figures) + " |",
        "| **memory, GiB** | " + " | ".join(f"{own['gib']:.2f}" for own in figures) + " |",
    ]
    for name in names:
        cells = [f"{own['assets'].get(name, float('nan')):.1f}" for own in figures]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def draw(figures: list[dict[str, Any]], path: Path) -> None:
    """Draws time and memory against rows; what grows as the rows is parallel to the dotted line."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = [own["rows"] for own in figures]
    figure = Figure(figsize=(11, 4.5), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    time_axes, memory_axes = figure.subplots(1, 2, width_ratios=(2, 1))
    whole = [own["seconds"] for own in figures]
    time_axes.plot(rows, whole, "o-", color="black", linewidth=2.5, label="whole run")
    largest = figures[-1]["assets"]
    for name in sorted(largest, key=lambda one: -largest[one])[:SHOWN_ASSETS]:
        seconds = [max(own["assets"].get(name, 0), 0.05) for own in figures]
        time_axes.plot(rows, seconds, ".-", label=name)
    as_rows = [whole[-1] * one / rows[-1] for one in rows]
    time_axes.plot(rows, as_rows, ":", color="grey", label="as the rows")
    time_axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds")
    time_axes.legend(fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    memory_axes.plot(rows, [own["gib"] for own in figures], "o-", color="tab:purple")
    memory_axes.set(xscale="log", xlabel="rows", ylabel="GiB, highest resident")
    memory_axes.set_ylim(bottom=0)
    figure.savefig(path, metadata={"Software": None})


def main() -> None:
    """Measures the sizes and prints the table; or draws what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--lake", type=Path, help="keep the lakes here, one a size")
    parser.add_argument("--figures", type=Path, default=FIGURES, help="where figures are kept")
    parser.add_argument(
        "--draw", action="store_true", help="draw the kept figures, measure nothing"
    )
    options = parser.parse_args()
    kept = json.loads(options.figures.read_text("utf-8")) if options.figures.exists() else []
    if options.draw:
        print(table(kept))
        draw(kept, PICTURE)
        return
    with tempfile.TemporaryDirectory() as temporary:
        home = options.lake or Path(temporary)
        for rows in options.rows:
            lake = home / str(rows)
            shutil.rmtree(lake, ignore_errors=True)
            lake.mkdir(parents=True)
            run = measure(rows, lake, home / f"{rows}-raw")
            print(json.dumps(run | {"assets": None}), file=sys.stderr, flush=True)
            kept = add_figures(run, ("rows",), options.figures)
    print(table(kept))


if __name__ == "__main__":
    main()
