"""Korean texts as morphemes, so that a word is found whatever its endings.

What belongs here: tokenisation with Kiwi, the same for what is indexed and what is asked. What does
not: the search itself (`hansol_assets.retrieval.search`) and what tags say of a question
(`hansol_assets.qa.asking`, `hansol_assets.qa.topics`).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

# Kiwi's (Sejong) tags: nouns, roots, foreign words and numbers.
NOUN_TAGS = ("NNG", "NNP", "NR", "XR", "SL", "SH", "SN")
# The same and what verbs and adjectives mean without their endings.
CONTENT_TAGS = (*NOUN_TAGS, "VV", "VA", "XPN", "MAG")
# What an unknown piece within a compound may be tagged as.
_PIECE_TAGS = ("NNB", "NP", "XSN", "MAG", "MM", "IC", "UN")


@lru_cache(maxsize=1)
def _kiwi() -> "Kiwi":
    from kiwipiepy import Kiwi

    return Kiwi(num_workers=1)


def for_search(text: str) -> str:
    """A text as it is searched: NFKC, so that full-width letters and digits are plain ones.

    What is kept and shown is the text as it was written.
    """
    return unicodedata.normalize("NFKC", text)


def content_morphemes(texts: Sequence[str]) -> list[str]:
    """Each text's nouns, roots, stems, foreign words and numbers, joined by spaces."""
    return [_read(text).content for text in _normalised(texts)]


def nouns(texts: Sequence[str]) -> list[str]:
    """Each text's nouns, roots, foreign words and numbers, joined by spaces: what it is about."""
    return [_read(text).nouns for text in _normalised(texts)]


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

    Of nouns that follow each other, spaces apart ("실크 벽지 교체"), each is a term, each pair, and
    the whole: one thing is often written both as one word and as two.
    """
    return [_read(text).terms for text in _normalised(texts)]


class _Reading(NamedTuple):
    """What is asked of a text's morphemes."""

    content: str
    nouns: str
    terms: frozenset[str]


@lru_cache(maxsize=50_000)
def _read(text: str) -> _Reading:
    """Reads a text once: the index, the regressions and the composer look at the same ones."""
    (tokens,) = tag([text])
    return _Reading(_joined(tokens, CONTENT_TAGS), _joined(tokens, NOUN_TAGS), _terms(tokens))


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

    A piece of an unknown word may pass for anything but a particle, an ending or a sign: the last
    syllable of "원목사이딩" is taken for an adverb.
    """
    if _kind(token) in NOUN_TAGS:
        return True
    attached = bool(run) and run[-1].start + run[-1].len == token.start
    return attached and _kind(token) in _PIECE_TAGS


def _joined(tokens: "Sequence[Token]", tags: tuple[str, ...]) -> str:
    return " ".join(token.form for token in tokens if _kind(token) in tags)


def _normalised(texts: Sequence[str]) -> list[str]:
    return [for_search(text).lower() for text in texts]


def _kind(token: "Token") -> str:
    # A tag may carry a suffix for irregular verbs ("VV-I").
    return token.tag.split("-")[0]
