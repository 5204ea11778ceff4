"""Morphemes that are kept as they are read, and found again by content.

What belongs here: keeping readings in the lake. What does not: how a text is read
(`hansol_assets.qa.morphemes`).
"""

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
"""Texts that are read before they are kept."""

_READ = pa.schema(
    [
        ("text", pa.string()),
        ("content", pa.string()),
        ("nouns", pa.string()),
        ("terms", pa.list_(pa.string())),
    ]
)


class KeptReadings:
    """Readings in the lake's cache.

    Args:
        cache: Where they are kept.
        scope: Names what reads: the releases of Kiwi and of its model, and the form of a reading.
    """

    def __init__(self, cache: RowCache, scope: str) -> None:
        self._cache = cache
        self._scope = scope

    def get(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Returns text → reading of those that are kept."""
        text_of = {text_hash(text): text for text in texts}
        known = self._cache.get_arrow(self._scope, list(text_of))
        return {text_of[row["key"]]: _reading(row) for row in known.to_pylist()}

    def read(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Reads texts where heavy work runs, and keeps them block by block."""
        blocks = [
            pa.table({"text": texts[start : start + _BLOCK]})
            for start in range(0, len(texts), _BLOCK)
        ]
        found: dict[str, Reading] = {}
        for made in current().workers(ReadMorphemes()).map(blocks):
            keys = [text_hash(text) for text in made["text"].to_pylist()]
            self._cache.put(self._scope, made.drop_columns(["text"]).add_column(0, "key", [keys]))
            found |= {row["text"]: _reading(row) for row in made.to_pylist()}
        return found


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
            read_ones = read(texts)
            rows = [
                {
                    "text": text,
                    "content": own.content,
                    "nouns": own.nouns,
                    "terms": sorted(own.terms),
                }
                for text, own in ((text, read_ones[text]) for text in texts)
            ]
            return pa.Table.from_pylist(rows, schema=_READ)

        return read_block


@contextmanager
def readings_kept(lake: Lake) -> Iterator[None]:
    """Lets this process find its readings in a lake, and keep them there, for a while."""
    releases = " ".join(f"{name} {library_version(name)}" for name in KIWI)
    scope = f"{releases}/{FORM}"
    with reading_from(KeptReadings(RowCache(lake.warehouse, READINGS), scope)):
        yield
