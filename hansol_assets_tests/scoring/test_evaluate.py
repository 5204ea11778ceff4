import json
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.embedder import encode
from hansol_assets.scoring.evaluate import (
    NO_BETTER,
    ONE_REFERENCE,
    ScoreSettings,
    parity_note,
    parity_of,
    score_submission,
)
from hansol_assets.scoring.measures import centroid

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

SETTINGS = ScoreSettings()


REFERENCES = {
    "TEST_000": [
        "벽지는 풀로 붙입니다.",
        "벽지는 풀을 발라서 붙입니다.",
        "벽지에 풀을 발라 붙입니다.",
    ],
    "TEST_001": ["결로는 벽이 차가워서 생깁니다.", "차가운 벽에 결로가 생깁니다."],
    "TEST_002": ["장판은 따뜻하고 값이 쌉니다.", "장판은 값이 싸고 따뜻합니다."],
    "TEST_003": ["타일 줄눈은 백시멘트로 메웁니다.", "줄눈은 백시멘트를 채워 메웁니다."],
    "TEST_004": ["단열재는 외벽 안쪽에 붙입니다.", "외벽 안쪽에 단열재를 붙입니다."],
}


@pytest.fixture
def references() -> dict[str, list[str]]:
    return REFERENCES


@pytest.fixture(scope="module")
def centroid_vector(known_rows: pd.DataFrame, embedder: "SentenceTransformer") -> np.ndarray:
    return centroid(encode(embedder, [own[1] for own in known_rows["answers"]]))


def test_the_centroid_has_parity_zero_and_the_mean_of_references_reaches_the_ceiling(
    references: dict[str, list[str]],
    centroid_vector: np.ndarray,
    embedder: "SentenceTransformer",
) -> None:
    nothing = dict.fromkeys(references, centroid_vector)
    best = {key: centroid(encode(embedder, own)) for key, own in references.items()}
    low, high = (
        score_submission(vectors, references, embedder, centroid_vector, SETTINGS)
        for vectors in (nothing, best)
    )

    assert low.parity == pytest.approx(0)
    assert low.private == pytest.approx(low.centroid)
    assert high.private == pytest.approx(high.ceiling)
    assert high.parity > 1
    assert high.interval.low < high.private < high.interval.high
    assert high.n == len(references)


def test_the_public_figure_is_of_the_public_questions(
    references: dict[str, list[str]],
    centroid_vector: np.ndarray,
    embedder: "SentenceTransformer",
) -> None:
    vectors = {key: encode(embedder, own[:1])[0] for key, own in references.items()}
    report = score_submission(vectors, references, embedder, centroid_vector, SETTINGS)
    public = report.questions[report.questions["public"]]

    assert len(public) == round(0.4 * len(references))
    assert report.public == pytest.approx(public["score"].mean())


def test_the_figures_can_be_written_as_json(
    references: dict[str, list[str]],
    centroid_vector: np.ndarray,
    embedder: "SentenceTransformer",
) -> None:
    single = {key: own[:1] for key, own in references.items()}
    vectors = dict.fromkeys(single, centroid_vector)
    report = score_submission(vectors, single, embedder, centroid_vector, SETTINGS)
    figures = json.loads(json.dumps(report.to_json(), allow_nan=False))

    assert figures["human"] is None
    assert figures["parity"] is None
    assert figures["note"] == ONE_REFERENCE
    assert figures["interval"] == [report.interval.low, report.interval.high]
    assert {"private", "public", "centroid", "ceiling", "n"} <= set(figures)


def test_a_parity_that_magnifies_noise_is_told() -> None:
    questions = pd.DataFrame({"score": [0.7] * 2, "centroid": [0.6] * 2, "human": [0.63] * 2})

    assert "0.030 above the centroid" in parity_note(questions)


def test_parity_is_of_the_questions_where_people_can_be_measured() -> None:
    nan = float("nan")
    questions = pd.DataFrame(
        {
            "score": [0.9, 0.6, 0.7],
            "centroid": [0.1, 0.4, 0.4],
            "human": [nan, 0.8, 0.8],
        }
    )

    assert parity_of(questions, "score") == pytest.approx((0.65 - 0.4) / (0.8 - 0.4))
    assert "measured on the 2 of 3 questions" in parity_note(questions)
    assert parity_note(questions[1:]) == ""
    assert parity_note(questions[:1]) == ONE_REFERENCE
    assert np.isnan(parity_of(questions[:1], "score"))
    assert parity_note(questions.assign(human=[nan, 0.4, 0.4])) == NO_BETTER


def test_questions_without_references_are_passed_over(
    references: dict[str, list[str]],
    centroid_vector: np.ndarray,
    embedder: "SentenceTransformer",
) -> None:
    vectors = dict.fromkeys([*references, "TEST_999"], centroid_vector)

    report = score_submission(vectors, references, embedder, centroid_vector, SETTINGS)
    assert report.n == len(references)


def test_a_missing_vector_and_a_wrong_width_are_named(
    references: dict[str, list[str]],
    centroid_vector: np.ndarray,
    embedder: "SentenceTransformer",
) -> None:
    first = next(iter(references))
    with pytest.raises(ValueError, match=first):
        score_submission({}, references, embedder, centroid_vector, SETTINGS)
    with pytest.raises(ValueError, match="3 dimensions, the embedder's 512"):
        score_submission({first: np.ones(3)}, {first: ["답"]}, embedder, centroid_vector, SETTINGS)
