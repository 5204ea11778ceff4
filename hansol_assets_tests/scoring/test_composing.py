from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.fitted import load, save
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.embedding.vectors import unit
from hansol_assets.qa.sentences import has_repeated_sentence, is_finished
from hansol_assets.scoring import composing, drafting
from hansol_assets.scoring.composing import Composed, Composer, QuotableRow

QUESTION = "원목마루의 관리 방법은 무엇인가요?"
WOOD = QuotableRow(
    "WOOD",
    ["원목마루는 어떻게 관리하나요?"],
    [
        "원목마루는 물걸레로 닦지 않습니다. 이는 나무가 붓기 때문입니다. 긁힌 곳은 메웁니다.",
        "원목마루는 마른 걸레로 닦아 관리합니다. 원목마루는 마른 걸레로 닦아 관리합니다!",
    ],
)
TILE = QuotableRow(
    "TILE",
    ["욕실타일은 어떻게 관리하나요?"],
    ["욕실타일은 솔로 문질러 관리합니다. 줄눈은 락스로 닦습니다."],
)


def compose(
    composer: Composer,
    questions: list[str],
    targets: np.ndarray,
    sources: Sequence[Sequence[QuotableRow]],
) -> list[Composed]:
    """Composes with each source a little further than the one before."""
    nearness = [[1 - place / 100 for place in range(len(own))] for own in sources]
    return composer.compose(questions, targets, sources, nearness)


@pytest.fixture(scope="module")
def composer(known_rows: pd.DataFrame, embedder: MuseEmbedder) -> Composer:
    return Composer.fit(known_rows, embedder)


@pytest.fixture(scope="module")
def target(embedder: MuseEmbedder) -> np.ndarray:
    return unit(encode(embedder, [*WOOD.answers, QUESTION])).mean(axis=0)


def test_an_answer_is_finished_names_its_sources_and_says_nothing_twice(
    composer: Composer, target: np.ndarray
) -> None:
    (answer,) = compose(composer, [QUESTION], target[None], [[WOOD, TILE]])

    assert answer.text == " ".join(quote.text for quote in answer.quotes)
    assert is_finished(answer.text)
    assert not has_repeated_sentence(answer.text)
    assert "이는" not in answer.text
    for quote in answer.quotes:
        source = {"WOOD": WOOD, "TILE": TILE}[quote.source_id]
        assert quote.text.rstrip(".") in source.answers[quote.source_answer - 1]


def test_the_asked_thing_is_spoken_of_and_not_another(
    composer: Composer, target: np.ndarray
) -> None:
    (answer,) = compose(composer, [QUESTION], target[None], [[TILE, WOOD]])

    assert "원목마루" in answer.text
    assert "욕실타일" not in answer.text
    merits = composer.merits([QUESTION], [[quote.text for quote in answer.quotes]], [[]])
    assert merits.coverage[0] > 0.5


def test_it_is_nearer_to_the_target_than_any_sentence_of_it(
    composer: Composer,
    target: np.ndarray,
    embedder: MuseEmbedder,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for module in (composing, drafting):
        monkeypatch.setattr(module, "COVERAGE", 0)
    monkeypatch.setattr(composing, "_OTHER_THING", 0)
    (answer,) = compose(composer, [QUESTION], target[None], [[WOOD, TILE]])
    sentences = unit(encode(embedder, [quote.text for quote in answer.quotes])) @ unit(target)

    assert answer.vector @ unit(target) >= sentences.max()
    assert answer.vector == pytest.approx(unit(encode(embedder, [answer.text]))[0])


def test_a_row_without_a_sentence_that_stands_alone_is_quoted_whole(
    composer: Composer, target: np.ndarray
) -> None:
    short = QuotableRow("SHORT", ["마루는?"], ["닦습니다."])
    (answer,) = compose(composer, [QUESTION], target[None], [[short]])

    assert answer.text == "닦습니다."
    assert [quote.source_id for quote in answer.quotes] == ["SHORT"]


def test_without_a_source_there_is_no_answer(composer: Composer, target: np.ndarray) -> None:
    with pytest.raises(ValueError, match="needs a row"):
        compose(composer, [QUESTION], target[None], [[]])


def test_the_company_of_other_questions_changes_nothing(
    composer: Composer, target: np.ndarray
) -> None:
    (alone,) = compose(composer, [QUESTION], target[None], [[WOOD, TILE]])
    both = compose(
        composer,
        ["욕실타일은 어떻게 닦나요?", QUESTION],
        np.stack([target, target]),
        [[TILE], [WOOD, TILE]],
    )

    assert both[1].text == alone.text


def test_a_loaded_composer_writes_the_same(
    composer: Composer, target: np.ndarray, embedder: MuseEmbedder, tmp_path: Path
) -> None:
    save(composer, tmp_path)
    loaded = load(Composer, tmp_path, embedder=embedder)
    first, second = (
        compose(one, [QUESTION], target[None], [[WOOD, TILE]]) for one in (composer, loaded)
    )

    assert first[0].text == second[0].text
    assert first[0].vector.tolist() == second[0].vector.tolist()


def test_the_sample_rows_are_composed_from(
    composer: Composer, known_rows: pd.DataFrame, embedder: MuseEmbedder
) -> None:
    rows = known_rows.head(6)
    sources = [
        QuotableRow(row.id, row.questions, row.answers) for row in rows.itertuples(index=False)
    ]
    questions = [source.questions[0] for source in sources]
    targets = np.stack([unit(encode(embedder, own.answers)).mean(axis=0) for own in sources])
    answers = compose(composer, questions, targets, [sources] * len(sources))

    assert all(is_finished(answer.text) for answer in answers)
    likeness = [own.vector @ aim for own, aim in zip(answers, unit(targets), strict=True)]
    assert np.mean(likeness) > 0.7


def test_rows_that_were_asked_about_the_same_are_quoted_before_nearer_ones(
    composer: Composer, target: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(composing, "_QUOTED_ROWS", 1)
    (answer,) = compose(composer, [QUESTION], target[None], [[TILE, WOOD]])
    monkeypatch.setattr(composing, "_ROW_TOPIC", 0)
    (nearest,) = compose(composer, [QUESTION], target[None], [[TILE, WOOD]])

    assert {quote.source_id for quote in answer.quotes} == {WOOD.id}
    assert {quote.source_id for quote in nearest.quotes} == {TILE.id}
