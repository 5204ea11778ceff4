"""What people call the columns of a question-answer table, and names that belong together."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import NamedTuple

QUESTION_WORDS = (
    "질문", "question", "instruction", "prompt", "user", "query", "q", "문의", "물음", "질의",
)  # fmt: skip
ANSWER_WORDS = (
    "답변", "answer", "output", "completion", "assistant", "response", "a", "chosen", "reply",
    "응답", "답", "정답", "reference",
)  # fmt: skip
PAIRED_WORDS = {
    "질문": ("답변", "답", "응답", "정답"),
    "question": ("answer", "response", "reference", "reply"),
    "instruction": ("output", "response"),
    "prompt": ("completion", "response", "chosen"),
    "user": ("assistant",),
    "query": ("response", "answer", "reply"),
    "input": ("output", "response", "target", "label", "answer"),
    "입력": ("출력",),
    "source": ("target",),
    "q": ("a",),
    "문의": ("답변", "응답", "답"),
    "물음": ("답", "답변"),
    "질의": ("응답", "답변"),
}
"""Words for a question → words for an answer that go with them."""
INPUT_WORDS = ("input", "입력")
"""What follows an instruction and belongs to it."""
ID_WORDS = ("id", "qid", "_id", "question_id", "아이디", "식별자", "uid", "uuid")
CATEGORY_WORDS = ("category", "카테고리", "분류")
SECOND_QUESTION_WORDS = ("input", "입력", "source")
SECOND_ANSWER_WORDS = ("target", "출력", "label")
"""Words that mean so only where no better one stands in the header."""
TEST_QUESTION_WORDS = ("text", "sentence", "문장", "내용", "content", "utterance", "발화")
"""Words that mean a question only in a file of questions."""

_WORDS = frozenset((*QUESTION_WORDS, *ANSWER_WORDS, *CATEGORY_WORDS, *ID_WORDS))
_PLURALS = {
    f"{word}s": word
    for word in ("question", "answer", "output", "response", "reference", "instruction")
}
_PARTS = re.compile(r"(?P<word>.*?)(?P<joint>[\s_.\-#]*)(?P<number>\d*)", re.DOTALL)
# "질문 내용" and "question_text" say no more than "질문" and "question".
_CONTENT = re.compile(r"(?<=.)_?(?:내용|사항|본문|text|content)$")
_AROUND = " []{}<>「」『』【】〈〉《》\"'“”‘’:*·•#"
_NUMBER_IN_BRACKETS = re.compile(r"[(\[](\d+)[)\]]$")
# "질문(Question)", "질문 / question", "질문 (필수)".
_SAID_TWICE = re.compile(r"(?P<first>.+?)\s*[(/|]\s*(?P<second>[^()/|]+?)\)?")
_REMARKS = frozenset({"필수", "required"})
_NUMBERING = re.compile(
    r"(?:(?:일련|접수|문의|질문|문항|문서|관리|티켓|상담|요청|사건|항목|글|행) ?)?번호|순번|연번"
    r"|(?:(?:ticket|case|faq|question|row|item|record|document|request)[\s_-]*)?"
    r"(?:no|num|number|id|seq|index|idx)|ticket|case"
)
_AROUND_NUMBER = " .#()[]:_-"
_JOINTS = re.compile(r"[\s_.\-]+")
_PANDAS_JOINT = "."
_TRAILING_NUMBER = re.compile(r"\d+$")
_ALIKE = 0.5
_MISSPELT = 0.75


class Spelling(NamedTuple):
    """A column's name, taken apart: lower case and singular word, what joins it, its number."""

    word: str
    joint: str
    number: int | None


class Family(NamedTuple):
    """Columns that belong together ("답변_1", "답변_2"), in the order of their numbers.

    The word is what they are known by; it is empty where the settings name them.
    """

    word: str
    names: tuple[str, ...]


def clean_name(name: str) -> str:
    """A column's name as it is shown: NFKC, without invisible characters and outer spaces."""
    visible = unicodedata.normalize("NFKC", name)
    if not visible.isprintable():
        visible = "".join(filter(str.isprintable, visible))
    return " ".join(visible.split())


def is_numbering(name: str) -> bool:
    """Whether a column says by its name that it numbers the rows: "번호", "No.", "Ticket #"."""
    return bool(_NUMBERING.fullmatch(name.casefold().strip(_AROUND_NUMBER)))


def is_plural(name: str) -> bool:
    """Whether a column says by its name that a cell may hold several texts: "answers"."""
    return name.casefold() in _PLURALS


def is_known_header(names: Sequence[str], words: Sequence[str]) -> bool:
    """Whether one of some names is known, or of some words; a letter only beside its partner."""
    known = {*QUESTION_WORDS, *ANSWER_WORDS, *words} - {"q", "a"}
    spelt = {spelling(name).word for name in names}
    return bool(known & spelt) or any(
        word in spelt and not spelt.isdisjoint(PAIRED_WORDS[word])
        for word in ("q", *SECOND_QUESTION_WORDS)
    )


