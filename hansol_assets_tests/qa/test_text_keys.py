import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.text_lists import TextLists, comparison_keys, normalise

# Signs that fold to two, to one of another plane, or to none; letters of two planes; no letters.
HARD = "aA_ß ﬁİſ가힣ힰ·１Ⅷꭰ𐐀😀\0\uffff"


def keys_of(texts: list[str]) -> list[int]:
    return comparison_keys(TextLists.of(pd.Series([texts], dtype=object))).tolist()


@given(
    texts=st.lists(
        st.text(max_size=6) | st.text(st.sampled_from(HARD), max_size=6), min_size=1, max_size=8
    ),
    changes=st.lists(st.sampled_from([str.upper, str.lower, str.split]), min_size=8, max_size=8),
)
def test_texts_share_a_key_where_they_are_the_same_when_normalised(
    texts: list[str], changes: list
) -> None:
    texts += ["! ".join(change(text)) for text, change in zip(texts, changes, strict=False)]
    plain = [normalise(text) for text in texts]

    keys = keys_of(texts)

    assert len(set(zip(plain, keys, strict=True))) == len(set(plain)) == len(set(keys))


def test_a_text_has_the_same_key_in_any_company() -> None:
    texts = ["벽지 1", "ﬁlm", "?!", "", "😀", "STRASSE"]
    many = [f"자재 {number}번" for number in range(20_000)] + texts

    assert keys_of(many)[-len(texts) :] == [keys_of([text])[0] for text in texts]
    assert keys_of(["straße"]) == keys_of(["STRASSE"])
    assert keys_of(["?!"]) != keys_of(["!?"])
