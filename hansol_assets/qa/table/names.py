"""What people call the columns of a question-answer table.

What belongs here: the names that are known, and how spellings of one name are made alike. What does
not: what a header as a whole means (`hansol_assets.qa.table.mapping`).
"""

import re
import unicodedata
from typing import NamedTuple

QUESTION_WORDS = (
    "질문",
    "question",
    "instruction",
    "prompt",
    "user",
    "query",
    "q",
    "문의",
    "물음",
    "질의",
)
ANSWER_WORDS = (
    "답변",
    "answer",
    "output",
    "completion",
    "assistant",
    "response",
    "a",
    "chosen",
    "reply",
    "응답",
    "답",
    "정답",
    "reference",
)
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

CATEGORY_NAME = "category"
SECOND_QUESTION_WORDS = ("input", "입력", "source")
SECOND_ANSWER_WORDS = ("target", "출력", "label")
"""Words that mean so only where no better one stands in the header."""
TEST_QUESTION_WORDS = ("text", "sentence", "문장", "내용", "content", "utterance", "발화")
"""Words that mean a question only in a file of questions."""
_PLURALS = {"questions": "question", "answers": "answer", "outputs": "output"}
_PLURALS |= {"responses": "response", "references": "reference", "instructions": "instruction"}
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


_WORDS = frozenset((*QUESTION_WORDS, *ANSWER_WORDS, *CATEGORY_WORDS, *ID_WORDS))


class Spelling(NamedTuple):
    """A column's name, taken apart.

    Attributes:
        word: The name without its number, in lower case, in the singular.
        joint: What stands between word and number ("_", " ", "" …).
        number: Its number; None where it has none.
    """

    word: str
    joint: str
    number: int | None


def clean_name(name: str) -> str:
    """A column's name as it is shown: NFKC, without invisible characters and outer spaces.

    Full-width letters and digits become plain ones, so that "질문＿１" is "질문_1".
    """
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


def spelling(name: str) -> Spelling:
    """Takes a clean name apart, so that spellings of one name are alike."""
    return _said_once(_without_marks(_NUMBER_IN_BRACKETS.sub(r" \1", name.casefold())))


def _said_once(name: str) -> Spelling:
    """The spelling of a name; of one said in two languages, or with a remark, the first."""
    twice = _SAID_TWICE.fullmatch(name)
    if twice is None:
        return _taken_apart(name)
    first, second = (_taken_apart(_without_marks(twice[part])) for part in ("first", "second"))
    is_same = second.word in _REMARKS or (first.word in _WORDS and second.word in _WORDS)
    return first if is_same else _taken_apart(name)


def _taken_apart(name: str) -> Spelling:
    match = _PARTS.fullmatch(name)
    word, joint, digits = match.group("word", "joint", "number") if match else (name, "", "")
    word = _CONTENT.sub("", _JOINTS.sub("_", word.strip()))
    return Spelling(_PLURALS.get(word, word), joint, int(digits) if digits else None)


def _without_marks(name: str) -> str:
    """A name without the signs that people put around one: "[질문]", "답변:", "(답변)"."""
    bare = name.strip(_AROUND)
    return bare[1:-1].strip(_AROUND) if bare.startswith("(") and bare.endswith(")") else bare
