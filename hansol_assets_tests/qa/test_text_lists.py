import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.qa.text_lists import TextLists, comparison_keys, normalise
from hansol_assets_tests.qa.rows import arrow_backed

SCHEMA = pa.schema({"texts": pa.list_(pa.string())})

LISTS = st.lists(st.lists(st.sampled_from(["벽지", "a", "", "𠮷野"]), max_size=3), max_size=9)


def both(lists: list[list[str]], chunk: int) -> list[TextLists]:
    plain = pd.DataFrame({"texts": pd.Series(lists, dtype=object)})
    return [TextLists.of(frame["texts"]) for frame in (plain, arrow_backed(plain, chunk, SCHEMA))]


@given(lists=LISTS, chunk=st.integers(1, 4), data=st.data())
def test_texts_are_found_in_either_form(
    lists: list[list[str]], chunk: int, data: st.DataObject
) -> None:
    flat = [text for own in lists for text in own]
    most = 20 if flat else 0
    places = data.draw(st.lists(st.integers(0, max(len(flat) - 1, 0)), max_size=most))

    for texts in both(lists, chunk):
        assert [texts.list_at(row) for row in range(len(texts))] == lists
        assert texts.take(np.array(places, np.int64)).to_pylist() == [flat[one] for one in places]
        assert texts.lengths.tolist() == list(map(len, lists))
        assert texts.rows.tolist() == [row for row, own in enumerate(lists) for _ in own]
        assert texts.sizes.tolist() == [len("".join(own).encode()) for own in lists]


def test_a_part_of_a_table_has_its_own_texts_alone() -> None:
    frame = arrow_backed(pd.DataFrame({"texts": [["a"], ["b", "c"], ["d"]]}), 3)

    texts = TextLists.of(frame["texts"].iloc[1:])

    assert texts.take(np.arange(3)).to_pylist() == ["b", "c", "d"]
    assert texts.offsets.tolist() == [0, 2, 3]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()])
def test_arrow_texts_are_not_copied(kind: pa.DataType) -> None:
    lists = pa.array([["벽지"], ["장판", "타일"]], pa.list_(kind))

    texts = TextLists.of(pd.Series(pd.arrays.ArrowExtensionArray(lists)))

    assert texts.chunks[0].buffers()[-1].address == lists.values.buffers()[-1].address


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
