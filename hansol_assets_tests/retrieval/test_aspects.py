"""What is asked of a thing, by what ships with the package."""

import numpy as np
import pytest

from hansol_assets.embedding.retriever import Retriever
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.examples import load_prior

THINGS = ("벽돌집", "온돌마루", "실크벽지", "전기차", "합판", "중고 노트북", "LED 조명")
FORMS = {
    "{}의 장점은 무엇인가요?": "advantage",
    "{} 쓰면 뭐가 좋아요": "advantage",
    "what are the benefits of {}": "advantage",
    "{}의 단점은 무엇인가요?": "drawback",
    "{} 쓰면 뭐가 안좋아요": "drawback",
    "what are the disadvantages of {}": "drawback",
    "{} 가격이 얼마나 하나요?": "price",
    "how much does {} cost": "price",
    "{}란 무엇인가요?": "definition",
    "{} 종류에는 뭐가 있어요": "kinds",
}
MOST_MISTAKEN = 1
"""Of the things, in each form."""


@pytest.fixture(scope="module")
def aspects() -> Aspects:
    return load_prior().aspects


@pytest.mark.parametrize(("form", "aspect"), FORMS.items())
def test_what_is_asked_is_told(aspects: Aspects, e5: Retriever, form: str, aspect: str) -> None:
    found = aspects.probabilities(e5.queries([form.format(thing) for thing in THINGS]))

    assert found.sum(axis=1) == pytest.approx(np.ones(len(THINGS)))
    told = [aspects.names[place] for place in found.argmax(axis=1)]
    assert told.count(aspect) >= len(THINGS) - MOST_MISTAKEN


def test_the_two_sides_of_a_thing_lie_far_apart(aspects: Aspects, e5: Retriever) -> None:
    texts = ["온돌마루의 장점은?", "온돌마루의 단점은?"]
    good, bad = aspects.probabilities(e5.queries(texts))
    advantage, drawback = map(aspects.names.index, ("advantage", "drawback"))

    assert good[advantage] > 3 * good[drawback]
    assert bad[drawback] > 3 * bad[advantage]


def test_aspects_are_learned_from_labelled_vectors() -> None:
    vectors = np.eye(6)[[0, 1, 2, 3, 4, 5]]
    learned = Aspects.fit(vectors, ["price", "price", "cause", "cause", "kinds", "kinds"])

    assert learned.names == ("cause", "kinds", "price")
    found = learned.probabilities(vectors)
    assert found.argmax(axis=1).tolist() == [2, 2, 0, 0, 1, 1]
