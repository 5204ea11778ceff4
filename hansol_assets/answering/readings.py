"""A cache in the lake for the morphemes of texts (`hansol_assets.qa.morphemes`)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hansol_assets.compute.current import current
from hansol_assets.compute.protocol import Worker
from hansol_assets.lake.cache import READINGS, RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.manifest import library_version
from hansol_assets.lake.store import Lake
from hansol_assets.qa.morphemes import Reading, read, reading_from

FORM = "1"
"""Raise it when the same morphemes shall be read in another way."""

KIWI = ("kiwipiepy", "kiwipiepy_model")
"""What reads: the program, and the model that it comes with."""

_BLOCK = 2_000
"""Texts that are read before they are cached."""

_READ = pa.schema(
    [
        ("text", pa.string()),
        ("content", pa.string()),
        ("nouns", pa.string()),
        ("terms", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True)
class CachedReadings:
    """Readings in the lake's cache.

    `scope` names what reads: the releases of Kiwi and of its model, and the form of a reading.
    """

    cache: RowCache
    scope: str

    def get(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Returns text → reading of those that are cached."""
        text_of = {text_hash(text): text for text in texts}
        rows = self.cache.get_arrow(self.scope, list(text_of)).to_pylist()
        return {text_of[row["key"]]: _reading(row) for row in rows}

    def read(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Reads texts where heavy work runs, and caches them block by block."""
        blocks = [
            pa.table({"text": texts[start : start + _BLOCK]})
            for start in range(0, len(texts), _BLOCK)
        ]
        readings: dict[str, Reading] = {}
        for made in current().workers(ReadMorphemes()).map(blocks):
            keys = [text_hash(text) for text in made["text"].to_pylist()]
            self.cache.put(self.scope, made.drop_columns(["text"]).add_column(0, "key", [keys]))
            readings |= {row["text"]: _reading(row) for row in made.to_pylist()}
        return readings


def _reading(row: Mapping[str, Any]) -> Reading:
    return Reading(row["content"], row["nouns"], frozenset(row["terms"]))


@dataclass(frozen=True)
class ReadMorphemes:
    """Turns a block with the column `text` into one with the columns of `Reading` beside it."""

    name: str = "morphemes"
    # A pool of processes starts in five seconds, in which Kiwi reads as many texts.
    fewest_to_send: int = 10_000

    def open(self) -> Worker:
        """Returns what reads a block."""

        def read_block(block: pa.Table) -> pa.Table:
            texts = block["text"].to_pylist()
            readings = read(texts)
            rows = [
                {
                    "text": text,
                    "content": reading.content,
                    "nouns": reading.nouns,
                    "terms": sorted(reading.terms),
                }
                for text, reading in ((text, readings[text]) for text in texts)
            ]
            return pa.Table.from_pylist(rows, schema=_READ)

        return read_block


@contextmanager
def readings_cached(lake: Lake) -> Iterator[None]:
    """Lets this process read morphemes through the lake's cache, within the context."""
    releases = " ".join(f"{name} {library_version(name)}" for name in KIWI)
    scope = f"{releases}/{FORM}"
    with reading_from(CachedReadings(RowCache(lake.warehouse, READINGS), scope)):
        yield
