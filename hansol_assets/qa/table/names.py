"""What people call the columns of a question-answer table.

What belongs here: the names that are known, and how spellings of one name are made alike. What does
not: what a header as a whole means (`hansol_assets.qa.table.mapping`).
"""

import re
import unicodedata
from typing import NamedTuple

from hansol_assets.qa.table.repairs import INVISIBLE

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
_PLURALS = {"questions": "question", "answers": "answer", "outputs": "output"}
_PLURALS |= {"responses": "response", "references": "reference", "instructions": "instruction"}
_PARTS = re.compile(r"(?P<word>.*?)(?P<joint>[\s_.\-#]*)(?P<number>\d*)", re.DOTALL)
# "질문 내용" and "question_text" say no more than "질문" and "question".
_CONTENT = re.compile(r"(?<=.)_?(?:내용|text|content)$")
_JOINTS = re.compile(r"[\s_.\-]+")


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
    visible = "".join(
        one
        for one in unicodedata.normalize("NFKC", name)
        if one not in INVISIBLE and one.isprintable()
    )
    return " ".join(visible.split())


def spelling(name: str) -> Spelling:
    """Takes a clean name apart, so that spellings of one name are alike."""
    match = _PARTS.fullmatch(name.casefold())
    word, joint, digits = match.group("word", "joint", "number") if match else (name, "", "")
    word = _CONTENT.sub("", _JOINTS.sub("_", word.strip()))
    return Spelling(_PLURALS.get(word, word), joint, int(digits) if digits else None)
