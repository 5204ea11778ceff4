"""Korean texts as morphemes, so that a word is found whatever its endings.

What belongs here: tokenisation with Kiwi, the same for what is indexed and what is asked. What does
not: the search itself (`hansol_assets.retrieval.search`) and what tags say of a question
(`hansol_assets.qa.asking`, `hansol_assets.qa.topics`).
"""

import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kiwipiepy import Kiwi, Token

# Kiwi's (Sejong) tags: nouns, roots, foreign words and numbers.
NOUN_TAGS = ("NNG", "NNP", "NR", "XR", "SL", "SH", "SN")
# The same and what verbs and adjectives mean without their endings.
CONTENT_TAGS = (*NOUN_TAGS, "VV", "VA", "XPN", "MAG")


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
    return _morphemes(texts, CONTENT_TAGS)


def nouns(texts: Sequence[str]) -> list[str]:
    """Each text's nouns, roots, foreign words and numbers, joined by spaces: what it is about."""
    return _morphemes(texts, NOUN_TAGS)


def tag(texts: Sequence[str]) -> "Iterator[list[Token]]":
    """Yields each text's tokens, with their places in it and the sentences that Kiwi finds.

    About 1,900 short texts a second on one core: call it once with many.
    """
    # Kiwi's rules cut an unknown compound ("강마루") the same way in every sentence; its default, a
    # character model, does so in some sentences only.
    yield from _kiwi().tokenize(texts, oov_handling="rule")


def _morphemes(texts: Sequence[str], tags: tuple[str, ...]) -> list[str]:
    normalised = [for_search(text).lower() for text in texts]
    # A tag may carry a suffix for irregular verbs ("VV-I").
    return [
        " ".join(token.form for token in tokens if token.tag.split("-")[0] in tags)
        for tokens in tag(normalised)
    ]
