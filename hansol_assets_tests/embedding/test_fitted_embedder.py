"""When the offline embedder is kept, and when it is fitted anew."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hansol_assets.embedding.fitted_embedder import CORPUS_FILE, Corpus, standing_embedder
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import Lake, Report, Task

TEXTS = [f"벽지 {place}장을 바릅니다." for place in range(20)]
SETTINGS = {"dimensions": 4}
NOTHING = Corpus.of([])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, "tiny")


def fit(lake: Lake, texts: Sequence[str]) -> Manifest:
    corpus = Corpus.of(texts)

    def build(folder: Path) -> Report:
        corpus.save(folder)
        return Report()

    config = {"embedder": SETTINGS, "corpus": corpus.digest}
    return lake.make_artifact(Task("answer_embedder", "2", config, {}), build).manifest


def test_there_is_none_at_first(lake: Lake) -> None:
    assert standing_embedder(lake, SETTINGS, Corpus.of(TEXTS), NOTHING, 0.1) is None


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
def test_it_stands_until_a_tenth_has_changed(lake: Lake, now: Sequence[str], stands: bool) -> None:
    fitted = fit(lake, TEXTS)
    found = standing_embedder(lake, SETTINGS, Corpus.of(now), NOTHING, 0.1)
    assert found == (fitted if stands else None)


def test_an_answer_that_is_held_out_now_must_not_have_been_seen(lake: Lake) -> None:
    fit(lake, TEXTS)
    held_out = Corpus.of([TEXTS[3], "새 답변"])
    assert standing_embedder(lake, SETTINGS, Corpus.of(TEXTS), held_out, 1.0) is None


def test_another_fit_is_another_embedder(lake: Lake) -> None:
    fit(lake, TEXTS)
    assert standing_embedder(lake, {"dimensions": 8}, Corpus.of(TEXTS), NOTHING, 1.0) is None


def test_a_damaged_one_is_set_aside(lake: Lake) -> None:
    fitted = fit(lake, TEXTS)
    folder = lake.paths.artifact("answer_embedder", fitted.fingerprint)
    (folder / CORPUS_FILE).write_text("", encoding="utf-8")
    assert standing_embedder(lake, SETTINGS, Corpus.of(TEXTS), NOTHING, 1.0) is None
    assert (lake.paths.damaged / f"answer_embedder-{fitted.fingerprint}").is_dir()


@given(st.sets(st.text(max_size=3)), st.sets(st.text(max_size=3)))
def test_drift_is_a_share_and_the_same_both_ways(one: set[str], other: set[str]) -> None:
    first, second = Corpus.of(one), Corpus.of(other)
    assert 0 <= first.drift_from(second) == second.drift_from(first) <= 1
    assert first.drift_from(first) == 0
    assert (first.digest == second.digest) == (one == other)
