"""What the page that asks says, in each of its languages.

What belongs here: words. What does not: their place (`hansol_assets.cli.ask_page`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hansol_assets.answering.confidence import REASONS


@dataclass(frozen=True)
class Labels:
    """The words of one language; those with a name in braces are filled in."""

    title: str
    question: str
    placeholder: str
    ask: str
    working: str
    answer: str
    score: str
    needs_review: str
    stands_alone: str
    doubts: str
    reasons: Mapping[str, str]
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
    score="기대 점수",
    needs_review="사람의 검토가 필요합니다",
    stands_alone="검토 없이 써도 됩니다",
    doubts="평소보다 점수가 낮은 까닭",
    reasons={
        "answer_nearness": "예상한 답과 가까운 답변이 표에 없습니다",
        "answer_agreement": "예상한 답과 가까운 행들의 말이 서로 다릅니다",
        "certainty": "이와 비슷한 질문이 표에 적습니다",
        "question_nearness": "가장 가까운 질문도 이 질문과 멉니다",
        "similarity": "답변이 예상한 답과 멉니다",
        "coverage": "물은 것을 답변이 모두 말하지 않습니다",
    },
    sources="출처",
    row="행",
    no_sources="표의 문장을 인용하지 않은 답변입니다.",
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
    score="Expected score",
    needs_review="A person should review it",
    stands_alone="It stands by itself",
    doubts="Why less is expected than usual",
    reasons=REASONS,
    sources="Sources",
    row="row",
    no_sources="This answer quotes no sentence of the table.",
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
