"""A large table loaded and paired, each way in processes of its own.

What belongs here: time and peak memory beside pandas. What does not: the formats of files and
single steps (`benchmarks/tables.py`).
"""

import sys
from pathlib import Path

from rows import REPOSITORY, Finished, Options, Row, limited, row, run

BENCHMARKS = REPOSITORY / "benchmarks"
WHOLE = 1_000_000
CHUNK = 50_000


def pair(path: Path, out: Path) -> None:
    """Reads, deals to folds and pairs as the graph does."""
    import pyarrow.parquet as pq

    from hansol_assets.qa.folds import FoldSettings, assign_folds
    from hansol_assets.qa.pairing import BLOCK_BYTES, EXAMPLES, pair_blocks
    from hansol_assets.qa.splitting import QuestionMix
    from hansol_assets.qa.table import TableSettings, read_train

    rows = read_train(path, TableSettings()).frame
    folds = assign_folds(rows, FoldSettings())
    mix = QuestionMix(0.5, {"그리고": 0.6, "또한,": 0.4})
    with pq.ParquetWriter(out, EXAMPLES) as file:
        for block in pair_blocks(rows, folds, mix, BLOCK_BYTES):
            file.write_table(block)


def write_table(path: Path, rows: int) -> None:
    """Writes a synthetic table, some rows at a time."""
    from synthetic import synthetic_table

    for start in range(0, rows, CHUNK):
        own = synthetic_table(min(CHUNK, rows - start), start=start)
        own.to_csv(path, index=False, header=not start, mode="a" if start else "w")


def measure(options: Options) -> list[Row]:
    """Pairs the same file by each, in a process of its own."""
    sys.path.insert(0, str(BENCHMARKS))
    count = 500 if options.small else min(options.most_rows, WHOLE)
    path = options.work / "train.csv"
    write_table(path, count)
    here = {"PYTHONPATH": f"{REPOSITORY}:{BENCHMARKS}"}
    out = str(options.work / "pairs.parquet")

    def once(module: str) -> Finished:
        code = f"import sys; from pathlib import Path; from {module} import pair; "
        code += "pair(Path(sys.argv[1]), Path(sys.argv[2]))"
        return run([sys.executable, "-c", code, str(path), out], here)

    # A million rows take minutes and ten gigabytes: once.
    own, other = once("stages.tables"), once("peers.pandas_pairs")
    note = f"{count:,} rows: {own.processor:.1f} against {other.processor:.1f} s of the processor"
    stage = "load and pair 1M rows"
    return [
        limited(
            (stage, "pandas: read_csv, merge, sample, to_parquet"),
            [other.processor / own.processor],
            note,
            "every cell is proved whole and mended, rows that share a text share a fold, and each "
            "example is named by its content, which pandas is not asked for here",
        ),
        row(
            (f"{stage}: memory", "4 GB", "under 4 GB"),
            [own.gib],
            lambda gib: gib < 4 and count >= WHOLE,
            why=f"GiB with {count:,} rows, pandas {other.gib:.2f}",
            missed="the table stands twice in memory while its cells are mended",
        ),
    ]
