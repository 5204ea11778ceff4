"""What is seen of a question beside a row."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.fitted import load, save
from hansol_assets.retrieval.features import FEATURES, PairFeatures, TermWeights
from hansol_assets.retrieval.search import RowTexts
from hansol_assets_tests.retrieval.conftest import ANSWERS, QUESTIONS, SIDES, decomposed

ROWS = [RowTexts(QUESTIONS[key], ANSWERS[key]) for key in QUESTIONS]


def beside(features: PairFeatures, question: str, rows: list[RowTexts]) -> dict[str, np.ndarray]:
    (found,) = features.of([question], [rows])
    assert found.shape == (len(rows), len(FEATURES))
    return dict(zip(FEATURES, found.T, strict=True))


def test_a_rows_own_question_is_like_it_in_every_way(features: PairFeatures) -> None:
    seen = beside(features, QUESTIONS["TRAIN_3"][1], ROWS)

    for name in ("question_margin", "likeness_margin"):
        assert seen[name].argmax() == 2, name
    assert seen["question_margin"][2] == pytest.approx(1, abs=1e-3)
    assert seen["asked_terms"][2] == 1
    assert seen["asked_terms"].argmax() == 2


def test_the_nearest_paraphrase_speaks_for_a_row(features: PairFeatures) -> None:
    asked = QUESTIONS["TRAIN_2"][1]
    one = RowTexts(QUESTIONS["TRAIN_2"][:1], ANSWERS["TRAIN_2"])
    both = beside(features, asked, ROWS)["question_margin"][1]
    first = beside(features, asked, [ROWS[0], one, *ROWS[2:]])["question_margin"][1]

    assert both > first


def test_a_margin_is_what_a_row_stands_out_by(features: PairFeatures) -> None:
    seen = beside(features, QUESTIONS["TRAIN_1"][0], ROWS)
    similarity = seen["passage_similarity"]
    # The three nearest stand out; the others are the level of the table.
    level = np.sort(similarity)[:-3].mean()

    assert seen["passage_margin"] == pytest.approx((similarity - level) / (1 - level), abs=1e-4)
    alone = beside(features, QUESTIONS["TRAIN_1"][0], ROWS[1:2])
    assert alone["question_margin"].tolist() == alone["passage_margin"].tolist() == [0]


def test_a_term_is_named_within_a_compound_too(features: PairFeatures) -> None:
    rows = [RowTexts((text,), ("답입니다.",)) for text in ("준불연재료란?", "불연 재료란?", "문짝")]
    terms = beside(features, "불연재료", rows)["asked_terms"]

    assert terms.tolist() == [1, 1, 0]
    assert beside(features, decomposed("불연  재료!"), rows)["asked_terms"].tolist() == [1, 1, 0]


def test_a_paraphrase_that_asks_for_the_other_side_is_outvoted(features: PairFeatures) -> None:
    good, bad = SIDES["advantage"], SIDES["drawback"]
    rows = [RowTexts(texts, ("답입니다.",)) for texts in ((good[0], bad[0]), (bad[0], bad[1]))]
    seen = beside(features, bad[1], rows)

    assert seen["same_aspect"].argmax() == seen["aspect_likeness"].argmax() == 1
    assert seen["not_opposite"].argmin() == 0


def test_the_other_side_of_a_thing_is_known_as_that(features: PairFeatures) -> None:
    rows = [RowTexts((own[0],), ("답입니다.",)) for own in SIDES.values()]
    good, bad, price = (beside(features, own[1], rows) for own in SIDES.values())

    assert good["not_opposite"].argmin() == 1
    assert bad["not_opposite"].argmin() == 0
    assert price["not_opposite"].min() > max(good["not_opposite"].min(), bad["not_opposite"].min())
    for place, own in enumerate((good, bad, price)):
        assert own["same_aspect"].argmax() == own["aspect_likeness"].argmax() == place


def test_a_question_looks_the_same_in_any_company(features: PairFeatures) -> None:
    questions = [own[0] for own in QUESTIONS.values()]
    pools = [ROWS, ROWS[:2], [], ROWS[3:], ROWS]
    together = features.of(questions, pools)

    assert [own.shape for own in together] == [(len(pool), len(FEATURES)) for pool in pools]
    for question, pool, found in zip(questions, pools, together, strict=True):
        (alone,) = features.of([question], [pool])
        assert found == pytest.approx(alone, abs=3e-5)
    assert features.of([], []) == []


def test_a_term_is_telling_where_few_rows_ask_about_it() -> None:
    weights = TermWeights({"벽지": 9, "곰팡이": 1}, rows=10)
    rare, usual = weights.weight("곰팡이"), weights.weight("벽지")

    assert weights.weight("누수") > rare > usual > 0
    both = frozenset({"벽지", "곰팡이"})
    assert weights.share(both, frozenset({"곰팡이"})) == pytest.approx(rare / (rare + usual))
    assert weights.share(both, both | {"누수"}) == pytest.approx(1)
    assert weights.share(both, frozenset()) == weights.share(frozenset(), both) == 0


def test_terms_are_counted_once_a_row(tmp_path: Path) -> None:
    weights = TermWeights.fit([("벽지와 벽지", "벽지는?"), ("벽지의 곰팡이",)])

    assert weights.counts["벽지"] == 2
    assert weights.counts["곰팡이"] == 1
    save(weights, tmp_path)
    assert load(TermWeights, tmp_path) == weights


_terms = st.frozensets(st.sampled_from("가나다라마바사"), max_size=5)


@given(asked=_terms, named=_terms, more=_terms, counts=st.dictionaries(_terms.map(str), st.just(1)))
def test_to_name_more_never_lowers_the_share(
    asked: frozenset[str], named: frozenset[str], more: frozenset[str], counts: dict[str, int]
) -> None:
    weights = TermWeights({"가": 3, "나": 1} | counts, rows=5)

    assert 0 <= weights.share(asked, named) <= weights.share(asked, named | more) <= 1 + 1e-12
