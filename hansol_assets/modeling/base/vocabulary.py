"""The part of a vocabulary that a table needs, and the way of ids into such a model and out of it.

After Ushio et al. 2023, "Efficient Multilingual Language Model Compression through Vocabulary
Trimming". The tokenizer stays whole, so that an adapter fits the released model as it is.
"""

import json
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hansol_assets.errors import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

TOKENS_FILE = "kept_tokens.json"
TABLE_TOKENS = 12_000
"""Tokens that a Korean table of some thousand answers needs, for estimates beforehand; Gemma 3's
are 9,600 of 262,144."""

LONGEST_SIGN = 6
"""Characters of the longest piece that may spell a single one, such as `<0x0A>`."""
BASIC_CATEGORIES = "NPSZC"
"""Unicode's numbers, punctuation, symbols, separators and control characters."""
HANGUL = ((0x1100, 0x11FF), (0x3130, 0x318F), (0xAC00, 0xD7A3))
"""Code points of letters and syllables."""


class Vocabulary:
    """How a tokenizer's ids become a model's: here they are the same, every token having a row."""

    token_ids: Sequence[int] | None = None
    """The tokenizer's ids that have rows in the model, in rising order; None: all have."""

    def inward(self, ids: Sequence[int]) -> list[int]:
        """Turn a tokenizer's ids into the model's."""
        return list(ids)

    def outward(self, ids: Sequence[int]) -> list[int]:
        """Turn a model's ids into the tokenizer's."""
        return list(ids)

    def save(self, directory: Path) -> None:
        """Write beside an adapter what generation needs to know: of a whole vocabulary nothing."""


WHOLE = Vocabulary()


class TableVocabulary(Vocabulary):
    """The tokens of a table have rows; another one is spelled by shorter ones that have."""

    token_ids: list[int]

    def __init__(self, tokenizer: "PreTrainedTokenizerBase", token_ids: Iterable[int]) -> None:
        self.token_ids = sorted(token_ids)
        self._tokenizer = tokenizer
        self._row_of = {token: row for row, token in enumerate(self.token_ids)}

    def inward(self, ids: Sequence[int]) -> list[int]:
        """Return the tokens' rows; a token without one becomes the longest pieces that have."""
        rows: list[int] = []
        for token in ids:
            row = self._row_of.get(token)
            rows += [row] if row is not None else self._spelled(token)
        return rows

    def outward(self, ids: Sequence[int]) -> list[int]:
        """Return the tokens of these rows."""
        return [self.token_ids[row] for row in ids]

    def save(self, directory: Path) -> None:
        """Write the ids."""
        (directory / TOKENS_FILE).write_text(json.dumps(self.token_ids) + "\n", encoding="utf-8")

    def _spelled(self, token: int) -> list[int]:
        text = str(self._tokenizer.convert_ids_to_tokens(token))
        longest = max(map(len, self._pieces))
        rows: list[int] = []
        start = 0
        while start < len(text):
            ends = range(min(len(text), start + longest), start, -1)
            end = next((end for end in ends if text[start:end] in self._pieces), start + 1)
            row = self._pieces.get(text[start:end])
            rows += [row] if row is not None else self._bytes(text[start:end])
            start = end
        return rows

    def _bytes(self, character: str) -> list[int]:
        """Spell a character that no piece holds; nothing where the vocabulary has no bytes."""
        names = [f"<0x{byte:02X}>" for byte in character.encode()]
        return [self._pieces[name] for name in names if name in self._pieces]

    @cached_property
    def _pieces(self) -> dict[str, int]:
        """Text of a token that has a row → the row; a special token spells no text."""
        special = set(self._tokenizer.all_special_ids)
        names = self._tokenizer.convert_ids_to_tokens(self.token_ids)
        return {
            name: row
            for row, (token, name) in enumerate(zip(self.token_ids, names, strict=True))
            if token not in special
        }


def table_vocabulary(
    tokenizer: "PreTrainedTokenizerBase", texts: Iterable[Sequence[int]]
) -> TableVocabulary:
    """Keep the tokens of texts, and those that any other Korean text can be spelled with."""
    return TableVocabulary(tokenizer, basic_tokens(tokenizer).union(*texts))


def saved_vocabulary(tokenizer: "PreTrainedTokenizerBase", adapter_dir: Path) -> TableVocabulary:
    """Read the vocabulary that an adapter was trained with.

    Raises:
        InputError: The adapter was trained with the whole vocabulary.
    """
    file = adapter_dir / TOKENS_FILE
    if not file.is_file():
        raise InputError(
            f"the adapter in {adapter_dir} was trained with the whole vocabulary. Set "
            "base_model.loading.vocabulary to 'full'."
        )
    return TableVocabulary(tokenizer, json.loads(file.read_text(encoding="utf-8")))


def basic_tokens(tokenizer: "PreTrainedTokenizerBase") -> set[int]:
    """Return the tokens of bytes, Hangul letters and syllables, signs, digits and turns."""
    short = {
        token: name for name, token in tokenizer.get_vocab().items() if len(name) <= LONGEST_SIGN
    }
    # A byte alone decodes to the replacement character, which is a symbol.
    texts = tokenizer.batch_decode([[token] for token in short], skip_special_tokens=False)
    signs = {
        token
        for token, text in zip(short, texts, strict=True)
        if all(map(_is_basic, text.strip())) and len(text.strip()) <= 1
    }
    return signs.union(tokenizer.all_special_ids)


def _is_basic(character: str) -> bool:
    return (
        character.isascii()
        or unicodedata.category(character)[0] in BASIC_CATEGORIES
        or any(first <= ord(character) <= last for first, last in HANGUL)
    )
