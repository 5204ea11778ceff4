import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.sentences import excerpts, is_finished


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
