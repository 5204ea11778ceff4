from pathlib import Path

import pytest

from hansol_assets.embedding.fitted import load, save
from hansol_assets.errors import OutdatedResultError
from hansol_assets.qa.morphemes import noun_terms
from hansol_assets.scoring.topics import Topics

QUESTIONS = [["시멘트사이딩의 장점은?"], ["원목사이딩의 장점은?"], ["비닐사이딩의 장점은?"]] + [
    [f"{thing}의 장점은?"] for thing in ("장판", "타일", "벽지", "단열재", "도어", "창호") * 20
]


@pytest.fixture(scope="module")
def topics() -> Topics:
    return Topics.fit(QUESTIONS)


def terms(text: str) -> frozenset[str]:
    return noun_terms([text])[0]


def test_compounds_are_terms_however_they_are_spaced() -> None:
    assert "원목사이딩" in terms("원목사이딩의 장점") & terms("원목 사이딩은 나무입니다.")


def test_what_few_ask_about_weighs_more(topics: Topics) -> None:
    assert topics.weight("원목사이딩") > topics.weight("장판") > topics.weight("장점")


def test_naming_the_thing_covers_more_than_naming_the_aspect(topics: Topics) -> None:
    asked = terms("원목사이딩의 장점은 무엇인가요?")

    assert topics.asked(asked).coverage(terms("원목사이딩은 튼튼합니다.")) > 0.5
    assert topics.asked(asked).coverage(terms("장점이 많습니다.")) < 0.2
    assert topics.asked(asked).coverage(asked) == pytest.approx(1)
    assert topics.asked(frozenset()).coverage(asked) == 0


def test_another_rows_thing_is_unrelated_and_the_asked_one_is_not(topics: Topics) -> None:
    asked, source = terms("원목사이딩의 장점은?"), terms("시멘트사이딩의 장점은?")

    assert topics.asked(asked).unrelated(terms("시멘트사이딩은 저렴합니다."), source) > 0.3
    assert topics.asked(asked).unrelated(terms("원목사이딩은 저렴합니다."), source) == 0
    assert topics.asked(source).unrelated(terms("시멘트사이딩은 저렴합니다."), source) == 0


def test_what_names_nothing_speaks_of_what_its_own_row_was_asked(topics: Topics) -> None:
    asked, source = terms("원목사이딩의 장점은?"), terms("시멘트사이딩의 장점은?")
    unnamed = terms("저렴한 점이 장점입니다.")

    assert topics.asked(asked).unrelated(unnamed, source) > 0.3
    assert topics.asked(asked).unrelated(unnamed, asked) == 0
    assert topics.asked(asked).unrelated(unnamed, asked | source) == 0


def test_the_opposite_alone_is_unrelated(topics: Topics) -> None:
    asked = terms("장판의 장점은?")

    assert topics.asked(asked).unrelated(terms("장판의 단점은 찍힘입니다."), asked) > 0
    assert topics.asked(asked).unrelated(terms("장판은 장점과 단점이 있습니다."), asked) == 0


def test_counts_are_kept(topics: Topics, tmp_path: Path) -> None:
    save(topics, tmp_path)

    assert load(Topics, tmp_path).weight("장판") == topics.weight("장판")


def test_what_another_release_wrote_is_to_be_made_anew(tmp_path: Path) -> None:
    with pytest.raises(OutdatedResultError, match="hansol refresh"):
        load(Topics, tmp_path)
