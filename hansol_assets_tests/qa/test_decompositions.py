"""The two questions that one may hold."""

import pytest

from hansol_assets.qa.splitting import decompositions


@pytest.mark.parametrize(
    ("question", "first", "second"),
    [
        ("강마루랑 장판 가격이 궁금해요", "강마루 가격이 궁금해요.", "장판 가격이 궁금해요."),
        ("코르크 바닥의 장점과 단점?", "코르크 바닥의 장점?", "코르크 바닥의 단점?"),
        (
            "주방이랑 욕실 각각 몇 년 써요?",
            "주방 몇 년 써요?",
            "욕실 몇 년 써요?",
        ),
        (
            "장판은 어떻게 깔고 청소는 얼마나 자주 해요?",
            "장판은 어떻게 깔고?",
            "장판은 청소는 얼마나 자주 해요?",
        ),
        (
            "강마루는 왜 들뜨는지, 그리고 어떻게 고치는지 알려줘",
            "강마루는 왜 들뜨는지?",
            "강마루는 어떻게 고치는지 알려줘.",
        ),
        (
            "도배 비용은 얼마예요? 또 기간은 며칠 걸려요?",
            "도배 비용은 얼마예요?",
            "도배 기간은 며칠 걸려요?",
        ),
        (
            "How do I reset it, and when are you open?",
            "How do I reset it?",
            "when are you open?",
        ),
    ],
)
def test_a_question_is_read_as_two(question: str, first: str, second: str) -> None:
    assert (first, second) in [(pair.first, pair.second) for pair in decompositions(question)]


@pytest.mark.parametrize(
    "question",
    [
        "강마루와 장판의 차이가 뭐예요?",
        "강마루랑 장판 중에 뭐가 나아요?",
        "강마루를 장판과 비교하면 어때요?",
        "벽지를 뜯고 다시 발라야 하나요?",
        "결로는 왜 생기나요?",
        "How do I reset it?",
        "가" * 300 + "랑 나 가격",
        "",
    ],
)
def test_one_question_is_left_alone(question: str) -> None:
    assert decompositions(question) == []
