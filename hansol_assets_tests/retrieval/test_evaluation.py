"""Rows are asked for by what the index does not show."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering import known_questions, trust
from hansol_assets.answering.trust import MODES, UNRELATED, evaluate_search
from hansol_assets.answering.verdicts import VerdictSettings
from hansol_assets.retrieval.examples import unrelated_questions
from hansol_assets.retrieval.fitting import UNSEEN_UNRELATED
from hansol_assets.retrieval.index import FrameRows, build_index
from hansol_assets.retrieval.ranking import Ranker
from hansol_assets.scoring.measures import KNOWN, UNKNOWN
from hansol_assets_tests.retrieval.conftest import QUESTIONS

RANKS = [f"{mode}_rank" for mode in MODES]


@pytest.fixture(autouse=True)
def _few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trust, "DEPTH", 3)


@pytest.fixture
def asked(tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, ranker: Ranker) -> pd.DataFrame:
    """Both TRAIN_4 and TRAIN_5 are held out."""
    folds["split"] = folds["split"].replace({"calibration": "validation"})
    table = evaluate_search(rows, folds, ranker, tmp_path)
    assert not any(tmp_path.iterdir())
    return table


def test_a_known_question_is_one_that_the_index_does_not_show(
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    ranker: Ranker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    indexed: list[FrameRows] = []

    def watched(uri: str, name: str, shown: FrameRows, *others: object) -> object:
        indexed.append(shown)
        return build_index(uri, name, shown, *others)  # type: ignore[arg-type]

    monkeypatch.setattr(trust, "build_index", watched)
    table = evaluate_search(rows, folds, ranker, tmp_path)
    known = table[table["kind"] == KNOWN]

    assert known["question"].tolist() == [QUESTIONS["TRAIN_5"][1]]
    (shown,) = indexed
    texts = {row["id"]: list(row["questions"]) for own in shown for row in own.to_dict("records")}
    assert texts["TRAIN_5"] == [QUESTIONS["TRAIN_5"][0]]
    # What nobody asks for is whole.
    assert texts["TRAIN_1"] == list(QUESTIONS["TRAIN_1"])
    assert (known[RANKS[1:]] >= 1).all(axis=None)


def test_every_row_is_asked_for_while_it_is_there_and_while_it_is_not(asked: pd.DataFrame) -> None:
    known, unknown = asked[asked["kind"] == KNOWN], asked[asked["kind"] == UNKNOWN]

    assert known["row_id"].tolist() == ["TRAIN_4", "TRAIN_5"]
    assert unknown["question"].tolist() == known["question"].tolist()
    assert np.isinf(unknown[RANKS].to_numpy()).all()
    for question, first in zip(unknown["question"], unknown["first_id"], strict=True):
        own = known.loc[known["question"] == question, "row_id"].item()
        assert first != own
    # The paraphrases of TRAIN_4 share their words, those of TRAIN_5 share none.
    assert known[RANKS].iloc[0].tolist() == [1, 1, 1]
    assert np.isinf(known["full_text_rank"].iloc[1])
    assert (known["confidence"].to_numpy() >= unknown["confidence"].to_numpy()).all()
    assert known["confidence"].iloc[0] > 10 * unknown["confidence"].iloc[0]


def test_unrelated_questions_are_those_that_nothing_learned_from(asked: pd.DataFrame) -> None:
    off = asked[asked["kind"] == UNRELATED]

    assert off["question"].tolist() == list(unrelated_questions()[UNSEEN_UNRELATED])
    assert np.isinf(off[RANKS].to_numpy()).all()
    assert off["confidence"].max() < VerdictSettings().answered_from
    assert asked["confidence"].between(0, 1).all()


def test_a_row_with_one_question_can_only_be_asked_for_while_it_is_not_there(
    tmp_path: Path, rows: pd.DataFrame, folds: pd.DataFrame, ranker: Ranker
) -> None:
    single = rows.assign(questions=rows["questions"].str[:1])
    table = evaluate_search(single, folds, ranker, tmp_path)

    assert table["kind"].value_counts()[UNKNOWN] == 1
    assert KNOWN not in set(table["kind"])


def test_of_many_rows_some_are_asked_for(
    tmp_path: Path,
    rows: pd.DataFrame,
    folds: pd.DataFrame,
    ranker: Ranker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folds["split"] = "validation"
    monkeypatch.setattr(known_questions, "SCORED_ROWS", 2)
    table = evaluate_search(rows, folds, ranker, tmp_path)

    assert table["kind"].value_counts()[[KNOWN, UNKNOWN]].tolist() == [2, 2]
