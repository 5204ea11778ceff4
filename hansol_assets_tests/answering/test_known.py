"""Scores of questions that the table knows, and of those that it does not."""

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.held_out_rows import HeldOutRows
from hansol_assets.answering.judge import Judge
from hansol_assets.answering.known import expected_facts, kind_facts, score_kinds
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval.hits import Hit
from hansol_assets.scoring.bootstrap import BootstrapSettings
from hansol_assets.scoring.joining import JoinMap
from hansol_assets.scoring.row_share import RowShare

ROWS = pd.DataFrame(
    {
        "id": ["A", "B", "C"],
        "questions": [["결로란?", "결로의 뜻은?"], ["줄눈이란?", "줄눈의 뜻은?"], ["타일이란?"]],
        "category": "",
        "answers": [["벽의 이슬입니다."], ["타일 사이입니다."], ["구운 판입니다."]],
        "row_number": [1, 2, 3],
    }
)
BOOTSTRAP = BootstrapSettings(resamples=100)
FACTS = {
    "known_single_vector": 0.9,
    "unknown_single_vector": 0.5,
    "known_joined_vector": 0.8,
    "unknown_joined_vector": 0.6,
}


def to_submit(*rows: tuple[float, int]) -> pd.DataFrame:
    """Answers with their confidence, of so many parts."""
    return pd.DataFrame(
        {
            "confidence": [confidence for confidence, _ in rows],
            "parts": [[str(place) for place in range(count)] for _, count in rows],
        }
    )


def test_a_submission_is_expected_to_score_by_what_the_table_knows() -> None:
    found = expected_facts(to_submit((1.0, 1), (0.0, 1), (0.5, 2)), FACTS, BOOTSTRAP)

    assert found["known_share"] == 0.5
    assert found["known_share_low"] <= 0.5 <= found["known_share_high"]
    assert found["expected_score"] == pytest.approx((0.9 + 0.5 + 0.7) / 3, abs=1e-4)


def test_without_a_measure_of_the_form_no_score_is_expected() -> None:
    single = {name: value for name, value in FACTS.items() if "single" in name}

    assert "expected_score" in expected_facts(to_submit((0.4, 1)), single, BOOTSTRAP)
    found = expected_facts(to_submit((0.4, 1), (0.4, 2)), single, BOOTSTRAP)
    assert found["known_share"] == 0.4
    assert "expected_score" not in found


def test_kinds_and_forms_are_summed_up_apart() -> None:
    scores = pd.DataFrame(
        {
            "kind": ["known", "known", "unknown", "unknown"],
            "form": "single",
            "group": ["A", "B"] * 2,
            "vector": [0.8, 0.9, 0.5, 0.6],
            "answer": [0.7, 0.7, np.nan, np.nan],
            "centroid": 0.4,
            "human": 0.8,
            "ceiling": 0.9,
        }
    )
    facts = kind_facts(scores, BOOTSTRAP)

    assert facts["known_single_vector"] == pytest.approx(0.85)
    assert facts["unknown_single_vector"] == pytest.approx(0.55)
    assert facts["known_single_vector_parity"] == pytest.approx((0.85 - 0.4) / 0.4)
    assert facts["known_single_vector_low"] <= 0.85 <= facts["known_single_vector_high"]
    assert np.isnan(facts["unknown_single_answer"])


@pytest.fixture(scope="module")
def judge() -> Judge:
    return Judge("muse", MuseEmbedder(), embeds_answers=True)  # type: ignore[arg-type]


def held_out(confidence: list[float], first: list[str], judge: Judge) -> HeldOutRows:
    """A and B asked for; the row found first for each, whose answer is the vector of rows."""
    said = dict(zip(ROWS["id"], ROWS["answers"], strict=True))
    hits = [
        [Hit(key, key, 1, sure, 1, None, ("?",), tuple(said[key]))]
        for key, sure in zip(first, confidence, strict=True)
    ]
    vectors = judge.embedder.encode([said[key][0] for key in first])
    estimates = judge.embedder.encode(["무엇인가요?"] * len(first))
    questions = ["결로의 뜻은?", "줄눈의 뜻은?"][: len(first)]
    ids = ["A", "B"][: len(first)]
    return HeldOutRows(ids, questions, hits, np.array(confidence), vectors, estimates)


def scores(known: HeldOutRows, unknown: HeldOutRows, judge: Judge) -> pd.DataFrame:
    joining, centroid = JoinMap.identity(512), np.eye(512)[0]
    return score_kinds(
        known, unknown, ROWS, RowShare(0.0, 1.0), joining, judge, centroid, VerdictSettings()
    )


def test_each_question_is_scored_alone_and_joined_known_and_unknown(judge: Judge) -> None:
    known = held_out([0.99, 0.9], ["A", "B"], judge)
    unknown = held_out([0.05, 0.6], ["B", "C"], judge)
    table = scores(known, unknown, judge)

    assert table.groupby(["kind", "form"]).size().to_dict() == {
        ("known", "single"): 2,
        ("known", "joined"): 1,
        ("unknown", "single"): 2,
        ("unknown", "joined"): 1,
    }
    by_kind = table.set_index(["kind", "form"]).sort_index(kind="stable")
    single = by_kind.loc[("known", "single")]
    # Each has one reference, which is its row's answer.
    assert single["answer"].to_numpy() == pytest.approx([1, 1], abs=1e-4)
    assert single["vector"].iloc[0] > 0.99
    assert (single["vector"] > by_kind.loc[("unknown", "single"), "vector"].to_numpy()).all()
    assert table["verdict"].tolist() == [
        *["answered"] * 3,
        "not answered",
        "answered",
        "not answered",
    ]
    assert by_kind.loc[("known", "joined"), "question"].item() == "결로의 뜻은? 줄눈의 뜻은?"
    assert by_kind.loc[("unknown", "joined"), "confidence"].item() == 0.05


def test_a_judge_of_another_space_scores_texts_alone(judge: Judge) -> None:
    other = Judge("other", judge.embedder, embeds_answers=False)
    asked = held_out([0.9, 0.9], ["A", "B"], other)
    table = scores(asked, asked, other)

    assert table["vector"].isna().all()
    assert table["answer"].notna().all()


def test_where_every_row_has_one_question_there_is_nothing_to_score(judge: Judge) -> None:
    nothing = HeldOutRows([], [], [], np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)))
    table = scores(nothing, nothing, judge)

    assert len(table) == 0
    asked = held_out([0.9, 0.9], ["A", "B"], judge)
    assert table.columns.tolist() == scores(asked, asked, judge).columns.tolist()
    assert kind_facts(table, BOOTSTRAP) == {}
