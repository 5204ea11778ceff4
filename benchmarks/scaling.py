"""Time and memory of every asset as a table grows.

Usage: python benchmarks/scaling.py [--rows N ...] [--lake FOLDER] [--figures FILE]

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
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import write_raw_files

PROFILE = Path(__file__).with_name("scaling.yaml")
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


def measure(rows: int, lake: Path, raw: Path) -> dict[str, Any]:
    """Runs the graph once on a fresh lake.

    Args:
        rows: Of the synthetic table.
        lake: An empty folder.
        raw: Where the table is written.

    Returns:
        `rows, seconds` (wall), `gib` (highest resident memory of the run's process), `rc` and
        `assets` (name → seconds).
    """
    write_raw_files(raw, rows)
    environment = {
        **os.environ,
        "HANSOL_PROFILE": str(PROFILE),
        "HANSOL_RAW_DIR": str(raw),
        "HANSOL_LAKE_DIR": str(lake),
        "DAGSTER_HOME": str(lake / "dagster"),
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


def main() -> None:
    """Measures the sizes and prints the table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=ROWS)
    parser.add_argument("--lake", type=Path, help="keep the lakes here, one a size")
    parser.add_argument("--figures", type=Path, help="also write the figures as JSON")
    options = parser.parse_args()
    figures = []
    with tempfile.TemporaryDirectory() as temporary:
        home = options.lake or Path(temporary)
        for rows in options.rows:
            lake = home / str(rows)
            shutil.rmtree(lake, ignore_errors=True)
            lake.mkdir(parents=True)
            figures.append(measure(rows, lake, home / f"{rows}-raw"))
            print(json.dumps(figures[-1] | {"assets": None}), file=sys.stderr, flush=True)
    print(table(figures))
    if options.figures:
        options.figures.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
