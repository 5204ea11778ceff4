"""When a corpus is held still, and when the models that are fitted on it are fitted anew."""

from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.corpus import drift, held_still

TEXTS = [f"벽지 {place}장을 바릅니다." for place in range(20)]


def corpus(texts: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame({"text": list(texts)})


def test_there_is_none_at_first() -> None:
    assert held_still(None, corpus(TEXTS), (), 0.1)["text"].tolist() == TEXTS


@pytest.mark.parametrize(
    ("now", "stands"),
    [
        (TEXTS, True),
        ([*TEXTS, TEXTS[0]], True),
        ([*TEXTS[:-2], "하나", "둘"], True),
        ([*TEXTS[:-3], "하나", "둘", "셋"], False),
        (TEXTS[:-2], True),
        (TEXTS[:-3], False),
        ([*TEXTS, "하나", "둘"], True),
        ([*TEXTS, "하나", "둘", "셋"], False),
    ],
)
def test_it_stands_until_a_tenth_has_changed(now: Sequence[str], stands: bool) -> None:
    found = held_still(corpus(TEXTS), corpus(now), (), 0.1)
    assert found["text"].tolist() == (TEXTS if stands else list(now))


def test_a_text_that_is_held_out_now_must_not_have_been_seen() -> None:
    held_out = [TEXTS[3], "새 답변"]
    assert held_still(corpus(TEXTS), corpus(TEXTS[4:]), held_out, 1.0)["text"].tolist() == TEXTS[4:]


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_drift_is_a_share_and_the_same_both_ways(one: set[str], other: set[str]) -> None:
    assert 0 <= drift(one, other) == drift(other, one) <= 1
    assert drift(one, one) == 0
    assert (drift(one, other) == 0) == (one == other)
