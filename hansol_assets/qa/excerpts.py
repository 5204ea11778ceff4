"""Sentences of an answer that can stand without the ones around them.

What belongs here: which sentences of an answer may be quoted alone, and how they are trimmed for
it. What does not: where sentences end (`hansol_assets.qa.sentences`) and which of them are put
together (`hansol_assets.scoring.composing`).
"""

import re
from functools import lru_cache
from typing import NamedTuple

from hansol_assets.qa.sentences import has_final_ending, is_finished, split_sentences

# Shorter ones say nothing by themselves; longer ones are lists that ran together.
_SHORTEST, _LONGEST = 12, 220

_ANSWERS_IN_MEMORY = 10_000
"""A run looks at the same answers for each of its splits."""

# Words that tie a sentence to the one before and can be left out.
_CONNECTIVES = re.compile(
    r"^(?:(?:또한|그리고|그러나|하지만|따라서|그래서|그러므로|마지막으로|먼저|우선|즉|특히|다만|"
    r"(?:첫|둘|셋|넷|첫 번|두 번|세 번)째(?:로(?:는)?|는)?|추가로|추가적으로|이어서|끝으로|"
    r"예를 들어|예를 들면|이에 따라|이를 위해|한편|결론적으로|게다가|더불어|아울러|"
    r"(?:그|이)\s?외에도|그 밖에도?),?\s+)+"
)
# Words that point at the sentence before: without it nobody knows what is meant.
_POINTS_BACK = re.compile(
    r"^(?:이는|이를|이것|이런|이러한|이렇게|이와|이로|이때|이들|이처럼|이후|이 |"
    r"그것|그런|그러한|그렇|그때|그 |해당|"
    r"각각|위와|위의|앞서|두 |여기|전자|후자|반면|반대로|마찬가지)"
)
_OF_A_LIST = re.compile(r"^\s*(?:\d{1,2}[.)]|[-•*#(\[]|[가-하][.)])|\*\*|[:：]|\n")


class Excerpt(NamedTuple):
    """A sentence that stands by itself.

    Attributes:
        place: Its place among the sentences of the answer, from 0.
        text: The sentence, without a connective in front.
    """

    place: int
    text: str


@lru_cache(maxsize=_ANSWERS_IN_MEMORY)
def excerpts(answer: str) -> tuple[Excerpt, ...]:
    """The sentences of an answer that may be quoted alone, in their order.

    Left out are sentences that point back, ask, belong to a numbered list, are unfinished, or are
    very short or long. A sentence that only lacks its full stop is given one.
    """
    found = []
    for place, sentence in enumerate(split_sentences(" ".join(answer.split()))):
        text = _CONNECTIVES.sub("", sentence).strip()
        if has_final_ending(text):
            text = f"{text}."
        if _stands_alone(text):
            found.append(Excerpt(place, text))
    return tuple(found)


def _stands_alone(text: str) -> bool:
    return (
        _SHORTEST <= len(text) <= _LONGEST
        and is_finished(text)
        and not text.endswith("?")
        and not _POINTS_BACK.match(text)
        and not _OF_A_LIST.search(text)
    )
