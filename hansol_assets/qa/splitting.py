"""Splitting a question that joins two into self-standing questions, and measuring how many do.

What belongs here: where a joined question may be cut, and the mix of connectives in a set of
questions. What does not: which questions refer back (`hansol_assets.qa.back_references`), and
joining (`hansol_assets.qa.pairing`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from hansol_assets.qa.back_references import refers_back

AND = "그리고"
ALSO = "또한,"
CONNECTIVES = (AND, ALSO)
SHARE_DECIMALS = 6
_JOINED = "joined questions"

_CONNECTIVE = re.compile(
    r"(?<=[\s,.?!])(?P<word>그리고|또한)(?:,\s*|\s+)(?:(?:그리고|또한)(?:,\s*|\s+))*"
)
_ASKING = r"(?:나요|까요|가요|니까|는지|은지|을지|인지)"
_RELATION = re.compile(
    rf"(?P<first>.+?{_ASKING})[?.]?(?:와|과)\s+(?P<second>.+{_ASKING})[?.]?의\s+관계(?:는|가|를)?\s*"
    r"(?:무엇인가요|무엇입니까|뭔가요|뭐야|어떤가요|어떻게\s+되나요|(?:알려|설명해)\s*(?:주세요|줘))[.?!]*"
)
# Endings with which a sentence is whole even where its punctuation is missing.
_WHOLE = re.compile(r"(?:나요|까요|가요|니까|니다|[어아해세]요|[해려]\s*줘|시오)$")
_REQUEST = re.compile(r"(?:줘|주라|세요|시오|니다)$")
_CLOSED = re.compile(r"[.?!][\"'”’)]*$")


@dataclass(frozen=True)
class QuestionMix:
    """How a set of questions joins two into one.

    Attributes:
        joined_share: Share of the questions that hold more than one, 0 to 1.
        connectives: Share of each connective among those in the questions; empty without any.
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


def split_question(text: str) -> list[str]:
    """Split a question into the self-standing questions that it joins.

    It is cut at "그리고", "또한," and "A와 B의 관계는 무엇인가요?" where either side is a whole
    question and the later one does not refer back to the earlier.

    Args:
        text: One question as asked.

    Returns:
        The parts in order, each with its closing punctuation; the text itself where no cut is safe.
    """
    relation = _RELATION.fullmatch(text.strip())
    if relation and not refers_back(relation["second"]):
        return [close_question(relation["first"]), close_question(relation["second"])]
    cuts = _safe_cuts(text)
    if not cuts:
        return [text]
    starts = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(text)]
    return [close_question(text[start:end]) for start, end in zip(starts, ends, strict=True)]


def question_mix(questions: Sequence[str]) -> QuestionMix:
    """Measure the share of joined questions and the proportions of their connectives."""
    joined = sum(len(split_question(question)) > 1 for question in questions)
    words = Counter(cut["word"] for question in questions for cut in _safe_cuts(question))
    counts = {name: words[name.rstrip(",")] for name in CONNECTIVES}
    return QuestionMix(
        joined_share=joined / max(1, len(questions)),
        connectives={name: count / words.total() for name, count in counts.items() if count},
    )


def close_question(text: str) -> str:
    """Strip a question and end it: a request with a full stop, anything else with "?"."""
    bare = text.strip().rstrip(",").rstrip()
    if not bare or _CLOSED.search(bare):
        return bare
    return bare + ("." if _REQUEST.search(bare) else "?")


def _safe_cuts(text: str) -> list[re.Match[str]]:
    """The connectives on either side of which the text stands by itself."""
    candidates: list[re.Match[str]] = []
    for match in _CONNECTIVE.finditer(text):
        start = candidates[-1].end() if candidates else 0
        if _is_whole(text[start : match.start()]):
            candidates.append(match)
    ends = [match.start() for match in candidates[1:]] + [len(text)]
    return [
        match
        for match, end in zip(candidates, ends, strict=False)  # no candidate: nothing to pair
        if not refers_back(text[match.end() : end])
    ]


def _is_whole(text: str) -> bool:
    bare = text.strip()
    if bare.endswith(("?", "!")):
        return True
    # A single word with a full stop is the number of a list ("1."), not a question.
    closed = _CLOSED.search(bare) or _WHOLE.search(bare.rstrip(","))
    return len(bare.split()) > 1 and bool(closed)
