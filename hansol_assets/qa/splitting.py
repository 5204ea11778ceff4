"""Splitting a question that joins several into self-standing ones, and measuring how many do."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from hansol_assets.qa.boundaries import (
    CONNECTIVE,
    Segment,
    may_be_joined,
    plain,
    segments,
    without_item_mark,
)
from hansol_assets.qa.connectives import KINDS, LINE, NONE, SLASH, THEN, close_question
from hansol_assets.qa.korean_questions import (
    QUESTION_WORDS,
    asks,
    asks_for_a_way,
    has_question_word,
    is_yes_or_no,
    refers_back,
    requests,
)
from hansol_assets.qa.morphemes import tag
from hansol_assets.qa.question_topics import (
    are_alternatives,
    asks_an_aspect,
    is_topic_phrase,
    leans_on,
    named_topics,
    names_topic,
    returns_to,
)

if TYPE_CHECKING:
    from kiwipiepy import Token


RELATION = "relation"
"""How "A와 B의 관계는 무엇인가요?" joins; it is counted and cut, but not written by joining."""
REQUEST = "request"
"""How "A 종류랑 B가 뭔지 알려 주세요" joins, likewise."""
MIX_STEP = 0.05
"""To multiples of it shares are rounded, so that a few more questions train no adapter anew."""
SHARE_DECIMALS = 6
_JOINED = "joined questions"

_ASKING = r"(?:나요|까요|가요|니까|는지|은지|을지|인지)"
_RELATION = re.compile(
    rf"(?P<first>.+?{_ASKING})[?.]?(?:와|과)\s+(?P<second>.+{_ASKING})[?.]?의\s+관계(?:는|가|를)?\s*"
    r"(?:무엇인가요|무엇입니까|뭔가요|뭐야|어떤가요|어떻게\s+되나요|(?:알려|설명해)\s*(?:주세요|줘))[.?!]*"
)
_ASPECT = (
    r"(?:종류|장점|단점|특징|방법|[는은을]\s?법|원인|이유|기준|차이"
    r"|용도|가격|비용|수명|주기|뜻|역할)"
)
_REQUESTS = re.compile(
    rf"(?P<first>\S.*{_ASPECT})(?:이랑|랑|하고|과|와)\s+"
    r"(?P<second>\S.*(?:[가-힣][는은인을]지|뭔지))\s+"
    r"(?P<request>(?:다\s+|모두\s+|좀\s+)*(?:알려|설명|가르쳐|궁금|알고\s*싶)[^?.!]*)[?.!]*"
)
_UNWRITTEN = (RELATION, REQUEST)
_LISTED = (SLASH, LINE)
_TOPICS_ANEW = 2

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
_ASKS = re.compile(rf"(?<!\S)(?:{QUESTION_WORDS}|뭔지)")
_HANGUL = re.compile(r"[가-힣]")
_LONGEST = 200
"""Characters of a question that is read so: longer ones tell a story."""


@dataclass(frozen=True)
class QuestionMix:
    """How a set of questions joins several into one.

    Attributes:
        joined_share: Share of the questions that hold more than one, 0 to 1.
        connectives: Share of each of `KINDS` among the joinings in the questions.
    """

    joined_share: float
    connectives: dict[str, float]

    def rounded(self) -> "QuestionMix":
        """Returns the mix with its shares as multiples of `MIX_STEP`."""

        def nearest(share: float) -> float:
            return round(round(share / MIX_STEP) * MIX_STEP, SHARE_DECIMALS)

        shares = {name: nearest(share) for name, share in self.connectives.items()}
        return QuestionMix(nearest(self.joined_share), shares)

    def to_table(self) -> pd.DataFrame:
        """Returns the mix as rows `part, share`: all joined questions, then each connective."""
        shares = {_JOINED: self.joined_share, **self.connectives}
        return pd.DataFrame(shares.items(), columns=["part", "share"])

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> "QuestionMix":
        """Reads a mix back from its rows."""
        shares = dict(zip(table["part"], table["share"], strict=True))
        return cls(shares.pop(_JOINED), shares)


@dataclass(frozen=True)
class TakenApart:
    """A question as the self-standing questions that it joins, at least one.

    `joins` is how each part but the first is joined: of `KINDS`, `RELATION` or `REQUEST`.
    """

    parts: tuple[str, ...]
    joins: tuple[str, ...] = ()


def take_apart(texts: Sequence[str]) -> list[TakenApart]:
    """Split questions into the self-standing questions that they join, one result a text.

    One is cut at a connective, a list's slash or line, the end of a sentence, or an ending without
    its sign, where what stands before holds a whole question and what stands behind is one that
    names its topic and does not refer back. A statement stays with the question that it leads to.
    In doubt a question is kept whole.

    Parts are in NFC with ASCII signs and end with a sign; a question that is not cut stays as it
    is.
    """
    plain_texts = [plain(text, CONNECTIVE) for text in texts]
    different = list(dict.fromkeys(plain_texts))
    related = {text: taken for text in different if (taken := _relation(text) or _requests(text))}
    tagged = [text for text in different if text not in related and may_be_joined(text)]
    taken_of = related | {
        text: _taken(text, tokens) for text, tokens in zip(tagged, tag(tagged), strict=True)
    }
    return [
        taken if (taken := taken_of.get(plain_text)) and taken.joins else TakenApart((text,))
        for text, plain_text in zip(texts, plain_texts, strict=True)
    ]


def question_mix(questions: Sequence[str]) -> QuestionMix:
    """Measure the share of joined questions and the proportions of all kinds of joining.

    What joining does not write, such as a relation, counts as joined, but not among the kinds.
    """
    taken = take_apart(questions)
    counts = Counter(
        kind for question in taken for kind in question.joins if kind not in _UNWRITTEN
    )
    return QuestionMix(
        joined_share=sum(bool(question.joins) for question in taken) / max(1, len(questions)),
        connectives={kind: counts[kind] / counts.total() for kind in KINDS if counts[kind]},
    )


def _relation(text: str) -> TakenApart | None:
    match = _RELATION.fullmatch(text.strip())
    if match is None or refers_back(match["second"]):
        return None
    parts = (close_question(match["first"]), close_question(match["second"]))
    return TakenApart(parts, (RELATION,))


def _requests(text: str) -> TakenApart | None:
    """Two things of which one request asks, each for something of its own."""
    match = _REQUESTS.fullmatch(text.strip())
    if match is None or refers_back(match["second"]):
        return None
    (tokens,) = tag([match["second"]])
    if not names_topic(match["second"], tokens):
        return None
    parts = (f"{match[name]} {match['request']}" for name in ("first", "second"))
    return TakenApart(tuple(map(close_question, parts)), (REQUEST,))


def _taken(text: str, tokens: "Sequence[Token]") -> TakenApart:
    parts = segments(text, tokens)
    asking = [_asks(parts, index) for index in range(len(parts))]
    starts = [0]
    for index in range(1, len(parts)):
        if _begins_anew(parts, asking, starts[-1], index):
            starts.append(index)
    ends = [start - 1 for start in starts[1:]] + [len(parts) - 1]
    questions = [
        close_question(text[parts[start].start : parts[end].end])
        for start, end in zip(starts, ends, strict=True)
    ]
    if len(questions) > 1:
        questions[0] = without_item_mark(questions[0])
    return TakenApart(tuple(questions), tuple(parts[start].kind for start in starts[1:]))


def _asks(parts: Sequence[Segment], index: int) -> bool:
    part = parts[index]
    if asks(part.text, part.tokens):
        return True
    following = parts[index + 1].kind if index + 1 < len(parts) else ""
    is_listed = part.kind in _LISTED or following in _LISTED
    # "… 알려 줘. 그리고 끈 교체하는 법도"
    is_added = part.kind not in ("", NONE) and part.text.endswith("도")
    return (is_listed or is_added) and is_topic_phrase(part.tokens)


def _begins_anew(parts: Sequence[Segment], asking: Sequence[bool], start: int, index: int) -> bool:
    """Whether a segment begins a question that needs nothing of those since `start`."""
    before, part = parts[start:index], parts[index]
    # What follows a statement behind a question may belong to either of them.
    if not any(asking[start:index]) or not asking[index - 1]:
        return False
    if asking[index]:
        return _stands_behind(part, before)
    is_marked = part.kind not in (NONE, LINE)
    return is_marked and any(asking[index + 1 :]) and _stands_behind(part, before)


def _stands_behind(part: Segment, before: Sequence[Segment]) -> bool:
    if refers_back(part.text) or not names_topic(part.text, part.tokens):
        return False
    text_before = " ".join(segment.text for segment in before)
    tokens_before = [token for segment in before for token in segment.tokens]
    if leans_on(part.text, part.tokens, text_before, tokens_before):
        return False
    topics = named_topics(part.text, part.tokens)
    if part.kind == THEN:
        is_new = not topics <= named_topics(text_before, tokens_before)
        # "Then …?" supposes an answer where it asks whether one thing is so, and no more.
        return is_new and (len(topics) > 1 or not _wants_a_yes(part) or asks_an_aspect(part.tokens))
    if part.kind != NONE:
        return True
    # "디퓨저가 괜찮을까요? 향이 강하지 않을까요?": of what, the question before says.
    wants_a_yes = _wants_a_yes(part) and not requests(part.text) and not asks_for_a_way(part.text)
    goes_on = wants_a_yes and len(topics) < _TOPICS_ANEW
    last = before[-1]
    return not (
        goes_on
        or returns_to(part.text, part.tokens, text_before, tokens_before)
        or are_alternatives(last.text, last.tokens, part.text, part.tokens)
    )


def _wants_a_yes(part: Segment) -> bool:
    return is_yes_or_no(part.tokens) and not has_question_word(part.text)


class Pair(NamedTuple):
    """Two questions that one may hold, and the two things, where the same is asked of both."""

    first: str
    second: str
    things: tuple[str, ...] = ()


def decompositions(question: str) -> list[Pair]:
    """The pairs of questions that one by its form may still hold; most have none."""
    text = question.strip().rstrip("?.!")
    if len(text) > _LONGEST or _COMPARES.search(text):
        return []
    if _HANGUL.search(text):
        pairs = [*_clauses(text)] or [*_things(text)]
    else:
        pairs = [Pair(*_around(text, cut)) for cut in _ENGLISH_CLAUSES.finditer(text)]
    return [
        Pair(close_question(first), close_question(second), things)
        for first, second, things in pairs
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
    asked = _ASKS.search(clause)
    before = clause[: asked.start()].strip() if asked else ""
    return list(dict.fromkeys(filter(None, (clause.split()[0], before))))


def _around(text: str, cut: re.Match[str]) -> tuple[str, str]:
    return text[: cut.start()], _CONNECTIVE.sub("", text[cut.end() :], count=1)
