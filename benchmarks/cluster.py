"""A large table through embedding and index, on this machine and on a Ray cluster of it.

Usage: python benchmarks/cluster.py [--rows N …] [--workers K …] [--figures FILE]

What belongs here: rows a second and memory of `build_index` on synthetic rows, which are made as
they are read, for each number of rows and workers (0: this process), each run in a process of its
own. What does not: how the whole graph grows (`benchmarks/scaling.py`). The embedder is one random
vector a word, so that what is around it is seen; `--muse` takes the installed encoder.
"""

import argparse
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import psutil

sys.path.insert(0, str(Path(__file__).parent))
from rows import REPOSITORY, add_figures, run
from synthetic import synthetic_table, write_static_model

from hansol_assets.compute.cluster import ClusterSettings
from hansol_assets.compute.current import computing_on
from hansol_assets.embedding.cached import CachedEmbedder, EmbedTexts, Retriever
from hansol_assets.embedding.embedder import load_embedder
from hansol_assets.embedding.muse import DIMENSIONS, MuseEmbedder
from hansol_assets.lake.cache import EMBEDDINGS, RowCache
from hansol_assets.lake.warehouse import Warehouse
from hansol_assets.retrieval.index import CHUNK, DocumentSettings, build_index

RESULTS = Path(__file__).with_name("results") / "cluster.json"
SAMPLE_SECONDS = 0.5


@dataclass(frozen=True)
class SyntheticRows:
    """Rows that are made as they are asked for: no machine holds a million of them.

    Attributes:
        rows: How many.
    """

    rows: int

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """Yields all rows, some at a time."""
        for start in range(0, self.rows, CHUNK):
            yield self._made(start, min(CHUNK, self.rows - start))

    def of(self, ids: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with these ids."""
        numbers = [int(own.rpartition("_")[2]) for own in ids]
        made = self._made(min(numbers), max(numbers) - min(numbers) + 1)
        return made[made["id"].isin(ids)]

    @staticmethod
    def _made(start: int, rows: int) -> pd.DataFrame:
        table = synthetic_table(rows, start=start)
        answers = [name for name in table.columns if name.startswith("답변")]
        return pd.DataFrame(
            {
                "id": table["id"],
                "category": table["category"],
                "fold": 0,
                "split": "training",
                "questions": table[["질문_1", "질문_2"]].to_numpy().tolist(),
                "answers": [
                    [text for text in own if isinstance(text, str)]
                    for own in table[answers].to_numpy().tolist()
                ],
            }
        )


class Memory:
    """The highest memory of this process, and of all that it started, while a block lasts."""

    def __init__(self) -> None:
        self.own = self.others = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        """Begins to look."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Ends."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        this = psutil.Process()
        while not self._ended.wait(SAMPLE_SECONDS):
            self.own = max(self.own, this.memory_info().rss)
            # What processes share, as Ray's object store, counts once.
            self.others = max(self.others, sum(map(_own_bytes, this.children(recursive=True))))


def _own_bytes(process: psutil.Process) -> int:
    try:
        told = process.memory_info()
    except psutil.Error:
        return 0
    return int(told.rss - told.shared)


def measure(rows: int, workers: int, *, muse: bool) -> dict[str, Any]:
    """Builds an index in this process, and says how it went."""
    settings = ClusterSettings(workers=max(workers, 1), least_workers=max(workers, 1))
    with tempfile.TemporaryDirectory() as folder, Memory() as memory:
        root = Path(folder)
        model = root / "model"
        write_static_model(model)
        load = MuseEmbedder if muse else partial(load_embedder, model)
        with computing_on("ray" if workers else "local", settings, root) as compute:
            embedder = CachedEmbedder(
                RowCache(Warehouse(root / "warehouse.duckdb"), EMBEDDINGS),
                "benchmark",
                DIMENSIONS,
                lambda: compute.workers(EmbedTexts(load, DIMENSIONS, fewest_to_send=0)),
            )
            started = time.perf_counter()
            report = build_index(
                root / "lancedb",
                "rows",
                SyntheticRows(rows),
                Retriever(embedder),
                "e",
                DocumentSettings(),
            )
            seconds = time.perf_counter() - started
            embedding = [one for one in compute.done if one.name == "embedding"]
        if report.rows != rows:
            raise RuntimeError(f"{report.rows} rows were indexed, not {rows}")
    embedded = sum(one.rows for one in embedding)
    return {
        "rows": rows,
        "workers": workers,
        "embedder": "muse" if muse else "static",
        "seconds": round(seconds, 1),
        "rows_per_second": round(rows / seconds, 1),
        "texts_per_second": round(embedded / sum(one.seconds for one in embedding), 1),
        "driver_gib": round(memory.own / 2**30, 2),
        "others_gib": round(memory.others / 2**30, 2),
    }


def main() -> None:
    """Measures what is asked for, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000])
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--muse", action="store_true", help="the installed encoder")
    parser.add_argument("--figures", type=Path, default=RESULTS, help="where they are added")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    told = parser.parse_args()
    if told.one:
        print(json.dumps(measure(told.rows[0], told.workers[0], muse=told.muse)))
        return
    for rows in told.rows:
        for workers in told.workers:
            words = ["--one", "--rows", str(rows), "--workers", str(workers)]
            words += ["--muse"] if told.muse else []
            done = run(
                [sys.executable, __file__, *words],
                {"PYTHONPATH": str(REPOSITORY), "OMP_NUM_THREADS": "1"},
            )
            figures = json.loads(done.output.strip().splitlines()[-1])
            print(json.dumps(figures), flush=True)
            add_figures(figures, ("embedder", "rows", "workers"), told.figures)


if __name__ == "__main__":
    main()
