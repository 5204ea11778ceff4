"""Korean texts as morphemes by Kiwi, so that a word is found whatever its endings."""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

# Kiwi's (Sejong) tags: nouns, roots, foreign words and numbers.
NOUN_TAGS = ("NNG", "NNP", "NR", "XR", "SL", "SH", "SN")
# The same and what verbs and adjectives mean without their endings.
CONTENT_TAGS = (*NOUN_TAGS, "VV", "VA", "XPN", "MAG")
# What an unknown piece within a compound may be tagged as.
_PIECE_TAGS = ("NNB", "NP", "XSN", "MAG", "MM", "IC", "UN")

_MOST_IN_MEMORY = 50_000
_FEWEST_TO_ASK_FOR = 32
"""Fewer texts are read sooner than a store is asked."""


class Reading(NamedTuple):
    """A text's morphemes.

    Attributes:
        content: Its nouns, roots, stems, foreign words and numbers, joined by spaces.
        nouns: The same without stems.
        terms: Its nouns, and the compounds that neighbouring ones make.
    """

    content: str
    nouns: str
    terms: frozenset[str]


class ReadingStore(Protocol):
    """Where readings outlive the process."""

    def get(self, texts: Sequence[str]) -> Mapping[str, Reading]:
        """Returns text → reading of those that are there."""

    def read(self, texts: Sequence[str]) -> Mapping[str, Reading]:
        """Reads texts with `read`, wherever that runs, and stores text → reading."""


_memory: dict[str, Reading] = {}
_stores: list[ReadingStore] = []


@contextmanager
def reading_from(store: ReadingStore) -> Iterator[None]:
    """Takes readings from a store for a while, and puts new ones there."""
    _stores.append(store)
    try:
        yield
    finally:
        _stores.remove(store)


@lru_cache(maxsize=1)
def _kiwi() -> "Kiwi":
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)


def for_search(text: str) -> str:
    """A text as it is searched: NFKC, so that full-width letters and digits are plain ones."""
    return unicodedata.normalize("NFKC", text)


def content_morphemes(texts: Sequence[str]) -> list[str]:
    """Each text's nouns, roots, stems, foreign words and numbers, joined by spaces."""
    return [reading.content for reading in _readings(texts)]


def nouns(texts: Sequence[str]) -> list[str]:
    """Each text's nouns, roots, foreign words and numbers, joined by spaces: what it is about."""
    return [reading.nouns for reading in _readings(texts)]


def tag(texts: Sequence[str]) -> "Iterator[list[Token]]":
    """Yields each text's tokens, with their places in it and the sentences that Kiwi finds.

    About 1,900 short texts a second on one core: call it once with many.
    """
    # Kiwi's rules cut an unknown compound ("강마루") the same way in every sentence; its default, a
    # character model, does so in some sentences only.
    if texts:
        yield from _kiwi().tokenize(texts, oov_handling="rule")


def noun_terms(texts: Sequence[str]) -> list[frozenset[str]]:
    """What each text speaks of: its nouns, and the compounds that neighbouring nouns make.

    Of nouns that follow each other ("실크 벽지 교체"), each is a term, each pair, and the whole:
    one thing is often written both as one word and as two.
    """
    return [reading.terms for reading in _readings(texts)]


def _readings(texts: Sequence[str]) -> list[Reading]:
    """Reads each text once: the index, the regressions and the composer look at the same ones."""
    normalised = [for_search(text).lower() for text in texts]
    different = list(dict.fromkeys(normalised))
    readings = {text: _memory[text] for text in different if text in _memory}
    missing = [text for text in different if text not in readings]
    readings |= _from_store(missing) if len(missing) >= _FEWEST_TO_ASK_FOR else read(missing)
    _memory.update((text, readings[text]) for text in missing)
    for text in list(islice(_memory, max(0, len(_memory) - _MOST_IN_MEMORY))):
        del _memory[text]
    return [readings[text] for text in normalised]


def _from_store(texts: Sequence[str]) -> dict[str, Reading]:
    if not _stores:
        return read(texts)
    stored = dict(_stores[-1].get(texts))
    missing = [text for text in texts if text not in stored]
    return stored | dict(_stores[-1].read(missing)) if missing else stored


def read(texts: Sequence[str]) -> dict[str, Reading]:
    """Reads texts with Kiwi, text → reading; nothing is stored."""
    return {
        text: Reading(_joined(tokens, CONTENT_TAGS), _joined(tokens, NOUN_TAGS), _terms(tokens))
        for text, tokens in zip(texts, tag(texts), strict=True)
    }


def _terms(tokens: "Sequence[Token]") -> frozenset[str]:
    terms: set[str] = set()
    run: list[Token] = []
    for token in (*tokens, None):
        if token is not None and _continues(token, run):
            run.append(token)
            continue
        forms = [one.form for one in run]
        terms.update(one.form for one in run if _kind(one) in NOUN_TAGS)
        terms.update(map("".join, pairwise(forms)), ["".join(forms)])
        run = [token] if token is not None and _kind(token) in NOUN_TAGS else []
    return frozenset(terms - {""})


def _continues(token: "Token", run: "Sequence[Token]") -> bool:
    """Whether a token is of the same compound as those before it.

    A piece of an unknown word may pass for an adverb, as the last syllable of "원목사이딩" does.
    """
    if _kind(token) in NOUN_TAGS:
        return True
    attached = bool(run) and run[-1].start + run[-1].len == token.start
    return attached and _kind(token) in _PIECE_TAGS


def _joined(tokens: "Sequence[Token]", tags: tuple[str, ...]) -> str:
    return " ".join(token.form for token in tokens if _kind(token) in tags)


def _kind(token: "Token") -> str:
    # A tag may carry a suffix for irregular verbs ("VV-I").
    return token.tag.split("-")[0]
