"""Processor time and memory that a large table takes to be read, dealt to folds and paired.

Usage: python benchmarks/tables.py [ROWS] [FORMAT …]

The rows are the sample's, over and over, each with its number in every text so that none is like
another. Every figure is of a process of its own; memory is its highest resident size, the 0.2 GiB
of Python and its libraries included.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

SAMPLE = Path(__file__).parent.parent / "hansol_assets" / "sample" / "train.csv"
ROWS = 100_000

WRITERS: dict[str, Callable[[pd.DataFrame, Path], object]] = {
    "csv": lambda frame, path: frame.to_csv(path, index=False),
    "tsv": lambda frame, path: frame.to_csv(path, index=False, sep="\t"),
    "csv.gz": lambda frame, path: frame.to_csv(path, index=False, compression="gzip"),
    "json": lambda frame, path: frame.to_json(path, orient="records", force_ascii=False),
    "jsonl": lambda frame, path: frame.to_json(
        path, orient="records", lines=True, force_ascii=False
    ),
    "parquet": lambda frame, path: frame.to_parquet(path, index=False),
    "xlsx": lambda frame, path: frame.to_excel(path, index=False),
}


def large_table(rows: int) -> pd.DataFrame:
    """The sample's rows, repeated and told apart by a number in each text."""
    sample = pd.read_csv(SAMPLE, dtype=str, keep_default_na=False)
    table = pd.concat([sample] * (rows // len(sample) + 1), ignore_index=True).head(rows)
    numbers = table.index.astype(str)
    for column in table.columns.drop("category"):
        table[column] = table[column] + " " + numbers + ("" if column == "id" else "번입니다.")
    return table


def peak() -> float:
    """The highest resident memory of this process so far, MiB.

    Not `ru_maxrss`: a process starts with its parent's.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) / 2**10


def measure(path: Path, *, all_steps: bool) -> dict[str, float]:
    """Seconds of each step on a file, and the highest memory after it, as `step` and `step_mib`."""
    from hansol_assets.qa.folds import FoldSettings, assign_folds
    from hansol_assets.qa.pairing import (
        BLOCK_BYTES,
        PairingSettings,
        build_held_out,
        pair_blocks,
    )
    from hansol_assets.qa.splitting import QuestionMix
    from hansol_assets.qa.table import TableSettings, read_train
    from hansol_assets.qa.table.row_warnings import row_warnings

    figures: dict[str, float] = {}

    def timed(name: str, start: float) -> float:
        figures[name] = time.process_time() - start
        figures[f"{name}_mib"] = peak()
        return time.process_time()

    clock = time.process_time()
    rows = read_train(path, TableSettings()).frame
    clock = timed("read", clock)
    if not all_steps:
        return figures
    row_warnings(rows)
    clock = timed("row warnings", clock)
    folds = assign_folds(rows, FoldSettings())
    clock = timed("folds", clock)
    mix = QuestionMix(0.5, {"그리고": 0.6, "또한,": 0.4})
    for _ in pair_blocks(rows, folds, mix, BLOCK_BYTES):
        pass
    build_held_out(rows, folds, mix, PairingSettings())
    timed("pairs and held-out questions", clock)
    return figures


def measured_apart(path: Path, mode: str) -> dict[str, float]:
    """Measures in a process of its own."""
    command = [sys.executable, __file__, mode, str(path)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return json.loads(output.splitlines()[-1])


def main() -> None:
    """Writes the table in each format and prints a row of figures for each."""
    arguments = sys.argv[1:]
    if arguments[:1] in (["--read"], ["--all"]):
        print(json.dumps(measure(Path(arguments[1]), all_steps=arguments[0] == "--all")))
        return
    rows = int(arguments[0]) if arguments else ROWS
    formats = arguments[1:] or list(WRITERS)
    table = large_table(rows)
    with tempfile.TemporaryDirectory() as folder:
        print("| format | file, MiB | read, s | peak, MiB |\n| --- | --- | --- | --- |")
        for form in formats:
            path = Path(folder) / f"train.{form}"
            WRITERS[form](table, path)
            size = path.stat().st_size / 2**20
            found = measured_apart(path, "--read")
            print(
                f"| {form} | {size:.0f} | {found['read']:.1f} | {found['read_mib']:.0f} |",
                flush=True,
            )
            path.unlink()
        path = Path(folder) / "train.parquet"
        WRITERS["parquet"](table, path)
        found = measured_apart(path, "--all")
        print("\n| step | s | peak, MiB |\n| --- | --- | --- |")
        for step in (name for name in found if not name.endswith("_mib")):
            print(f"| {step} | {found[step]:.1f} | {found[f'{step}_mib']:.0f} |")


if __name__ == "__main__":
    main()
