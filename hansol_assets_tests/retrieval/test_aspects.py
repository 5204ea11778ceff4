"""What is asked of a thing, by what ships with the package."""

import numpy as np
import pytest

from hansol_assets.embedding.cached import Retriever
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval.aspects import Aspects
from hansol_assets.retrieval.examples import load_prior
from hansol_assets_tests.retrieval.conftest import both

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
    "{} 쓸 때 주의할 점은 뭔가요": "caution",
    "what is {} made of": "material",
}
MOST_MISTAKEN = 1
"""Of the things, in each form."""


@pytest.fixture(scope="module")
def aspects() -> Aspects:
    return load_prior().aspects


@pytest.mark.parametrize(("form", "aspect"), FORMS.items())
def test_what_is_asked_is_told(
    aspects: Aspects, e5: Retriever, embedder: MuseEmbedder, form: str, aspect: str
) -> None:
    found = aspects.probabilities(*both(e5, embedder, [form.format(thing) for thing in THINGS]))

    assert found.sum(axis=1) == pytest.approx(np.ones(len(THINGS)))
    told = [aspects.names[place] for place in found.argmax(axis=1)]
    assert told.count(aspect) >= len(THINGS) - MOST_MISTAKEN


def test_the_two_sides_of_a_thing_lie_far_apart(
    aspects: Aspects, e5: Retriever, embedder: MuseEmbedder
) -> None:
    texts = ["온돌마루의 장점은?", "온돌마루의 단점은?"]
    good, bad = aspects.probabilities(*both(e5, embedder, texts))
    advantage, drawback = map(aspects.names.index, ("advantage", "drawback"))

    assert good[advantage] > 3 * good[drawback]
    assert bad[drawback] > 3 * bad[advantage]


@pytest.mark.parametrize("tells", [0, 1])
def test_aspects_are_learned_from_either_vectors(tells: int) -> None:
    vectors = [np.zeros((6, 1)), np.zeros((6, 1))]
    vectors[tells] = np.eye(6)
    learned = Aspects.fit(*vectors, ["price", "price", "cause", "cause", "kinds", "kinds"])

    assert learned.names == ("cause", "kinds", "price")
    found = learned.probabilities(*vectors)
    assert found.argmax(axis=1).tolist() == [2, 2, 0, 0, 1, 1]
