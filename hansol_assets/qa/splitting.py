"""Splitting a question that joins several into self-standing questions, and measuring how many do.

What belongs here: which sentences of a question stand by themselves, and the mix of joinings in a
set of questions. What does not: where one may be cut at all (`hansol_assets.qa.boundaries`), what
leans on what (`hansol_assets.qa.back_references`, `hansol_assets.qa.topics`), and joining
(`hansol_assets.qa.joining`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from hansol_assets.qa.asking import (
    asks,
    asks_for_a_way,
    has_question_word,
    is_yes_or_no,
    requests,
)
from hansol_assets.qa.back_references import refers_back
from hansol_assets.qa.boundaries import (
    CONNECTIVE,
    Segment,
    may_be_joined,
    segments,
    without_item_mark,
)
from hansol_assets.qa.joining import KINDS, LINE, NONE, SLASH, THEN, close_question
from hansol_assets.qa.morphemes import tag
from hansol_assets.qa.plain_text import plain
from hansol_assets.qa.topics import (
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


@dataclass(frozen=True)
class QuestionMix:
    """How a set of questions joins several into one.

    Attributes:
        joined_share: Share of the questions that hold more than one, 0 to 1.
        connectives: Share of each of `KINDS` among the joinings in the questions; empty without
            any.
    """

    joined_share: float
    connectives: dict[str, float]

    def rounded(self, step: float) -> "QuestionMix":
        """Returns the mix with its shares as multiples of a step; as it is where that is 0."""

        def nearest(share: float) -> float:
            return round(round(share / step) * step, SHARE_DECIMALS) if step else share

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
    """A question as the self-standing questions that it joins.

    Attributes:
        parts: The questions in order, at least one.
        joins: How each part but the first is joined to the one before: of `KINDS`, `RELATION` or
            `REQUEST`.
    """

    parts: tuple[str, ...]
    joins: tuple[str, ...] = ()


def split_question(text: str) -> list[str]:
    """Split one question into the self-standing questions that it joins; see `take_apart`.

    For many questions `take_apart` is faster.
    """
    return list(take_apart([text])[0].parts)


def take_apart(texts: Sequence[str]) -> list[TakenApart]:
    """Split questions into the self-standing questions that they join.

    One is cut at a connective, a list's slash or line, the end of a sentence, or an ending without
    its sign, where what stands before holds a whole question and what stands behind is one that
    names its topic and does not refer back. A statement stays with the question that it leads to.
    In doubt a question is kept whole: that costs less than one that has lost its subject.

    Args:
        texts: Questions as asked.

    Returns:
        One a text, in order. Parts are in NFC with ASCII signs and end with a sign; a question
        that is not cut is its text as it came.
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
    found = segments(text, tokens)
    asking = [_asks(found, place) for place in range(len(found))]
    starts = [0]
    for place in range(1, len(found)):
        if _begins_anew(found, asking, starts[-1], place):
            starts.append(place)
    ends = [start - 1 for start in starts[1:]] + [len(found) - 1]
    parts = [
        close_question(text[found[start].start : found[end].end])
        for start, end in zip(starts, ends, strict=True)
    ]
    if len(parts) > 1:
        parts[0] = without_item_mark(parts[0])
    return TakenApart(tuple(parts), tuple(found[start].kind for start in starts[1:]))


def _asks(found: Sequence[Segment], place: int) -> bool:
    own = found[place]
    if asks(own.text, own.tokens):
        return True
    following = found[place + 1].kind if place + 1 < len(found) else ""
    is_listed = own.kind in _LISTED or following in _LISTED
    # "… 알려 줘. 그리고 끈 교체하는 법도"
    is_added = own.kind not in ("", NONE) and own.text.endswith("도")
    return (is_listed or is_added) and is_topic_phrase(own.tokens)


def _begins_anew(found: Sequence[Segment], asking: Sequence[bool], start: int, place: int) -> bool:
    """Whether a segment begins a question that needs nothing of those since `start`."""
    before, own = found[start:place], found[place]
    # What follows a statement behind a question may belong to either of them.
    if not any(asking[start:place]) or not asking[place - 1]:
        return False
    if asking[place]:
        return _stands_behind(own, before)
    is_marked = own.kind not in (NONE, LINE)
    return is_marked and any(asking[place + 1 :]) and _stands_behind(own, before)


def _stands_behind(own: Segment, before: Sequence[Segment]) -> bool:
    if refers_back(own.text) or not names_topic(own.text, own.tokens):
        return False
    text_before = " ".join(segment.text for segment in before)
    tokens_before = [token for segment in before for token in segment.tokens]
    if leans_on(own.text, own.tokens, text_before, tokens_before):
        return False
    if own.kind == THEN:
        topics = named_topics(own.text, own.tokens)
        is_new = not topics <= named_topics(text_before, tokens_before)
        return is_new and (len(topics) > 1 or not _wants_a_yes(own))
    if own.kind != NONE:
        return True
    last = before[-1]
    return not (
        _goes_on(own)
        or returns_to(own.text, own.tokens, text_before, tokens_before)
        or are_alternatives(last.text, last.tokens, own.text, own.tokens)
    )


def _wants_a_yes(own: Segment) -> bool:
    """Whether "then …?" supposes an answer: it asks whether one thing is so, and no more."""
    asks_more = has_question_word(own.text) or asks_an_aspect(own.tokens)
    return is_yes_or_no(own.tokens) and not asks_more


def _goes_on(own: Segment) -> bool:
    """Whether a question without a connective wants a yes and names one thing at most.

    "디퓨저가 괜찮을까요? 향이 강하지 않을까요?": of what, the question before says.
    """
    asks_more = has_question_word(own.text) or requests(own.text) or asks_for_a_way(own.text)
    wants_a_yes = is_yes_or_no(own.tokens) and not asks_more
    return wants_a_yes and len(named_topics(own.text, own.tokens)) < _TOPICS_ANEW
