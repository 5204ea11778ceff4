"""Morphemes that are kept as they are read, and found again by content.

What belongs here: keeping readings in the lake. What does not: how a text is read
(`hansol_assets.qa.morphemes`).
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib import metadata

import pandas as pd

from hansol_assets.lake.cache import READINGS, RowCache
from hansol_assets.lake.fingerprint import text_hash
from hansol_assets.lake.store import Lake
from hansol_assets.qa.morphemes import Reading, remembering

FORM = "1"
"""Raise it when the same morphemes shall be read in another way."""


class KeptReadings:
    """Readings in the lake's cache.

    Args:
        cache: Where they are kept.
        scope: Names what reads: the release of Kiwi, and the form of a reading.
    """

    def __init__(self, cache: RowCache, scope: str) -> None:
        self._cache = cache
        self._scope = scope

    def get(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Returns text → reading of those that are kept."""
        text_of = {text_hash(text): text for text in texts}
        known = self._cache.get(self._scope, list(text_of))
        return {
            text_of[row.key]: Reading(row.content, row.nouns, frozenset(row.terms))
            for row in known.itertuples(index=False)
        }

    def put(self, readings: Mapping[str, Reading]) -> None:
        """Keeps text → reading."""
        rows = [
            (text_hash(text), own.content, own.nouns, sorted(own.terms))
            for text, own in readings.items()
        ]
        frame = pd.DataFrame(rows, columns=["key", *Reading._fields])
        self._cache.put(self._scope, frame)


@contextmanager
def readings_kept(lake: Lake) -> Iterator[None]:
    """Lets this process find its readings in a lake, and keep them there, for a while."""
    scope = f"kiwipiepy {metadata.version('kiwipiepy')}/{FORM}"
    with remembering(KeptReadings(RowCache(lake.warehouse, READINGS), scope)):
        yield
