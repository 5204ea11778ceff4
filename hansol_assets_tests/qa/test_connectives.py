import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.connectives import (
    KINDS,
    LINE,
    NONE,
    SLASH,
    THEN,
    close_question,
    join_answers,
    join_questions,
)


@pytest.mark.parametrize(
    ("kind", "joined"),
    [
        ("또한,", "합판은 왜 휘나요? 또한, 줄눈을 설명해줘."),
        ("아울러", "합판은 왜 휘나요? 아울러 줄눈을 설명해줘."),
        (NONE, "합판은 왜 휘나요? 줄눈을 설명해줘."),
        (SLASH, "합판은 왜 휘나요? / 줄눈을 설명해줘."),
        (LINE, "합판은 왜 휘나요?\n줄눈을 설명해줘."),
    ],
)
def test_questions_are_joined_as_people_do(kind: str, joined: str) -> None:
    assert join_questions("합판은 왜 휘나요", "줄눈을 설명해줘", kind) == joined


@pytest.mark.parametrize(
    ("first", "second", "kind", "joined"),
    [
        ("휩니다", "틈을 메웁니다.", "그리고", "휩니다. 그리고 틈을 메웁니다."),
        ("휩니다！", "1) 말림 2) 메움", "또한,", "휩니다！ 또한, 1) 말림 2) 메움"),
        ("(물기로 휩니다.)", "메움", THEN, "(물기로 휩니다.) 메움"),
        ("휩니다.", "메웁니다 :)", NONE, "휩니다. 메웁니다 :)"),
        ("휩니다.", "메웁니다.", "relation", "휩니다. 메웁니다."),
        (" ", " 메웁니다. ", "그리고", "메웁니다."),
        ("휨", "", "그리고", "휨"),
    ],
)
def test_answers_are_joined_as_their_questions(
    first: str, second: str, kind: str, joined: str
) -> None:
    assert join_answers(first, second, kind) == joined


@given(first=st.text(max_size=30), second=st.text(max_size=30), kind=st.sampled_from(KINDS))
def test_nothing_of_an_answer_is_lost(first: str, second: str, kind: str) -> None:
    joined = join_answers(first, second, kind)

    assert joined.startswith(first.strip())
    assert joined.endswith(second.strip())


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        (" 합판은 왜 휘나요 ", "합판은 왜 휘나요?"),
        ("합판을 설명해줘", "합판을 설명해줘."),
        ("합판을 알고 싶습니다", "합판을 알고 싶습니다."),
        ("합판은 왜 휘나요,", "합판은 왜 휘나요?"),
        ("합판이란?", "합판이란?"),
        ("합판이 궁금해요", "합판이 궁금해요."),
        ("합판은 왜 휘나요？", "합판은 왜 휘나요？"),
        ("", ""),
    ],
)
def test_closing(text: str, closed: str) -> None:
    assert close_question(text) == closed
