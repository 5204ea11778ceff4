from collections.abc import Sequence

import pytest

from hansol_assets.qa import morphemes
from hansol_assets.qa.morphemes import (
    Reading,
    content_morphemes,
    for_search,
    noun_terms,
    nouns,
    read,
    reading_from,
)
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


class Shelf:
    """A store that counts what it is given."""

    def __init__(self) -> None:
        """Begins empty."""
        self.kept: dict[str, Reading] = {}
        self.given = 0

    def get(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Finds what is kept."""
        return {text: self.kept[text] for text in texts if text in self.kept}

    def read(self, texts: Sequence[str]) -> dict[str, Reading]:
        """Reads all, and keeps them."""
        readings = read(texts)
        self.kept |= readings
        self.given += len(readings)
        return readings


def test_a_store_is_asked_before_a_text_is_read_and_given_what_it_lacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    texts = [f"{number}번 방의 벽지를 바릅니다." for number in range(60)]
    expected, shelf = noun_terms(texts[:50]), Shelf()
    monkeypatch.setattr(morphemes, "_memory", {})
    with reading_from(shelf):
        assert noun_terms(texts[:50]) == expected
        assert shelf.given == 50
        monkeypatch.setattr(morphemes, "_memory", {})
        shelf.kept[texts[0]] = Reading("", "", frozenset({"다른것"}))
        assert noun_terms(texts)[0] == {"다른것"}
        assert noun_terms(texts)[1:50] == expected[1:]
        assert shelf.given == 60
    monkeypatch.setattr(morphemes, "_memory", {})
    assert noun_terms(texts)[0] == expected[0]


def test_memory_holds_a_bounded_number_of_readings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(morphemes, "_memory", {})
    monkeypatch.setattr(morphemes, "_MOST_IN_MEMORY", 5)
    assert len(nouns([f"벽지 {number}" for number in range(9)])) == 9
    assert list(morphemes._memory) == [f"벽지 {number}" for number in range(4, 9)]
