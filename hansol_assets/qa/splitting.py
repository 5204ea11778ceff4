"""Splitting a question that joins two into self-standing questions, and measuring how many do.

What belongs here: where a joined question may be cut, and the mix of connectives in a set of
questions. What does not: which words refer back (`hansol_assets.qa.back_references`), and joining
(`hansol_assets.qa.pairing`).
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from hansol_assets.qa.back_references import refers_back

AND = "그리고"
ALSO = "또한,"
CONNECTIVES = (AND, ALSO)

_CONNECTIVE = re.compile(r"(?<=[\s.?!])(?P<first>그리고|또한),?(?:\s+(?:그리고|또한),?)*(?=\s)")
_RELATION = re.compile(r"(?P<first>.+?)[?.]?(?:와|과)\s+(?P<second>.+?)[?.]?의\s+관계[가-힣\s]*[?.]?")
# Endings with which a question or a request is whole even where its punctuation is missing.
_WHOLE = re.compile(r"(?:나요|까요|가요|세요|니까|습니다|어요|아요|해요|해줘|려줘|시오)$")
_ASKING = re.compile(r"(?:나요|까요|가요|는지|ㄴ지|한지|인지|을지)$")
_REQUEST = re.compile(r"(?:줘|주라|세요|시오|다)$")
_SENTENCE_END = re.compile(r"[.?!][\"'”’)]*$")


@dataclass(frozen=True)
class QuestionMix:
    """How a set of questions joins two into one.

    Attributes:
        joined_share: Share of the questions that hold more than one, 0 to 1.
        connectives: Share of each connective among those joined by one; empty if there are none.
    """

    joined_share: float
    connectives: dict[str, float]


def split_question(text: str) -> list[str]:
    """Split a question into the self-standing questions that it joins.

    It is cut at "그리고", "또한," and "A와 B의 관계" where both sides are whole questions and the
    later one does not refer back to the earlier.

    Args:
        text: One question as asked.

    Returns:
        The parts in order, each with its closing punctuation; the text itself where no cut is safe.
    """
    relation = _split_relation(text)
    if relation:
        return relation
    cuts = _cuts(text)
    if not cuts:
        return [text]
    starts = [0, *(cut.end() for cut in cuts)]
    ends = [*(cut.start() for cut in cuts), len(text)]
    return [close_question(text[start:end]) for start, end in zip(starts, ends, strict=True)]


def question_mix(questions: Sequence[str]) -> QuestionMix:
    """Measure the share of joined questions and the proportions of their connectives."""
    counts = Counter(_canonical(cut) for question in questions for cut in _cuts(question))
    joined = sum(len(split_question(question)) > 1 for question in questions)
    total = counts.total()
    return QuestionMix(
        joined_share=joined / len(questions) if questions else 0.0,
        connectives={name: counts[name] / total for name in CONNECTIVES if counts[name]},
    )


def close_question(text: str) -> str:
    """Strip a question and end it: a request with a full stop, anything else with "?"."""
    bare = text.strip().rstrip(",").rstrip()
    if not bare or _SENTENCE_END.search(bare):
        return bare
    return bare + ("." if _REQUEST.search(bare) else "?")


def _canonical(cut: re.Match[str]) -> str:
    return AND if cut["first"] == AND else ALSO


def _split_relation(text: str) -> list[str]:
    match = _RELATION.fullmatch(text.strip())
    while match and not _ASKING.search(match["first"].rstrip(" ?.")):
        # "와" and "과" also stand inside a question: try the next one.
        pass
    return []


def _cuts(text: str) -> list[re.Match[str]]:
    """The connectives at which the text may be cut: what is on either side stands by itself."""
    cuts: list[re.Match[str]] = []
    for match in _CONNECTIVE.finditer(text):
        start = cuts[-1].end() if cuts else 0
        if _is_whole(text[start : match.start()]):
            cuts.append(match)
    return cuts
