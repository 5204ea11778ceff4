from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.table.repairs import mend


@pytest.mark.parametrize(
    ("cell", "mended"),
    [
        ('벽지는?"', "벽지는?"),
        ('"벽지는?', "벽지는?"),
        ('"초배"란 무엇인가요?"', '"초배"란 무엇인가요?'),
        ('"초배"란 무엇인가요?', '"초배"란 무엇인가요?'),
        ('높이 3" 걸레받이', '높이 3" 걸레받이'),
        ('"', ""),
        ("\ufeff 타일 \u200b", "타일"),
    ],
)
def test_only_what_is_stray_goes(cell: str, mended: str) -> None:
    assert mend(cell, Counter()) == mended


@given(st.text(alphabet='가ᄀ\u1161 "\u200b\t', max_size=12))
def test_mending_twice_changes_nothing(cell: str) -> None:
    once = mend(cell, Counter())
    repairs: Counter[str] = Counter()

    assert mend(once, repairs) == once
    assert repairs.total() == 0
