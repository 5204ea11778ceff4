"""A column of lists of texts as Arrow has it: all texts in a row, and where each list begins.

What belongs here: reaching any text of a column, in Python objects or in Arrow's, without making
objects of the others. What does not: what the texts are (`hansol_assets.qa.table.columns`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True, eq=False)
class TextLists:
    """Lists of texts.

    Attributes:
        chunks: The texts of all lists, in their order. They are never put together: an array of
            Arrow's plain strings holds 2 GiB at most.
        offsets: Where each list begins among the texts, and their number; int64, lists + 1.
    """

    chunks: list[pa.Array]
    offsets: np.ndarray

    @classmethod
    def of(cls, column: pd.Series) -> Self:
        """Looks at a column, which is not copied where it is Arrow's.

        Args:
            column: Lists or arrays of texts, or Arrow's lists of strings.
        """
        lists = _arrow(column)
        lengths = [chunk.value_lengths().to_numpy(zero_copy_only=False) for chunk in lists.chunks]
        offsets = np.cumsum(np.concatenate([[0], *lengths]), dtype=np.int64)
        return cls([chunk.flatten() for chunk in lists.chunks if len(chunk)], offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> np.ndarray:
        """The number of texts of each list, int64."""
        return np.diff(self.offsets)

    @property
    def rows(self) -> np.ndarray:
        """The list that each text is in, int64."""
        return np.repeat(np.arange(len(self)), self.lengths)

    @property
    def sizes(self) -> np.ndarray:
        """The bytes of each list's texts in UTF-8, int64."""
        sizes = self._of_each(pc.binary_length)
        before = np.cumsum(np.concatenate([[0], sizes]), dtype=np.int64)
        return np.diff(before[self.offsets])

    @property
    def characters(self) -> np.ndarray:
        """The length of each text, int32."""
        return self._of_each(pc.utf8_length)

    def matches(self, pattern: str) -> np.ndarray:
        """Which texts hold a match of a pattern of RE2, bool."""
        return self._of_each(partial(pc.match_substring_regex, pattern=pattern))

    def take(self, places: np.ndarray) -> pa.Array:
        """Returns some texts.

        Args:
            places: Among all texts, in any order and as often as they are wanted; so few that they
                are less than 2 GiB.
        """
        if not len(places):
            return pa.array([], pa.string())
        chunk_of = np.searchsorted(self._starts, places, side="right") - 1
        order = np.argsort(chunk_of, kind="stable")
        used, firsts = np.unique(chunk_of[order], return_index=True)
        parts = [
            self.chunks[chunk].take(pa.array(own - self._starts[chunk]))
            for chunk, own in zip(used, np.split(places[order], firsts[1:]), strict=True)
        ]
        if len(parts) == 1:
            return parts[0]
        return pa.concat_arrays(parts).take(pa.array(np.argsort(order)))

    def list_at(self, row: int) -> list[str]:
        """Returns one list."""
        start, end = self.offsets[row : row + 2].tolist()
        if start == end:
            return []
        # A list is never in two chunks.
        chunk = int(np.searchsorted(self._starts, start, side="right")) - 1
        return self.chunks[chunk].slice(start - self._starts[chunk], end - start).to_pylist()

    def _of_each(self, measure: Callable[[pa.Array], pa.Array]) -> np.ndarray:
        """What a function of Arrow's says of each text."""
        chunks = self.chunks or [pa.array([], pa.string())]
        return pa.chunked_array(list(map(measure, chunks))).to_numpy()

    @cached_property
    def _starts(self) -> np.ndarray:
        return np.cumsum([0, *map(len, self.chunks)])


def _arrow(column: pd.Series) -> pa.ChunkedArray:
    frame = column.to_frame("lists")
    if isinstance(column.dtype, pd.ArrowDtype):
        return pa.Table.from_pandas(frame, preserve_index=False).column(0)
    schema = pa.schema([("lists", pa.list_(pa.large_string()))])
    return pa.Table.from_pandas(frame, schema=schema, preserve_index=False).column(0)
