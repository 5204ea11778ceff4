from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.seeded_draws import choose, deal, deal_by_name, digest, draw, spread_pairs

NAMES = st.lists(st.text(max_size=3), unique=True, max_size=8)


def test_digest_keeps_parts_apart() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest(1, "a") == digest("1", "a")


def test_choices_depend_on_the_name_of_the_draw() -> None:
    chosen = {choose("가나다라", 7, "draw", number) for number in range(40)}

    assert chosen == set("가나다라")
    assert choose("가나다라", 7, "draw", 1) == choose("가나다라", 7, "draw", 1)


@given(names=NAMES, count=st.integers(0, 9))
def test_a_draw_keeps_the_order_and_one_more_name_displaces_one_at_most(
    names: list[str], count: int
) -> None:
    places = draw(names, count, "seed")

    assert places == sorted(places)
    assert len(places) == min(count, len(names))
    drawn = {names[place] for place in places}
    among_more = {([*names, "????"])[place] for place in draw([*names, "????"], count, "seed")}
    assert len(drawn - among_more) <= 1


def test_a_draw_depends_on_its_name_and_may_take_all() -> None:
    names = [str(number) for number in range(40)]

    assert draw(names, 5, 1) == draw(names, 5, 1) != draw(names, 5, 2)
    assert draw(names, None, 1) == list(range(40))


@given(names=NAMES)
def test_every_ordered_pair_comes_once(names: list[str]) -> None:
    pairs = list(spread_pairs(names, str, "draw"))

    assert len(pairs) == len(set(pairs)) == len(names) * max(0, len(names) - 1)
    assert all(first != second for first, second in pairs)
    assert pairs == list(spread_pairs(names[::-1], str, "draw"))


@given(names=NAMES, count=st.integers(0, 60))
def test_names_are_used_equally_often_at_any_moment(names: list[str], count: int) -> None:
    pairs = list(spread_pairs(names, str, "draw"))[:count]
    uses = Counter(name for pair in pairs for name in pair)

    assert max(uses.values(), default=0) - min((uses[name] for name in names), default=0) <= 2


@given(count=st.integers(0, 50), weight=st.floats(0, 1))
def test_every_beginning_holds_the_proportions(count: int, weight: float) -> None:
    dealt = deal(count, {"a": weight, "b": 1 - weight})

    assert len(dealt) == count
    for end in range(count + 1):
        assert abs(dealt[:end].count("a") - weight * end) <= 1


def test_a_weight_of_zero_is_never_dealt() -> None:
    assert set(deal(20, {"a": 0.0, "b": 3.0})) == {"b"}


def test_weights_need_not_sum_to_one() -> None:
    assert Counter(deal(40, {"a": 3.0, "b": 1.0})) == pytest.approx({"a": 30, "b": 10})


@given(names=NAMES, weight=st.floats(0, 1))
def test_a_name_keeps_what_it_was_dealt_when_others_come(names: list[str], weight: float) -> None:
    weights = {"a": weight, "b": 1 - weight}
    dealt = dict(zip(names, deal_by_name(names, weights), strict=True))
    among_more = dict(zip([*names, "????"], deal_by_name([*names, "????"], weights), strict=True))

    assert Counter(dealt.values()) == Counter(deal(len(names), weights))
    assert sum(among_more[name] != kind for name, kind in dealt.items()) <= 1
