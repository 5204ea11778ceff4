"""Where a text may be cut into sentences that people join, and by what they join them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING, NamedTuple

from hansol_assets.qa.connectives import ALSO, AND, LINE, NONE, SLASH, THEN
from hansol_assets.qa.korean_questions import has_question_word

if TYPE_CHECKING:
    from kiwipiepy import Token


# What people write → the kind of joining it is.
_CONNECTIVES = {
    "그리고": AND,
    "그리고요": AND,
    "그리구": AND,
    "글고": AND,
    "또한": ALSO,
    "아울러": "아울러",
    "더불어": "더불어",
    "추가로": "추가로",
    "추가적으로": "추가로",
    "이와 별개로": "추가로",
    "이와는 별개로": "추가로",
    "별개로": "추가로",
    "이와 더불어": "더불어",
    "이와 함께": "더불어",
    "덧붙여": "추가로",
    "마지막으로": "추가로",
    "끝으로": "추가로",
    "그렇다면": THEN,
    "그러면": THEN,
    "그럼": THEN,
    "또": "또",
}
_WORD = rf"(?:{'|'.join(sorted(_CONNECTIVES, key=len, reverse=True))})"
# "그리고 나서" is "after that", "또 다른" "another".
CONNECTIVE = re.compile(rf"{_WORD}(?![가-힣])(?!\s+(?:나서|나면|난|다른|하나의))")
_CONNECTIVE_START = re.compile(rf"(?<![^\s,.?!/]){CONNECTIVE.pattern}")

_ITEM = (
    r"(?:\(?\d{1,2}[.)](?!\d)|[①-⑳]|[•●▶▷■□◆◇※*·–—-](?=\s)|[가나다라마바사][.)](?=\s)"
    r"|(?:첫|둘|셋|넷)째(?:로|는)?[,\s]|(?:첫|두|세|네)\s*번째(?:로|는|\s*질문은?)?[,:\s]|(?:질문|Q|q)\s?\d{1,2}[.:)]?(?=\s))"
)
_NUMBERED = re.compile(r"(?:^|(?<=\s))\(?(?P<number>\d{1,2})[.)](?=\s|[가-힣])")
_FIRST_ITEM = re.compile(rf"\s*{_ITEM}\s*")
_BETWEEN = re.compile(
    rf"[\s,;]*(?P<slash>[/|]+)?\s*(?P<item>{_ITEM}\s*)?(?:(?:(?:아|참|아참|음|앗)[,~!.]*\s+)+(?={_WORD}))?"
    rf"(?P<words>(?:{CONNECTIVE.pattern}(?:\s*,\s*|\s+))*)"
)
_CLOSERS = r"[\"'”’)\]」』]"
_SIGN = re.compile(
    rf"(?:[?!]+(?:\s*[ㅋㅎㅠㅜ~^]+)?|\.+)(?:{_CLOSERS}*(?=\s)|(?=[가-힣A-Za-z/①-⑳]))"
)
_LAUGHTER = r"[ㅋㅎㅠㅜ~^;]*"
_LAUGHED = re.compile(r"(?<=[가-힣])(?:[ㅋㅎㅠㅜ]+|~+|\^\^+)(?=\s)")
_NUMBER = re.compile(r"(?:^|[\s(])(?:\d{1,2}|[가나다라마바사]|No|no|vs)\.$")
_ENCLOSURE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\"[^\"]*\"|“[^”]*”|‘[^’]*’|「[^」]*」")
_LINE_BREAK = re.compile(r"\s*\n\s*")
_SLASH = re.compile(r"\s+[/|]+\s+|(?<=[?.])\s*[/|]+\s*|(?<=[요야까줘])\s*/+\s*")
# Endings that no word in the middle has; Kiwi misses them behind a verb that it does not know.
_ASKED = re.compile(
    r"(?:(?<=[가-힣])나요|까요|[은는인운]가요|[습입합됩]니까|[가-힣]\s?줘|[가-힣]\s?주세요|인지요|뭐야|뭐예요)"
    rf"{_LAUGHTER}(?=\s*[,;]|\s+\S)"
)
# Without "해야 하나요", "위해", "보다" and the like, which go on.
_ENDED = re.compile(
    r"(?:[요까줘죠냐돼임음]|(?<![해아어여져와워워봐써])야|어때|(?<![위대통인의])해|(?<![보마])다|하라|시오|니)"
    rf"{_LAUGHTER}\s+\S"
)

_BREAKS = (_SIGN, _LINE_BREAK, _SLASH, _ASKED, _LAUGHED, _NUMBERED, _CONNECTIVE_START, _ENDED)

_SIGNS = str.maketrans(
    dict.fromkeys("？﹖❓❔⁇", "?")
    | dict.fromkeys("！﹗", "!")
    | dict.fromkeys("．。", ".")
    | dict.fromkeys("，、", ",")
    | dict.fromkeys("；", ";")
    | dict.fromkeys("／", "/")
    | dict.fromkeys("\u3000\xa0\u202f", " ")
    | dict.fromkeys("\r\u2028\u2029\x85\x0b", "\n")
    # Joiners, directions, soft hyphens and byte-order marks have no width and no meaning here.
    | dict.fromkeys("\u200c\u200d\u2060\ufeff\xad\u200e\u200f", "")
)
# A zero-width space within a word is an accident; beside a sign it stands for a space.
_WITHIN_A_WORD = re.compile(r"(?<=[^\W_])\u200b+(?=[^\W_])")


class Segment(NamedTuple):
    """A sentence, or what stands like one, by its place in the whole text.

    `kind` is how it is joined to the segment before, "" of the first.
    """

    start: int
    end: int
    text: str
    kind: str
    tokens: "Sequence[Token]"


def may_be_joined(text: str) -> bool:
    """Whether a plain text has a sign, a connective or an ending within: then tags are needed."""
    bare = text.strip()
    return any(
        match.end() < len(bare) for pattern in _BREAKS for match in [pattern.search(bare)] if match
    )


def segments(text: str, tokens: "Sequence[Token]") -> list[Segment]:
    """Take a text that went through `plain` apart at every boundary, safe or not.

    The segments are without separators, connectives and marks of a list.
    """
    start = 0
    kind = ""
    parts: list[Segment] = []
    for end in sorted(set(_ends(text, tokens))):
        between = _BETWEEN.match(text, end)
        if end <= start or between is None or not text[start:end].strip():
            continue
        if between.end() >= len(text):
            break
        parts.append(_segment(text, start, end, kind, tokens))
        start, kind = between.end(), _kind(between)
    return [*parts, _segment(text, start, len(text), kind, tokens)]


def without_item_mark(text: str) -> str:
    """The text without the mark of the list that it opens ("1. ", "첫째, ")."""
    match = _FIRST_ITEM.match(text)
    return text[match.end() :] if match else text


def _segment(text: str, start: int, end: int, kind: str, tokens: "Sequence[Token]") -> Segment:
    within = [token for token in tokens if start <= token.start and token.end <= end]
    return Segment(start, end, text[start:end].strip(), kind, within)


def _kind(between: re.Match[str]) -> str:
    words = CONNECTIVE.findall(between["words"])
    if words:
        return _CONNECTIVES[words[0]]
    if between["slash"]:
        return SLASH
    return LINE if between["item"] or "\n" in between[0] else NONE


def _ends(text: str, tokens: "Sequence[Token]") -> Iterator[int]:
    spans = (range(match.start() + 1, match.end()) for match in _ENCLOSURE.finditer(text))
    enclosed = set(chain.from_iterable(spans))
    for match in _SIGN.finditer(text):
        if not _NUMBER.search(text[: match.end()]) and match.end() not in enclosed:
            yield match.end()
    for pattern in (_LINE_BREAK, _SLASH):
        yield from (match.start() for match in pattern.finditer(text))
    for pattern in (_ASKED, _LAUGHED):
        yield from (match.end() for match in pattern.finditer(text))
    for match in _CONNECTIVE_START.finditer(text):
        yield len(text[: match.start()].rstrip(" ,;"))
    yield from _numbered_ends(text)
    for before, token in pairwise(tokens):
        if token.sent_position != before.sent_position and before.tag.startswith("EF"):
            # "찍힘 보수": a verb made a noun ends a sentence only where that asks ("왜 찍힘").
            if before.form in ("ᆷ", "음") and not has_question_word(text[: before.end]):
                continue
            yield before.end


def _numbered_ends(text: str) -> list[int]:
    """Where the items of a list end that is numbered 1, 2, … within a line."""
    marks = list(_NUMBERED.finditer(text))
    if [int(mark["number"]) for mark in marks] != list(range(1, len(marks) + 1)):
        return []
    return [len(text[: mark.start()].rstrip()) for mark in marks[1:]]


def plain(text: str, words: re.Pattern[str]) -> str:
    r"""Write a text in NFC, with ASCII punctuation, visible spaces and "\n" for a line break.

    Before some words a zero-width space stands for a space, wherever it is.
    """
    composed = unicodedata.normalize("NFC", text).replace("\r\n", "\n").translate(_SIGNS)
    if "\u200b" not in composed:
        return composed
    spaced = re.sub(rf"\u200b+(?={words.pattern})", " ", composed)
    return _WITHIN_A_WORD.sub("", spaced).replace("\u200b", " ")
