from hansol_assets.qa.morphemes import content_morphemes, for_search, nouns
from hansol_assets_tests.retrieval.conftest import decomposed


def test_endings_and_particles_fall_away() -> None:
    asked, told = content_morphemes(["벽지를 붙였나요?", "벽지가 붙습니다."])

    assert asked.split() == ["벽지", "붙이"]
    assert told.split() == ["벽지", "붙"]


def test_nouns_say_what_a_question_is_about() -> None:
    assert nouns(["실내 습도가 60%를 넘으면 환기해야 하나요?"]) == ["실내 습도 60 환기"]


def test_decomposed_text_has_the_same_morphemes() -> None:
    text = "단열재를 덧대는 까닭"

    assert content_morphemes([decomposed(text)]) == content_morphemes([text])


def test_nothing_has_no_morphemes() -> None:
    assert content_morphemes([]) == []
    assert content_morphemes(["", "?!"]) == ["", ""]


def test_full_width_signs_are_searched_as_plain_ones_and_the_text_stays() -> None:
    text = "ＬＥＤ 조명을 ３０００Ｋ로 바꾸나요？"

    assert content_morphemes([text]) == content_morphemes(["LED 조명을 3000K로 바꾸나요?"])
    assert for_search(text) == "LED 조명을 3000K로 바꾸나요?"
