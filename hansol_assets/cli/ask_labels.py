"""What the page that asks says, in each of its languages."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Labels:
    """The words of one language; those with a name in braces are filled in."""

    title: str
    question: str
    placeholder: str
    ask: str
    working: str
    answer: str
    confidence: str
    verdicts: Mapping[str, str]
    needs_review: str
    nearest: str
    sources: str
    row: str
    no_sources: str
    enqueue: str
    enqueued: str
    enqueued_before: str
    empty: str
    too_long: str


KOREAN = Labels(
    title="질문과 답변",
    question="질문",
    placeholder="질문을 적고 Enter를 누르세요",
    ask="질문하기",
    working="답변을 만들고 있습니다…",
    answer="답변",
    confidence="맞을 확률",
    verdicts={
        "answered": "표의 행이 답합니다",
        "related": "표에 이 질문이 없어 가까운 행을 보여 줍니다",
        "unanswered": "표에 답이 없습니다",
    },
    needs_review="사람의 검토가 필요합니다",
    nearest="가장 가까운 질문",
    sources="출처",
    row="행",
    no_sources="표에서 인용한 답변이 없습니다.",
    enqueue="이 질문을 검토 목록에 넣기",
    enqueued="검토 목록에 넣었습니다: {path}",
    enqueued_before="이미 검토 목록에 있습니다: {path}",
    empty="질문을 적어 주세요.",
    too_long="질문이 {length}자입니다. {most}자 안으로 줄이거나 나누어 물어 주세요.",
)

ENGLISH = Labels(
    title="Questions and answers",
    question="Question",
    placeholder="Write a question and press Enter",
    ask="Ask",
    working="An answer is being made…",
    answer="Answer",
    confidence="Probability that it is right",
    verdicts={
        "answered": "A row of the table answers it",
        "related": "The table has no such question: the nearest rows are shown",
        "unanswered": "The table does not hold an answer",
    },
    needs_review="A person should review it",
    nearest="Nearest questions",
    sources="Sources",
    row="row",
    no_sources="Nothing of the table is quoted.",
    enqueue="Put this question into the review queue",
    enqueued="It was put into the review queue: {path}",
    enqueued_before="It stands in the review queue already: {path}",
    empty="Write a question.",
    too_long="It has {length} characters: shorten it to {most}, or ask its parts one by one.",
)

DEFAULT_LANGUAGE = "ko"
LABELS = {DEFAULT_LANGUAGE: KOREAN, "en": ENGLISH}
"""Language, as `?lang=` names it → its words."""

LANGUAGE_NAMES = {DEFAULT_LANGUAGE: "한국어", "en": "English"}