def closest(name: str, candidates: Sequence[str]) -> str | None:
    """The most similar candidate, the first of equals; None where none is half alike."""
    best = max(candidates, key=lambda candidate: similarity(name, candidate), default=None)
    return best if best is not None and similarity(name, best) >= _ALIKE else None


def is_misspelt(name: str, meant: str) -> bool:
    """Whether a name is another with a slip of the pen, as "categry"; "sub_category" says more."""
    return abs(len(name) - len(meant)) <= 1 and similarity(name, meant) >= _MISSPELT


def similarity(first: str, second: str) -> float:
    """Ratcliff-Obershelp similarity of two names, 0 to 1; letters' case does not count."""
    return SequenceMatcher(None, first.casefold(), second.casefold()).ratio()


def spelling(name: str) -> Spelling:
    """Takes a clean name apart, so that spellings of one name are alike."""
    bare = _without_marks(_NUMBER_IN_BRACKETS.sub(r" \1", name.casefold()))
    twice = _SAID_TWICE.fullmatch(bare)
    if twice is None:
        return _taken_apart(bare)
    # Of a name in two languages, or with a remark, the first counts.
    first, second = (_taken_apart(_without_marks(twice[part])) for part in ("first", "second"))
    is_same = second.word in _REMARKS or (first.word in _WORDS and second.word in _WORDS)
    return first if is_same else _taken_apart(bare)


def _taken_apart(name: str) -> Spelling:
    match = _PARTS.fullmatch(name)
    word, joint, digits = match.group("word", "joint", "number") if match else (name, "", "")
    word = _CONTENT.sub("", _JOINTS.sub("_", word.strip()))
    return Spelling(_PLURALS.get(word, word), joint, int(digits) if digits else None)


def _without_marks(name: str) -> str:
    """A name without the signs that people put around one: "[질문]", "답변:", "(답변)"."""
    bare = name.strip(_AROUND)
    return bare[1:-1].strip(_AROUND) if bare.startswith("(") and bare.endswith(")") else bare


def question_families(names: Sequence[str]) -> list[Family]:
    """The families that may hold questions, by the best words that stand in the header."""
    return families(names, QUESTION_WORDS) or families(names, SECOND_QUESTION_WORDS)


def answer_families(names: Sequence[str]) -> list[Family]:
    """The families that may hold answers, by the best words that stand in the header."""
    return families(names, ANSWER_WORDS) or families(names, SECOND_ANSWER_WORDS)


def families(names: Sequence[str], words: Sequence[str]) -> list[Family]:
    """Finds the families of some words, in the order of the words.

    A name without a number and names with numbers are families apart, but for a name that stands
    for the first of them ("답변", "답변2"; "답변", "답변.1" as pandas writes). Of numbered names,
    those that are written as most of them are taken.
    """
    result = []
    for word in words:
        parts_of = {name: spelling(name) for name in names if spelling(name).word == word}
        plain = [name for name, parts in parts_of.items() if parts.number is None]
        numbers = {name: parts.number or 0 for name, parts in parts_of.items() if name not in plain}
        if not numbers:
            result += [Family(word, (name,)) for name in plain]
            continue
        joints = Counter(parts_of[name].joint for name in numbers)
        usual = joints.most_common(1)[0][0]
        alike = sorted((n for n in numbers if parts_of[n].joint == usual), key=numbers.__getitem__)
        if len(plain) == 1 and (usual == _PANDAS_JOINT or numbers[alike[0]] == 2):
            alike, plain = [*plain, *alike], []
        result += [Family(word, (name,)) for name in plain]
        result.append(Family(word, tuple(alike)))
    return result


def numbers_apart(family: Family, names: Sequence[str]) -> list[tuple[str, str]]:
    """Other columns of a family that are written otherwise, each with the name that is meant.

    "답변3" beside "답변_1" and "답변_2" is one; where all are written so, none is.
    """
    if not family.names or not family.word:
        return []
    return [
        (name, _renumbered(family.names[-1], parts.number))
        for name in names
        for parts in [spelling(name)]
        if parts.word == family.word and parts.number is not None and name not in family.names
    ]


def unused_names(family: Family, name: str) -> list[str]:
    """The names of a family that a column may have been meant to have, by its number or a gap."""
    numbers = [parts.number for parts in map(spelling, family.names) if parts.number is not None]
    if not numbers or not family.word:
        return []
    number = spelling(name).number
    candidates = [*([number] if number is not None else []), *range(1, max(numbers))]
    return [
        _renumbered(family.names[-1], candidate)
        for candidate in dict.fromkeys(candidates)
        if candidate not in numbers
    ]


def _renumbered(name: str, number: int | None) -> str:
    return _TRAILING_NUMBER.sub(str(number), name)
