"""Ways in which a question that is one by its form may still ask for two things.

What belongs here: the readings, each a pair of questions. What does not: questions that stand by
themselves whatever a table holds (`hansol_assets.qa.splitting`), and whether a table answers both
of a pair (`hansol_assets.retrieval.ranking`).
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from hansol_assets.qa.asking import has_question_word
from hansol_assets.qa.joining import close_question

_AND = re.compile(r"(?<=[가-힣A-Za-z])(?:이랑|랑|하고|와|과|\s+및)\s+(?=\S)")
_COMPARES = re.compile(
    r"차이|다르|다른|달라|비교|관계|(?<!\S)(?:중|사이|함께|같이)(?:에|에서|의)?(?!\S)"
)
_EACH = re.compile(r"(?<!\S)(?:각각|둘\s*다|모두|전부)(?!\S)\s*")
_KOREAN_CLAUSES = re.compile(
    r"(?<=[가-힣]고)(?<!그리고)\s+|(?:(?<=지),?|(?<=[.?]))\s+(?=(?:그리고|또|또한)\s)"
)
_ENGLISH_CLAUSES = re.compile(r"[,.?]?\s+(?=(?:and|also)\s)")
_CONNECTIVE = re.compile(r"(?:그리고|또한|또|and|also)\s+")
_ASKS = re.compile(r"(?<!\S)(?:왜|뭐|뭘|무엇|무슨|어떻|어떤|얼마|언제|어디|누가|몇)|(?<!\S)뭔지")
_HANGUL = re.compile(r"[가-힣]")
_LONGEST = 200
"""Characters of a question that is read so: longer ones tell a story."""


class Pair(NamedTuple):
    """Two questions that one may hold.

    Attributes:
        first: One of them.
        second: The other.
        things: What is put together, where it is two things of which the same is asked.
    """

    first: str
    second: str
    things: tuple[str, ...] = ()


def decompositions(question: str) -> list[Pair]:
    """The pairs of questions that one may hold; most questions have none.

    Args:
        question: A question that is one by its form.
    """
    text = question.strip().rstrip("?.!")
    if len(text) > _LONGEST or _COMPARES.search(text):
        return []
    found = [*_clauses(text)] or [*_things(text)] if _HANGUL.search(text) else _english(text)
    return [
        Pair(close_question(first), close_question(second), things)
        for first, second, things in found
    ]


def _things(text: str) -> Iterator[Pair]:
    """Reads "A랑 B 가격" as "A 가격" and "B 가격", "A 장점하고 단점" as "A 장점" and "A 단점"."""
    for joint in _AND.finditer(text):
        head, _, first = text[: joint.start()].rpartition(" ")
        second, _, rest = _EACH.sub("", text[joint.end() :]).partition(" ")
        asked = [" ".join(filter(None, (head, thing, rest))) for thing in (first, second)]
        yield Pair(asked[0], asked[1], (first, second))


def _clauses(text: str) -> Iterator[Pair]:
    """Reads "A는 어떻게 하고 기간은 얼마나 걸려" as two, the second with what it leaves out."""
    for cut in _KOREAN_CLAUSES.finditer(text):
        first, second = _around(text, cut)
        if has_question_word(first) and " " in second:
            yield Pair(first, second)
            yield from (Pair(first, f"{topic} {second}") for topic in _topics(first))


def _topics(clause: str) -> list[str]:
    """What a clause may be about: its first word, and all that stands before what it asks."""
    asked = _ASKS.search(clause)
    before = clause[: asked.start()].strip() if asked else ""
    return list(dict.fromkeys(filter(None, (clause.split()[0], before))))


def _english(text: str) -> list[Pair]:
    return [Pair(*_around(text, cut)) for cut in _ENGLISH_CLAUSES.finditer(text)]


def _around(text: str, cut: re.Match[str]) -> tuple[str, str]:
    return text[: cut.start()], _CONNECTIVE.sub("", text[cut.end() :], count=1)
