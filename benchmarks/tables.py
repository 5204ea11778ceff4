"""How long a large table takes to be read, dealt to folds and paired, and how much memory.

Usage: python benchmarks/tables.py [ROWS] [FORMAT …]

The rows are the sample's, over and over, each with its number in every text so that none is like
another. Every figure is of a process of its own; memory is its highest resident size, the 0.2 GiB
of Python and its libraries included.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

SAMPLE = Path(__file__).parent.parent / "hansol_assets" / "sample" / "train.csv"
ROWS = 100_000
MIB = 2**10  # ru_maxrss is in KiB

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


def measure_reading(path: Path) -> dict[str, float]:
    """Seconds of each step on a file, and the highest memory of this process after reading."""
    from hansol_assets.qa.folds import FoldSettings, assign_folds
    from hansol_assets.qa.pairing import PairingSettings, build_held_out, build_pairs
    from hansol_assets.qa.splitting import QuestionMix
    from hansol_assets.qa.table import TableSettings, read_train
    from hansol_assets.qa.table.row_warnings import row_warnings

    figures: dict[str, float] = {}

    def timed(name: str, start: float) -> float:
        now = time.perf_counter()
        figures[name] = now - start
        return time.perf_counter()

    clock = time.perf_counter()
    rows = read_train(path, TableSettings()).frame
    clock = timed("read", clock)
    figures["read_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    row_warnings(rows)
    clock = timed("warn", clock)
    folds = assign_folds(rows, FoldSettings())
    clock = timed("fold", clock)
    mix = QuestionMix(0.5, {"그리고": 0.6, "또한,": 0.4})
    build_pairs(rows, folds, mix, PairingSettings())
    build_held_out(rows, folds, mix, PairingSettings())
    timed("pair", clock)
    figures["all_mib"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return figures


def main() -> None:
    """Writes the table in each format and prints a row of figures for each."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["--measure"]:
        print(json.dumps(measure_reading(Path(arguments[1]))))
        return
    rows = int(arguments[0]) if arguments else ROWS
    formats = arguments[1:] or list(WRITERS)
    table = large_table(rows)
    print("| format | file, MiB | read, s | peak, MiB | warnings, s | folds, s | pairs, s | peak |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        for form in formats:
            path = Path(folder) / f"train.{form}"
            WRITERS[form](table, path)
            command = [sys.executable, __file__, "--measure", str(path)]
            output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            found = json.loads(output.splitlines()[-1])
            print(
                f"| {form} | {path.stat().st_size / 2**20:.0f} | {found['read']:.1f} | "
                f"{found['read_mib']:.0f} | {found['warn']:.1f} | {found['fold']:.1f} | "
                f"{found['pair']:.1f} | {found['all_mib']:.0f} |",
                flush=True,
            )
            path.unlink()


if __name__ == "__main__":
    main()
