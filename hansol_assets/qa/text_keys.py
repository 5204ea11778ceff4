"""What makes two texts the same, and keys by which millions of them are compared.

What belongs here: the normalised text, and its 64-bit key. What does not: what follows from texts
being the same (`hansol_assets.qa.ties`).
"""

import re
from functools import cache
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hansol_assets.qa.table.text_lists import TextLists

_NO_WORD = re.compile(r"[\W_]+")
_TOGETHER = 8_192
"""Texts that are looked at together: they should fit the processor's cache."""
_PLANE = 0x10000
_BY_ITSELF = 0xFFFF
"""Stands for a sign that the table of signs cannot fold; it is none itself, so no sign folds to it.
"""


def normalise(text: str) -> str:
    """The text's letters and digits alone, in one case; the text where it has none."""
    return _NO_WORD.sub("", text).casefold() or text


def comparison_keys(lists: TextLists) -> np.ndarray:
    """A number for each text, the same one where `normalise` gives the same text.

    `normalise` looks at one sign at a time, so that a table of what it makes of each does its work
    on many texts at once. Keys are hashes of this process: of ten million different texts, two
    share one by a chance of three in a million.

    Returns:
        int64, a key a text.
    """
    blocks = [
        _keys_of(chunk.slice(start, _TOGETHER))
        for chunk in lists.chunks
        for start in range(0, len(chunk), _TOGETHER)
    ]
    return np.concatenate([np.empty(0, np.int64), *blocks])


def _keys_of(texts: pa.Array) -> np.ndarray:
    ends = np.cumsum(pc.utf8_length(texts).to_numpy(), dtype=np.int64)
    signs = np.frombuffer(_joined(texts).encode("utf-32-le"), np.uint32)
    folded = _folded_signs().take(signs, mode="clip")
    kept = np.flatnonzero(folded)
    bounds = np.concatenate([[0], np.searchsorted(kept, ends)])
    content = folded[kept].tobytes()
    edges = (2 * bounds).tolist()
    keys = np.array([hash(content[start:end]) for start, end in pairwise(edges)], np.int64)
    alone = np.searchsorted(ends, np.flatnonzero(folded == _BY_ITSELF), side="right")
    for place in {*alone.tolist(), *np.flatnonzero(np.diff(bounds) == 0).tolist()}:
        keys[place] = _key(texts[place].as_py())
    return keys


def _key(text: str) -> int:
    return hash(normalise(text).encode("utf-16-le"))


def _joined(texts: pa.Array) -> str:
    """All texts in one, without an object for each."""
    whole = pa.ListArray.from_arrays(pa.array([0, len(texts)], pa.int32()), texts.cast(pa.string()))
    return pc.binary_join(whole, "")[0].as_py()


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
