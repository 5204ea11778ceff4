import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.embedder import encode_groups
from hansol_assets.embedding.fitted import load, save
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.scoring import answer_regressor
from hansol_assets.scoring.answer_regressor import COMPONENTS, AnswerRegressor, Choices
from hansol_assets.scoring.measures import reference_cosines
from hansol_assets.scoring.regression import ALPHAS, NEIGHBOURS, OWN_SHARES, TEMPERATURES

ASKED = ["벽지가 들뜨면 어떻게 하나요?", "결로는 왜 생기나요?"]


@pytest.fixture(scope="module")
def best(
    known_rows: pd.DataFrame, unseen_rows: pd.DataFrame, embedder: MuseEmbedder
) -> AnswerRegressor:
    return AnswerRegressor.fit_best(known_rows, unseen_rows, embedder)


@pytest.fixture(scope="module")
def choices(best: AnswerRegressor) -> Choices:
    return best.choices


@pytest.fixture(scope="module")
def regressor(
    known_rows: pd.DataFrame, embedder: MuseEmbedder, choices: Choices
) -> AnswerRegressor:
    return AnswerRegressor.fit(known_rows, embedder, choices)


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_what_chose_is_what_its_choices_make(
    best: AnswerRegressor, regressor: AnswerRegressor, tmp_path: Path
) -> None:
    save(best, tmp_path / "best")
    save(regressor, tmp_path / "fitted")
    assert digests(tmp_path / "best") == digests(tmp_path / "fitted")


def test_every_component_is_a_direction_a_part(regressor: AnswerRegressor) -> None:
    components = regressor.components(ASKED, [np.eye(2, 512), np.zeros((0, 512))])

    assert set(components) == set(COMPONENTS)
    for name, vectors in components.items():
        expected = [1, 0] if name == "generated" else [1, 1]
        assert np.linalg.norm(vectors, axis=1) == pytest.approx(expected), name


def test_unseen_questions_are_answered_better_than_by_the_centroid(
    regressor: AnswerRegressor, unseen_rows: pd.DataFrame, embedder: MuseEmbedder
) -> None:
    unseen = unseen_rows
    components = regressor.components([own[0] for own in unseen["questions"]])
    references = encode_groups(embedder, unseen["answers"].tolist())
    scores = {
        name: reference_cosines(vectors, references).mean() for name, vectors in components.items()
    }

    assert scores["regression"] > scores["centroid"]
    assert scores["retrieved"] > scores["centroid"]


def test_the_nearest_rows_can_be_named(regressor: AnswerRegressor) -> None:
    found = regressor.neighbours_of(regressor.components(ASKED)["regression"])

    assert found.rows.shape == (2, NEIGHBOURS)
    assert all(0 <= row < len(regressor.row_ids) for row in found.rows.ravel())


def test_choices_are_among_those_there_are_and_are_kept(choices: Choices, tmp_path: Path) -> None:
    save(choices, tmp_path)
    loaded = load(Choices, tmp_path)

    assert choices.strength.alpha in ALPHAS
    assert choices.strength.own_share in OWN_SHARES
    assert choices.temperature in TEMPERATURES
    assert (loaded.strength, loaded.temperature) == (choices.strength, choices.temperature)


def test_rows_may_have_any_number_of_questions_and_answers(
    embedder: MuseEmbedder, choices: Choices
) -> None:
    rows = pd.DataFrame(
        {
            "id": ["A", "B", "C"],
            "questions": [["벽지란?"], ["마루란?", "마루는 무엇인가요?"], ["결로는 왜 생기나요?"]],
            "answers": [
                ["벽에 바르는 종이입니다."],
                ["바닥재입니다.", "나무로 된 바닥입니다.", "집의 바닥에 까는 나무입니다."],
                ["온도 차이로 생깁니다.", "찬 벽에 습기가 맺힙니다."],
            ],
        }
    )
    fitted = AnswerRegressor.fit(rows, embedder, choices)

    assert fitted.components(["마루란 무엇인가요?"])["retrieved"].shape == (1, 512)


def test_a_loaded_regressor_gives_the_same_components(
    regressor: AnswerRegressor, embedder: MuseEmbedder, tmp_path: Path
) -> None:
    save(regressor, tmp_path)
    loaded = load(AnswerRegressor, tmp_path, embedder=embedder)
    first, second = (one.components(ASKED) for one in (regressor, loaded))

    assert all(np.array_equal(first[name], second[name]) for name in COMPONENTS)
    assert loaded.row_ids == regressor.row_ids
    assert np.array_equal(loaded.answer_centroid, regressor.answer_centroid)
    assert {Path(name).suffix for name in digests(tmp_path)} == {".safetensors", ".json"}


def test_fitting_twice_writes_the_same_bytes(
    regressor: AnswerRegressor,
    known_rows: pd.DataFrame,
    embedder: MuseEmbedder,
    choices: Choices,
    tmp_path: Path,
) -> None:
    save(regressor, tmp_path / "once")
    save(AnswerRegressor.fit(known_rows, embedder, choices), tmp_path / "again")

    assert digests(tmp_path / "once") == digests(tmp_path / "again")


def test_rows_that_nothing_is_learned_from_are_still_neighbours(
    known_rows: pd.DataFrame,
    embedder: MuseEmbedder,
    choices: Choices,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer_regressor, "MOST_ROWS", 10)
    monkeypatch.setattr(answer_regressor, "ROW_ANSWERS", 1)
    fitted = AnswerRegressor.fit(known_rows, embedder, choices)

    assert fitted.row_ids == known_rows["id"].tolist()
    shortest = [min(own, key=len) for own in known_rows["answers"]]
    vectors = embedder.encode(shortest)
    found = [near[0] for near in fitted.rows_near(vectors, 1)]
    of_one_answer = sum(key == own for (key, _), own in zip(found, fitted.row_ids, strict=True))
    assert of_one_answer >= len(known_rows) - 10


def test_a_draw_of_rows_to_learn_from_is_as_large_as_it_may_be(
    known_rows: pd.DataFrame,
    embedder: MuseEmbedder,
    choices: Choices,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, most in (("all", len(known_rows)), ("more", len(known_rows) + 1)):
        monkeypatch.setattr(answer_regressor, "MOST_ROWS", most)
        save(AnswerRegressor.fit(known_rows, embedder, choices), tmp_path / name)
    assert digests(tmp_path / "all") == digests(tmp_path / "more")
