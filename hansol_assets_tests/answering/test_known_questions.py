"""Scores of questions that the table knows, and how many it knows."""

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.judging import Judge
from hansol_assets.answering.known_questions import HeldOutRows, known_shares, score_known
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.embedding.muse import MuseEmbedder
from hansol_assets.retrieval.search import Hit
from hansol_assets.scoring.blend import RowShare
from hansol_assets.scoring.join_map import JoinMap

ROWS = pd.DataFrame(
    {
        "id": ["A", "B", "C"],
        "questions": [["결로란?", "결로의 뜻은?"], ["줄눈이란?", "줄눈의 뜻은?"], ["타일이란?"]],
        "category": "",
        "answers": [["벽의 이슬입니다."], ["타일 사이입니다."], ["구운 판입니다."]],
        "row_number": [1, 2, 3],
    }
)


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


def scores(asked: HeldOutRows, judge: Judge) -> pd.DataFrame:
    joining, centroid = JoinMap.identity(512), np.eye(512)[0]
    share, verdicts = RowShare(0.0, 1.0), VerdictSettings()
    return score_known(asked, ROWS, share, joining, judge, centroid, verdicts)


def test_each_question_is_scored_alone_and_joined(judge: Judge) -> None:
    table = scores(held_out([0.99, 0.9], ["A", "B"], judge), judge).set_index("id")

    assert table["kind"].tolist() == ["single", "single", "joined"]
    assert table["asked"].eq("known").all()
    assert table["group"].tolist() == ["A", "B", "A"]
    # Each has one reference, which is its row's answer.
    assert table["answer"].to_numpy()[:2] == pytest.approx([1, 1], abs=1e-4)
    assert table.loc["known A", "blend"] > 0.99
    assert (table["blend"] > table["without_rows"]).all()
    assert table["only_rows"].to_numpy()[:2] == pytest.approx([1, 1], abs=1e-4)
    assert table["nearest"].to_numpy()[:2] == pytest.approx([1, 1], abs=1e-4)
    assert table.loc["known A+B", "confidence"] == 0.9


def test_a_row_mistaken_for_another_costs_its_score(judge: Judge) -> None:
    right = scores(held_out([0.9, 0.9], ["A", "B"], judge), judge)
    wrong = scores(held_out([0.9, 0.9], ["A", "C"], judge), judge)

    assert wrong["answer"].iloc[0] == right["answer"].iloc[0]
    assert (wrong["answer"].iloc[1:] < right["answer"].iloc[1:]).all()
    assert wrong["blend"].iloc[1] < right["blend"].iloc[1]


def test_a_judge_of_another_space_scores_texts_alone(judge: Judge) -> None:
    other = Judge("other", judge.embedder, embeds_answers=False)
    table = scores(held_out([0.9, 0.9], ["A", "B"], other), other)

    assert "blend" not in table
    assert table["answer"].notna().all()


def test_where_every_row_has_one_question_there_is_nothing_to_score(judge: Judge) -> None:
    nothing = HeldOutRows([], [], [], np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0)))

    assert scores(nothing, judge).empty


class Searcher:
    """Knows what is asked of wallpaper."""

    depth = 5

    def search(self, questions: list[str], k: int, splits: tuple[str, ...]) -> list[list[float]]:
        assert set(splits) == {"training", "calibration", "validation"}
        return [[0.9 if "벽지" in text else 0.1] for text in questions]

    def confidence(self, hits: list[float]) -> float:
        return hits[0]


def test_the_known_share_is_measured_part_by_part() -> None:
    texts = [
        "벽지란 무엇인가요? 그리고 엔진 오일은 언제 갈아야 하나요?",
        "벽지 수명은 얼마나 되나요?",
    ]
    asked = pd.DataFrame({"id": ["Q1", "Q2"], "question": texts})
    found = known_shares(asked, Searcher())  # type: ignore[arg-type]
    shares = dict(zip(found["figure"], found["value"], strict=True))

    # (0.9 + 0.1 + 0.9) / 3 and the means of the two questions, in steps.
    assert shares == {"share": 0.65, "low": 0.5, "high": 0.9}


def test_where_nothing_is_asked_a_half_is_taken() -> None:
    found = known_shares(pd.DataFrame({"id": [], "question": []}), Searcher())  # type: ignore[arg-type]

    assert found["value"].tolist() == [0.5, 0.0, 1.0]
