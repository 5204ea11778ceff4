"""The kinds in which people join two questions, and the texts that each makes."""

import re
from collections.abc import Iterable
from functools import partial, reduce

from hansol_assets.qa.sentences import ends_a_sentence

AND = "그리고"
ALSO = "또한,"
THEN = "그렇다면"
NONE = "none"
SLASH = "slash"
LINE = "line"

KINDS = (AND, ALSO, "아울러", "더불어", "추가로", THEN, "또", NONE, SLASH, LINE)
"""Connectives by their word, and joining without one: side by side, by a slash, by a line."""

_QUESTION_SEPARATORS = {NONE: " ", SLASH: " / ", LINE: "\n"}
# "Then" supposes that the first has been answered: between two answers it says nothing.
_UNSAID = (THEN, NONE, SLASH, LINE)

_REQUEST = re.compile(
    r"(?:줘|주라|세요|시오|니다|[하논]라|줘요|다오|(?:궁금|부탁|필요)\S*|싶어요?|바람|요망)$"
)


def close_question(text: str) -> str:
    """Strip a question and end it: a request with a full stop, anything else with "?"."""
    bare = text.strip().rstrip(",;").rstrip()
    if not bare or ends_a_sentence(bare):
        return bare
    return bare + ("." if _REQUEST.search(bare) else "?")


def join_questions(first: str, second: str, kind: str) -> str:
    """Put two questions, each closed, together as people do: "…인가요? 그리고 …인가요?"."""
    separator = _QUESTION_SEPARATORS.get(kind, f" {kind} ")
    return f"{close_question(first)}{separator}{close_question(second)}"


def join_answers(first: str, second: str, kind: str) -> str:
    """Put two answers, the first closed, together as their questions are.

    Where one is blank, the other stands alone. A kind that no answer says ("그렇다면", a slash, a
    line) puts the answers side by side.
    """
    bare, second = first.strip(), second.strip()
    if not bare or not second:
        return bare or second
    closed = bare if ends_a_sentence(bare) else f"{bare}."
    said = f" {kind} " if kind in KINDS and kind not in _UNSAID else " "
    return f"{closed}{said}{second}"


def join_all(answers: Iterable[str], kind: str) -> str:
    """Put the answers to all parts of a question together, at least one; see `join_answers`."""
    return reduce(partial(join_answers, kind=kind), answers)
