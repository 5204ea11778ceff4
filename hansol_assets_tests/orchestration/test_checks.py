"""The checks that guard what may be trained on, on tables that break what they check."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from hansol_assets.lake.manifest import Fact
from hansol_assets.lake.reports import TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.checks import (
    answers_can_be_trusted,
    folds_do_not_leak,
    pairs_are_from_training_rows,
    ranking_beats_its_parts,
)
from hansol_assets.orchestration.resources import LakeResource
from hansol_assets.qa.folds import FoldSettings, assign_folds, rows_and_folds
from hansol_assets.qa.pairing import build_pairs
from hansol_assets.qa.splitting import QuestionMix
from hansol_assets.settings import load_settings
from hansol_assets_tests.graph import SMALL_PROFILE
from hansol_assets_tests.lake.handmade import make_table

MIX = QuestionMix(0.4, {"그리고": 1.0})


@pytest.fixture
def dealt(rows: pd.DataFrame) -> pd.DataFrame:
    folds = assign_folds(rows, FoldSettings(count=4, validation=1, calibration=1))
    return rows.merge(folds.drop(columns="category"), on="id")


@pytest.fixture
def pairs(dealt: pd.DataFrame) -> pd.DataFrame:
    return build_pairs(*rows_and_folds(dealt), MIX)


def door(folder: Path, **tables: pd.DataFrame) -> LakeResource:
    """A lake that holds some tables."""
    settings = load_settings(profile=str(SMALL_PROFILE), lake_dir=str(folder))
    lake = Lake(folder, settings.live_name)
    for name, frame in tables.items():
        report = TableReport(frame=frame)
        make_table(lake, Task(name, "1", {}, {}), lambda report=report: report)
    return LakeResource(settings, lake)


def verdict(check: dg.AssetChecksDefinition, lake: LakeResource) -> tuple[bool, dict[str, object]]:
    result = check(lake=lake)
    assert isinstance(result, dg.AssetCheckResult)
    return bool(result.passed), {name: value.value for name, value in result.metadata.items()}


def test_a_text_that_stands_in_two_splits_is_found(
    tmp_path: Path, rows: pd.DataFrame, dealt: pd.DataFrame
) -> None:
    sound = door(tmp_path / "sound", raw_qa=rows, qa_folds=dealt)
    moved = dealt.assign(
        answers=[["같은 답입니다."], ["같은 답입니다!"], *dealt["answers"][2:]],
        split=["training", "validation", *dealt["split"][2:]],
    )
    leaking = door(tmp_path / "leaking", raw_qa=moved[list(rows.columns)], qa_folds=moved)

    assert verdict(folds_do_not_leak, sound) == (True, {"leaks": 0, "first": []})
    passed, told = verdict(folds_do_not_leak, leaking)
    assert not passed
    assert told["leaks"] == 1


def test_an_example_of_a_held_out_row_is_found(
    tmp_path: Path, dealt: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    held_out = dealt[dealt["split"] == "validation"].iloc[0]
    row, text = pairs.copy(), pairs.copy()
    row.at[0, "source_ids"] = [held_out["id"]]
    text.loc[0, "answer"] = held_out["answers"][0]

    sound = door(tmp_path / "sound", qa_folds=dealt, paired_questions=pairs)
    of_a_row = door(tmp_path / "row", qa_folds=dealt, paired_questions=row)
    of_a_text = door(tmp_path / "text", qa_folds=dealt, paired_questions=text)

    none = {"examples": len(pairs), "rows_of_other_splits": [], "texts_of_other_splits": []}
    assert verdict(pairs_are_from_training_rows, sound) == (True, none)
    assert verdict(pairs_are_from_training_rows, of_a_row) == (
        False,
        none | {"rows_of_other_splits": [held_out["id"]]},
    )
    assert verdict(pairs_are_from_training_rows, of_a_text) == (
        False,
        none | {"texts_of_other_splits": [held_out["answers"][0]]},
    )


def measured(folder: Path, *versions: dict[str, Fact]) -> LakeResource:
    """A lake that holds versions of `retrieval_scores`, the last one live."""
    found = door(folder)
    for number, facts in enumerate(versions):
        report = TableReport(frame=pd.DataFrame({"version": [number]}), facts=facts)
        task = Task("retrieval_scores", str(number), {}, {})
        make_table(found.store, task, lambda report=report: report)
    return found


@pytest.mark.parametrize(
    ("ranked", "passes"), [(0.9, True), (0.8, True), (0.79, False)], ids=["more", "as much", "less"]
)
def test_a_ranking_that_loses_what_a_search_found_is_warned_of(
    tmp_path: Path, ranked: float, passes: bool
) -> None:
    facts = {"asked_questions": 9, "mrr_full_text": 0.6, "mrr_dense": 0.8, "mrr_ranked": ranked}
    passed, told = verdict(ranking_beats_its_parts, measured(tmp_path, facts))

    assert passed == passes
    assert told["ranked"] == ranked


def test_a_ranking_without_paraphrases_cannot_be_measured(tmp_path: Path) -> None:
    lake = measured(tmp_path, {"asked_questions": 0})

    assert verdict(ranking_beats_its_parts, lake) == (True, {})


def trusted(value: float, high: float) -> dict[str, Fact]:
    return {"hit_at_1": value, "hit_at_1_low": value - 0.1, "hit_at_1_high": high}


@pytest.mark.parametrize(
    ("newest", "passes"),
    [(trusted(0.95, 0.99), True), (trusted(0.8, 0.9), True), (trusted(0.8, 0.89), False)],
    ids=["risen", "fallen within its interval", "fallen"],
)
def test_answers_that_can_be_trusted_less_are_warned_of(
    tmp_path: Path, newest: dict[str, Fact], passes: bool
) -> None:
    lake = measured(tmp_path, trusted(0.2, 0.3), trusted(0.9, 0.95), newest)
    passed, told = verdict(answers_can_be_trusted, lake)

    assert passed == passes
    assert told == {"hit_at_1": newest["hit_at_1"]}


def test_the_first_figures_and_new_ones_are_compared_with_nothing(tmp_path: Path) -> None:
    first = measured(tmp_path / "first", trusted(0.1, 0.2))
    other = measured(tmp_path / "other", {"auroc": 0.9, "auroc_high": 0.95}, trusted(0.1, 0.2))

    assert verdict(answers_can_be_trusted, first)[0]
    assert verdict(answers_can_be_trusted, other)[0]
