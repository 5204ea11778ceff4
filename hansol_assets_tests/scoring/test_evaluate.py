import json
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
import pytest

from hansol_assets.embedding.embedder import encode
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.scoring.evaluate import (
    NO_BETTER,
    ONE_REFERENCE,
    ScoreReport,
    parity_note,
    parity_of,
    score_submission,
)
from hansol_assets.scoring.measures import centroid

Score = Callable[[Mapping[str, np.ndarray], Mapping[str, list[str]]], ScoreReport]

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


@pytest.fixture(scope="module")
def centroid_vector(known_rows: pd.DataFrame, embedder: MuseEmbedder) -> np.ndarray:
    return centroid(encode(embedder, [texts[1] for texts in known_rows["answers"]]))


@pytest.fixture(scope="module")
def score(centroid_vector: np.ndarray, embedder: MuseEmbedder) -> Score:
    def scored(
        vectors: Mapping[str, np.ndarray], references: Mapping[str, list[str]]
    ) -> ScoreReport:
        return score_submission(vectors, references, embedder, centroid_vector)

    return scored


def test_the_centroid_has_parity_zero_and_the_mean_of_references_reaches_the_ceiling(
    score: Score, centroid_vector: np.ndarray, embedder: MuseEmbedder
) -> None:
    nothing = dict.fromkeys(REFERENCES, centroid_vector)
    best = {key: centroid(encode(embedder, texts)) for key, texts in REFERENCES.items()}
    low, high = (score(vectors, REFERENCES) for vectors in (nothing, best))

    assert low.parity == pytest.approx(0)
    assert low.private == pytest.approx(low.centroid)
    assert high.private == pytest.approx(high.ceiling)
    assert high.parity > 1
    assert high.interval.low < high.private < high.interval.high
    assert high.n == len(REFERENCES)


def test_the_public_figure_is_of_the_public_questions(score: Score, embedder: MuseEmbedder) -> None:
    vectors = {key: encode(embedder, texts[:1])[0] for key, texts in REFERENCES.items()}
    report = score(vectors, REFERENCES)
    public = report.questions[report.questions["public"]]

    assert len(public) == round(0.4 * len(REFERENCES))
    assert report.public == pytest.approx(public["score"].mean())


def test_the_figures_can_be_written_as_json(score: Score, centroid_vector: np.ndarray) -> None:
    single = {key: texts[:1] for key, texts in REFERENCES.items()}
    vectors = dict.fromkeys(single, centroid_vector)
    report = score(vectors, single)
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
    score: Score, centroid_vector: np.ndarray
) -> None:
    vectors = dict.fromkeys([*REFERENCES, "TEST_999"], centroid_vector)

    report = score(vectors, REFERENCES)
    assert report.n == len(REFERENCES)


def test_a_missing_vector_and_a_wrong_width_are_named(score: Score) -> None:
    first = next(iter(REFERENCES))
    with pytest.raises(ValueError, match=first):
        score({}, REFERENCES)
    with pytest.raises(ValueError, match="3 dimensions, the embedder's 512"):
        score({first: np.ones(3)}, {first: ["답"]})
