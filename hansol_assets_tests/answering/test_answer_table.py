import pytest

from hansol_assets.answering.answer_table import joined_texts

QUESTION = "합판은 왜 휘나요? 그리고 젖은 마루는 어떤 순서로 고치나요?"


@pytest.mark.parametrize(
    "second",
    [
        "1) 바닥 건조 2) 마루 교체 3) 걸레받이 마감",
        "습기를 먹어 부풂",
        "바닥을 말린 뒤 교체합니다！",
        "교체하면 됩니다 :)",
        "바닥 건조 후",
    ],
)
def test_a_part_that_ends_without_a_sentence_is_kept(second: str) -> None:
    first = "합판은 물기를 먹어서 휩니다."

    assert joined_texts(QUESTION, [first, second]) == f"{first} 그리고 {second}"


def test_a_sentence_that_two_parts_share_is_kept_once() -> None:
    texts = ["합판은 휩니다. 말립니다.", "말립니다. 마루를 바꿈"]

    assert joined_texts(QUESTION, texts) == "합판은 휩니다. 말립니다. 마루를 바꿈"


@pytest.mark.parametrize(
    ("question", "joined"),
    [
        ("합판은 왜 휘나요? 또한, 무늬목은 무엇인가요?", "휩니다. 또한, 나무입니다."),
        ("합판은 왜 휘나요? 무늬목은 무엇인가요?", "휩니다. 나무입니다."),
        ("합판은 왜 휘나요와 무늬목은 무엇인가요의 관계는 무엇인가요?", "휩니다. 나무입니다."),
    ],
)
def test_texts_are_joined_as_their_question_is(question: str, joined: str) -> None:
    assert joined_texts(question, ["휩니다", "나무입니다."]) == joined


def test_a_single_text_is_left_as_it_is() -> None:
    assert joined_texts("합판은 왜 휘나요?", ["물기를  먹음"]) == "물기를  먹음"
