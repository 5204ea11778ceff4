"""Korean sentences: where they end, whether they do, and which can stand without the others."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from hansol_assets.qa.morphemes import tag

_CLOSERS = r"[\"'”’)\]』」）〉》】]*"
_BOUNDARY = re.compile(
    rf"[.?!…。．？！]+{_CLOSERS}(?=\s)"
    # A full stop after a final ending ends a sentence even where the space is missing.
    rf"|(?<=[다요죠까])[.?!。．？！]{_CLOSERS}(?=[가-힣A-Za-z*#(\[]|\d{{1,2}}\.)"
)
_LIST_NUMBER = re.compile(r"(?:^|[\s(*#])(?:\d{1,2}|[가나다라마바사아자차카타파하])\.$")
_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:No|no|vs|etc|cf|e\.g|i\.e|Fig|approx)\.$")
_SIGNED = re.compile(rf"[.?!…。．？！]{_CLOSERS}$")
_ENDED = re.compile(rf"[.?!。．？！]{_CLOSERS}$")
# A full stop after an object particle or in the middle of an ending: cut off, not finished.
_BROKEN = re.compile(rf"(?:[을를습]\.|\.\.|…\.?){_CLOSERS}$")
# Final endings, but not the words that only look like one: "벽지보다", "벽마다", "필요", "중요".
_FINAL_ENDING = re.compile(
    r"[가-힣](?:(?<![보마바져에])다|(?<=[어아여와워봐해돼세에예까나가네군지데])요|죠)$"
)
# What people put behind a final ending: a remark in brackets, a smile.
_AFTERTHOUGHT = re.compile(r"(?:\s*[(（][^()（）]*[)）]|\s*[:;=]-?[)(D]+|\s*[ㅎㅋㅠㅜ~^]+)+$")
_CONNECTIVE = re.compile(r"^(?:그리고|또한|아울러|더불어|추가로|또),?\s+")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]*")
LONG_RUN = 6
"""Words in Latin letters that are a run."""
_LATIN_RUN = re.compile(rf"{_LATIN_WORD.pattern}(?:[\s,.:;/()]+{_LATIN_WORD.pattern})*")

_FINAL_M = "\u11b7"
"""The final consonant of "함" and "음"."""
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


def split_sentences(text: str) -> list[str]:
    """Split a text into sentences, each stripped, with its closing punctuation.

    Decimal numbers ("3.5mm"), numbers of a list ("1. ") and common abbreviations do not end one.
    """
    sentences = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        piece = text[start : boundary.end()].strip()
        if _LIST_NUMBER.search(piece) or _ABBREVIATION.search(piece):
            continue
        sentences.append(piece)
        start = boundary.end()
    rest = text[start:].strip()
    return [*sentences, rest] if rest else sentences


def is_finished(text: str) -> bool:
    """Whether the text ends in a finished sentence."""
    bare = text.strip()
    return bool(_ENDED.search(bare)) and not (
        _BROKEN.search(bare) or _LIST_NUMBER.search(bare) or _ABBREVIATION.search(bare)
    )


def ends_a_sentence(text: str) -> bool:
    """Whether the text ends with a sign that ends sentences, whatever stands before it."""
    return bool(_SIGNED.search(text.strip()))


def has_final_ending(text: str) -> bool:
    """Whether the text ends as a Korean sentence does ("…합니다"), but for remarks and smiles."""
    return bool(_FINAL_ENDING.search(_AFTERTHOUGHT.sub("", text.strip())))


def ends_as_a_note(text: str) -> bool:
    """Whether the text ends in a verb made a noun, as notes do ("재시공이 필요함")."""
    bare = text.strip().rstrip(".")
    # Nearly all texts end otherwise, and so that is seen before Kiwi, which is slow to load.
    if not unicodedata.normalize("NFD", bare[-1:]).endswith(_FINAL_M):
        return False
    tokens = next(tag([bare]))
    return bool(tokens) and tokens[-1].tag in ("EF", "ETN") and tokens[-1].form in ("ᆷ", "음")


def sentence_key(sentence: str) -> str:
    """What makes two sentences the same: letters and digits, or all, without a connective."""
    return re.sub(r"[\W_]+", "", without_connective(sentence)).casefold() or sentence


def without_connective(sentence: str) -> str:
    """The sentence without the connective that it begins with, stripped."""
    return _CONNECTIVE.sub("", sentence.strip())


def has_repeated_sentence(text: str) -> bool:
    """Whether a sentence stands in the text more than once, spaces and signs apart."""
    keys = [sentence_key(sentence) for sentence in split_sentences(text)]
    return len(set(keys)) < len(keys)


def latin_runs(text: str) -> list[str]:
    """Long runs of words in Latin letters: a Korean answer that drifts into English."""
    return [run for run in _LATIN_RUN.findall(text) if len(_LATIN_WORD.findall(run)) >= LONG_RUN]


class Excerpt(NamedTuple):
    """A sentence that stands by itself, and its place in the answer, from 0."""

    position: int
    text: str


@lru_cache(maxsize=_ANSWERS_IN_MEMORY)
def excerpts(answer: str) -> tuple[Excerpt, ...]:
    """The sentences of an answer that may be quoted alone, in their order.

    Left out are those that point back, ask, belong to a numbered list, are unfinished, or are very
    short or long. One that only lacks its full stop is given one.
    """
    result = []
    for position, sentence in enumerate(split_sentences(" ".join(answer.split()))):
        text = _CONNECTIVES.sub("", sentence).strip()
        if has_final_ending(text):
            text = f"{text}."
        if _stands_alone(text):
            result.append(Excerpt(position, text))
    return tuple(result)


def _stands_alone(text: str) -> bool:
    return (
        _SHORTEST <= len(text) <= _LONGEST
        and is_finished(text)
        and not text.endswith("?")
        and not _POINTS_BACK.match(text)
        and not _OF_A_LIST.search(text)
    )
