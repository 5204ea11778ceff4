import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.lake.fingerprint import FINGERPRINT_LENGTH, config_of, fingerprint
from hansol_assets.lake.manifest import library_version
from hansol_assets.qa.folds import FoldSettings

names = st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4)


@given(config=names, inputs=names)
def test_order_of_keys_does_not_matter(config: dict[str, str], inputs: dict[str, str]) -> None:
    backwards = dict(reversed(config.items())), dict(reversed(inputs.items()))
    assert fingerprint("a", "1", config, inputs) == fingerprint("a", "1", *backwards)


def test_every_part_changes_the_name() -> None:
    base = fingerprint("raw_qa", "1", {"k": 1}, {"train_csv": "x"})
    others = {
        fingerprint("raw_qb", "1", {"k": 1}, {"train_csv": "x"}),
        fingerprint("raw_qa", "2", {"k": 1}, {"train_csv": "x"}),
        fingerprint("raw_qa", "1", {"k": 2}, {"train_csv": "x"}),
        fingerprint("raw_qa", "1", {"k": 1}, {"train_csv": "y"}),
        fingerprint("raw_qa", "1", {"k": 1}, {"train_csv": "x"}, {"numpy": "2.0"}),
        fingerprint("raw_qa", "1", {"k": 1}, {"train_csv": "x"}, {"numpy": "2.1"}),
    }
    assert base not in others
    assert len(others) == 6
    assert len(base) == FINGERPRINT_LENGTH


def test_a_build_for_another_machine_is_the_same_release(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.version", {"torch": "2.13.0+cpu"}.__getitem__)
    library_version.cache_clear()
    assert library_version("torch") == "2.13.0"
    library_version.cache_clear()


def test_sections_and_plain_values_become_json() -> None:
    config = config_of(folds=FoldSettings(salt="s"), strategy="blend")
    assert config["folds"]["salt"] == "s"
    assert config["strategy"] == "blend"
