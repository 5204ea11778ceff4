"""Lists of texts as Arrow has them: reached, measured and compared without objects for all."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from itertools import pairwise
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_NO_WORD = re.compile(r"[\W_]+")
_TOGETHER = 8_192
"""Texts that are looked at together: they should fit the processor's cache."""
_PLANE = 0x10000
_BY_ITSELF = 0xFFFF
"""Stands for a sign that the table of signs cannot fold; it is none itself, so no sign folds to it.
"""


@dataclass(frozen=True, eq=False)
class TextLists:
    """Lists of texts.

    Attributes:
        chunks: The texts of all lists; in chunks, since an array of plain strings holds 2 GiB at
            most.
        offsets: Where each list begins among the texts, and their number; int64, lists + 1.
    """

    chunks: list[pa.Array]
    offsets: np.ndarray

    @classmethod
    def of(cls, column: pd.Series) -> Self:
        """Looks at a column of lists or arrays of texts, which is not copied if it is Arrow's."""
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

    def take(self, indices: np.ndarray) -> pa.Array:
        """Returns some texts by their indices, in any order and repeated; less than 2 GiB."""
        if not len(indices):
            return pa.array([], pa.string())
        chunk_of = np.searchsorted(self._starts, indices, side="right") - 1
        order = np.argsort(chunk_of, kind="stable")
        used, firsts = np.unique(chunk_of[order], return_index=True)
        parts = [
            self.chunks[chunk].take(pa.array(part - self._starts[chunk]))
            for chunk, part in zip(used, np.split(indices[order], firsts[1:]), strict=True)
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


def normalise(text: str) -> str:
    """The text's letters and digits alone, in one case; the text where it has none."""
    return _NO_WORD.sub("", text).casefold() or text


def comparison_keys(lists: TextLists) -> np.ndarray:
    """A number for each text, the same one where `normalise` gives the same text; int64.

    `normalise` looks at one sign at a time, so that a table of what it makes of each does its work
    on many texts at once. Keys are hashes of this process: of ten million different texts, two
    share one by a chance of three in a million.
    """
    blocks = [
        _keys_of(chunk.slice(start, _TOGETHER))
        for chunk in lists.chunks
        for start in range(0, len(chunk), _TOGETHER)
    ]
    return np.concatenate([np.empty(0, np.int64), *blocks])


def _keys_of(texts: pa.Array) -> np.ndarray:
    ends = np.cumsum(pc.utf8_length(texts).to_numpy(), dtype=np.int64)
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts.cast(pa.string()))
    joined: str = pc.binary_join(whole, "")[0].as_py()
    signs = np.frombuffer(joined.encode("utf-32-le"), np.uint32)
    folded = _folded_signs().take(signs, mode="clip")
    word_signs = np.flatnonzero(folded)
    bounds = np.concatenate([[0], np.searchsorted(word_signs, ends)])
    content = folded[word_signs].tobytes()
    edges = (2 * bounds).tolist()
    keys = np.array([hash(content[start:end]) for start, end in pairwise(edges)], np.int64)
    alone = np.searchsorted(ends, np.flatnonzero(folded == _BY_ITSELF), side="right")
    for index in {*alone.tolist(), *np.flatnonzero(np.diff(bounds) == 0).tolist()}:
        keys[index] = hash(normalise(texts[index].as_py()).encode("utf-16-le"))
    return keys


@cache
def _folded_signs() -> np.ndarray:
    """What `normalise` makes of each sign of the basic plane, uint16; 0 where it leaves it out."""
    folded = [_NO_WORD.sub("", chr(code)).casefold() for code in range(_PLANE)]
    codes = [
        ord(text or "\0") if len(text) < 2 and text < chr(_PLANE) else _BY_ITSELF for text in folded
    ]
    # Signs of other planes are taken for the last one.
    codes[-1] = _BY_ITSELF
    return np.array(codes, np.uint16)
