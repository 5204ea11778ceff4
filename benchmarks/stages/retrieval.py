"""Dense search at three sizes: a hundred questions a call, ten rows each.

What belongs here: this project's search of one table against LanceDB's defaults and numpy on the
same vectors. What does not: full text, and whether what is found helps
(`hansol_assets.answering.trust`). The vectors lie in clusters, as those of questions do.
"""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from peers.vector_search import BruteForce, LanceDefaults
from rows import Options, Row, in_turn, ratios, row

from hansol_assets.embedding.cached import Retriever
from hansol_assets.retrieval.index import EXACT_ROWS, _create_vector_index
from hansol_assets.retrieval.search import IndexSearcher

if TYPE_CHECKING:
    from lancedb.table import Table

WIDTH = 512
QUERIES = 100
NEAREST = 10
SIZES = {500: 1.0, 32_000: 1.0, 1_000_000: 0.98}
"""Rows → the recall that is asked for."""
SMALL_SIZES = {500: 1.0, 2_000: 1.0}
CHUNK = 50_000
_TOLD = (
    "numpy hands back bare ids; here each hit is told with its texts, its split seen to and its "
    "ties broken"
)
NAME = "rows"


class Given:
    """An embedder of questions that are numbers: each has its vector already."""

    def __init__(self, vectors: np.ndarray) -> None:
        self._vectors = vectors

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return WIDTH

    def encode(self, texts: list[str], /, *, show_progress_bar: bool) -> np.ndarray:  # noqa: ARG002
        """Returns the vectors that the texts number."""
        return self._vectors[[int("".join(filter(str.isdigit, text))) for text in texts]]


def clustered(count: int, seed: int) -> np.ndarray:
    """Unit vectors around a thousand centres."""
    draw = np.random.default_rng(seed)
    centres = np.random.default_rng(0).standard_normal((1_000, WIDTH), dtype=np.float32)
    vectors = centres[draw.integers(len(centres), size=count)]
    vectors += draw.standard_normal((count, WIDTH), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def write_table(uri: Path, vectors: np.ndarray) -> "Table":
    """Writes a table as the index has it, as far as the dense search reads it."""
    import lancedb

    def part(start: int) -> pa.Table:
        own = vectors[start : start + CHUNK]
        ids = [f"R{place:07}" for place in range(start, start + len(own))]
        flat = pa.array(own.ravel())
        texts = pa.array([["?"]] * len(own), pa.list_(pa.string()))
        return pa.table(
            {
                "row_key": ids,
                "id": ids,
                "split": ["train"] * len(own),
                "questions": texts,
                "answers": texts,
                "vector": pa.FixedSizeListArray.from_arrays(flat, WIDTH),
            }
        )

    table = lancedb.connect(str(uri)).create_table(NAME, part(0))
    for start in range(CHUNK, len(vectors), CHUNK):
        table.add(part(start))
    return table


def ours(uri: Path, queries: np.ndarray) -> Callable[[], list]:
    """This project's search, as a call without arguments: the one place that knows its form."""
    searcher = IndexSearcher(uri, NAME, Retriever(Given(queries)))
    texts = [f"질문 {place}" for place in range(len(queries))]
    return lambda: [[hit.id for hit in own] for own in searcher.dense(texts, NEAREST, ["train"])]


def timed(search: Callable[[], list]) -> float:
    """Milliseconds a query; the first call, which loads the rows, is not counted."""
    started = time.perf_counter()
    search()
    return (time.perf_counter() - started) * 1_000 / QUERIES


def measure(options: Options) -> list[Row]:
    """Searches tables of every size in turn."""
    sizes = SMALL_SIZES if options.small else SIZES
    return [one for size, goal in sizes.items() for one in _size(options, size, goal)]


def recall(found: list[list[str]], wanted: list[list[str]]) -> float:
    """Share of the nearest rows that were found."""
    return float(np.mean([len({*a} & {*b}) / NEAREST for a, b in zip(found, wanted, strict=True)]))


def _far(uri: Path, plain: LanceDefaults, exact: BruteForce) -> str:
    """What is found for questions that lie in no cluster, which an index serves worst."""
    far = np.random.default_rng(3).standard_normal((QUERIES, WIDTH), dtype=np.float32)
    far /= np.linalg.norm(far, axis=1, keepdims=True)
    wanted = exact.search(far, NEAREST)
    own = recall(ours(uri, far)(), wanted)
    theirs = recall(plain.search(far, NEAREST), wanted)
    return f"of questions that are far from all rows {own:.2f}, by LanceDB's defaults {theirs:.2f}"


def _size(options: Options, size: int, goal: float) -> list[Row]:
    stage, better = f"retrieval, {size:,} vectors", "the better of LanceDB's defaults and numpy"
    if size > options.most_rows:
        why = "larger than --most-rows of this run"
        return [
            Row(stage, better, "never slower", why=why),
            Row(f"{stage}: recall@10", "exact search", f"{goal}", why=why),
        ]
    vectors, queries = clustered(size, 1), clustered(QUERIES, 2)
    plain = LanceDefaults(write_table(options.work / f"{size}-lancedb", vectors))
    uri = options.work / str(size)
    table = write_table(uri, vectors)
    if size > EXACT_ROWS:
        plain.index()
        _create_vector_index(table)
    exact = BruteForce([f"R{place:07}" for place in range(size)], vectors)
    search = ours(uri, queries)
    own, lance, brute = in_turn(
        max(3, options.rounds),
        lambda: timed(search),
        lambda: timed(lambda: plain.search(queries, NEAREST)),
        lambda: timed(lambda: exact.search(queries, NEAREST)),
    )
    best = [min(pair) for pair in zip(lance, brute, strict=True)]
    return [
        row(
            (stage, better, "never slower"),
            ratios(best, own),
            lambda ratio: ratio >= 1,
            why=f"a query {min(own):.2f} ms, LanceDB {min(lance):.2f}, numpy {min(brute):.2f}",
            missed=_TOLD,
        ),
        row(
            (f"{stage}: recall@10", "exact search", f"{goal}"),
            [recall(search(), exact.search(queries, NEAREST))],
            lambda value: value >= goal,
            why=_far(uri, plain, exact) if size > EXACT_ROWS else "",
        ),
    ]
