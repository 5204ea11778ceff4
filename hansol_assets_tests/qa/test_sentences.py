import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.sentences import (
    ends_a_sentence,
    ends_as_a_note,
    excerpts,
    has_final_ending,
    has_repeated_sentence,
    is_finished,
    latin_runs,
    split_sentences,
)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("닦습니다. 말립니다.", ["닦습니다.", "말립니다."]),
        ("두께는 3.5mm입니다. 폭은 1.06 m예요!", ["두께는 3.5mm입니다.", "폭은 1.06 m예요!"]),
        ("1. 닦습니다. 2. 말립니다.", ["1. 닦습니다.", "2. 말립니다."]),
        ("가. 준비합니다. 나. 바릅니다.", ["가. 준비합니다.", "나. 바릅니다."]),
        ("닦습니다.말립니다.2. 칠합니다.", ["닦습니다.", "말립니다.", "2. 칠합니다."]),
        ("닦나요? 네, 닦습니다", ["닦나요?", "네, 닦습니다"]),
        ('"닦습니다." 하고 말했습니다.', ['"닦습니다."', "하고 말했습니다."]),
        ("KS 규격 No. 5를 봅니다. 끝입니다.", ["KS 규격 No. 5를 봅니다.", "끝입니다."]),
        ("www.example.com을 봅니다.", ["www.example.com을 봅니다."]),
        ("  ", []),
        ("", []),
    ],
)
def test_sentence_boundaries(text: str, sentences: list[str]) -> None:
    assert split_sentences(text) == sentences


@given(st.text(alphabet="다요가 .?!1\"')", max_size=40))
def test_splitting_loses_only_spaces(text: str) -> None:
    assert "".join("".join(split_sentences(text)).split()) == "".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "닦습니다.",
        "닦나요?",
        "닦으세요!",
        "(말린 뒤 닦습니다.)",
        "정리 정돈. ",
        "닦습니다！",
        "닦나요？）",
    ],
)
def test_finished(text: str) -> None:
    assert is_finished(text)


@pytest.mark.parametrize(
    "text",
    ["", "닦습니다", "닦습니다. 2.", "다음과 같습니다: 1.", "벽지를.", "있습.", "닦고…", "닦고..."],
)
def test_unfinished(text: str) -> None:
    assert not is_finished(text)


@pytest.mark.parametrize(
    "text",
    [
        "닦습니다",
        "닦아요",
        "이것이 벽지예요",
        "닦는다",
        "그렇죠",
        "좋지요",
        "닦습니다(천으로)",
        "닦아요 ^^",
    ],
)
def test_final_endings(text: str) -> None:
    assert has_final_ending(text)


@pytest.mark.parametrize(
    "text",
    ["합지벽지보다", "벽마다", "바다", "환기가 필요", "매우 중요", "층간 소음", "벽지를", "다", ""],
)
def test_words_that_only_look_like_an_ending(text: str) -> None:
    assert not has_final_ending(text)


@pytest.mark.parametrize(
    ("text", "repeated"),
    [
        ("닦습니다. 말립니다.", False),
        ("닦습니다. 말립니다. 닦습니다.", True),
        ("천으로 닦습니다. 천 으로  닦습니다!", True),
        ("천으로 닦습니다. 또한, 천으로 닦습니다.", True),
        ("", False),
    ],
)
def test_repeated_sentences(text: str, repeated: bool) -> None:
    assert has_repeated_sentence(text) is repeated


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("닦습니다.", True),
        ("닦나요？", True),
        ("닦음…", True),
        ("(닦음.)", True),
        ("닦습니다", False),
    ],
)
def test_signs_end_a_sentence(text: str, ends: bool) -> None:
    assert ends_a_sentence(text) is ends


@pytest.mark.parametrize(
    ("text", "is_note"),
    [
        ("재시공이 필요함", True),
        ("습기를 먹음", True),
        ("층간 소음", False),
        ("벽지", False),
        ("", False),
    ],
)
def test_notes_end_in_a_verb_made_a_noun(text: str, is_note: bool) -> None:
    assert ends_as_a_note(text) is is_note


def test_latin_runs_are_drifts_not_names() -> None:
    drift = "the wall should be dried before you start painting"

    assert latin_runs(f"먼저 {drift} 합니다.") == [drift]
    assert latin_runs("MSDS(Material Safety Data Sheet)를 봅니다.") == []
    assert latin_runs("MDF, PB, OSB, HDF, LVL, CLT 판을 씁니다.") == ["MDF, PB, OSB, HDF, LVL, CLT"]


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (
            "들뜬 벽지는 풀로 다시 붙입니다. 이는 습기 때문입니다.",
            ["들뜬 벽지는 풀로 다시 붙입니다."],
        ),
        ("또한, 마루는 젖은 걸레로 닦지 않습니다.", ["마루는 젖은 걸레로 닦지 않습니다."]),
        ("둘째로는 줄눈을 솔로 문질러 닦습니다.", ["줄눈을 솔로 문질러 닦습니다."]),
        ("방문은 왜 뒤틀리는 것일까요? 습기가 차면 나무가 붑니다.", ["습기가 차면 나무가 붑니다."]),
        (
            "1. 풀을 충분히 개어 둡니다. 벽지를 넉넉하게 재단합니다.",
            ["벽지를 넉넉하게 재단합니다."],
        ),
        ("붙입니다. 장판은 본드로 바닥에 붙입니다", ["장판은 본드로 바닥에 붙입니다."]),
        ("타일을 벽에 붙이고 나서 줄눈을", []),
        ("", []),
    ],
)
def test_only_sentences_that_stand_alone_are_kept(answer: str, kept: list[str]) -> None:
    assert [excerpt.text for excerpt in excerpts(answer)] == kept


def test_an_excerpt_knows_its_place() -> None:
    found = excerpts("창틀의 물기를 닦아 냅니다. 이것은 중요합니다. 하루 두 번 창을 엽니다.")

    assert [excerpt.position for excerpt in found] == [0, 2]


@given(st.lists(st.sampled_from(["벽지를 바릅니다.", "또한 ", "이는 ", "1. ", "창을 엽니다", " "])))
def test_what_is_kept_is_finished_and_keeps_nothing_twice(pieces: list[str]) -> None:
    for excerpt in excerpts(" ".join(pieces)):
        assert is_finished(excerpt.text)
        assert [again.text for again in excerpts(excerpt.text)] == [excerpt.text]
