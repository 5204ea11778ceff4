"""The graph end to end, with real models that are very small."""

import json
import shutil
from pathlib import Path

import dagster as dg
import numpy as np
import pandas as pd
import pytest

from hansol_assets.answering.training_tables import text_keys
from hansol_assets.lake.fingerprint import file_hash
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.metadata import CARRIED
from hansol_assets_tests.assets.renewal import moves
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import submitted
from hansol_assets_tests.graph import SHAPING_NOTHING, GraphRun, run_graph, write_raw_files

pytestmark = pytest.mark.slow

LOSSES = {"history.parquet", "README.md"}
"""Files of a model that show its losses, at the steps that are shown."""


def test_every_asset_is_made_and_every_blocking_check_passes(graph: GraphRun) -> None:
    assert set(graph.statuses.values()) == {"new"}
    blocking = (
        "folds_do_not_leak",
        "pairs_are_from_training_rows",
        "examples_are_encoded_soundly",
        "fits_template",
    )
    passed = {name.partition(":")[2] for name, ok in graph.checks.items() if ok}
    assert passed.issuperset(blocking)


def test_every_column_of_every_table_is_described(graph: GraphRun) -> None:
    schemas = {
        asset: facts["dagster/column_schema"].columns
        for asset, facts in graph.metadata.items()
        if "dagster/column_schema" in facts
    }
    assert {"raw_qa", "generated_answers", "validation_scores", "leaderboard"} <= set(schemas)
    for asset, columns in schemas.items():
        bare = [item.name for item in columns if item.description in (None, "", CARRIED)]
        assert bare == [], asset


def test_every_asset_has_figures_and_a_preview(graph: GraphRun) -> None:
    for asset, facts in graph.metadata.items():
        assert facts["fingerprint"] == graph.data_versions[asset]
        assert "preview" in facts or not facts.get("rows", facts.get("bytes")), asset


def test_what_is_worth_a_look_stands_in_tables(graph: GraphRun) -> None:
    worst = [row.data for row in graph.metadata["validation_scores"]["worst_questions"].records]
    assert set(worst[0]) >= {"question", "text", "reference", "score", "source_ids"}
    assert [row["score"] for row in worst] == sorted(row["score"] for row in worst)
    scores = graph.table("validation_scores")
    assert len(worst) == min(20, (scores["asked"] == "unknown").sum())
    known = [row.data for row in graph.metadata["validation_scores"]["worst_known"].records]
    assert len(known) == min(20, (scores["asked"] == "known").sum())
    assert [row["answer"] for row in known] == sorted(row["answer"] for row in known)
    doubtful = [row.data for row in graph.metadata["generated_answers"]["most_doubtful"].records]
    assert set(doubtful[0]) >= {"question", "answer", "verdict", "confidence"}
    board = [row.data for row in graph.metadata["leaderboard"]["leaderboard"].records]
    assert [row["rank"] for row in board] == list(range(1, len(board) + 1))
    assert graph.metadata["leaderboard"]["trend"].startswith("![")
    folder = Path(graph.metadata["submission"]["path"])
    assert (folder / "submission.csv").read_bytes() == graph.submission


def test_losses_are_told_while_a_model_is_trained(graph: GraphRun) -> None:
    for asset in ("base_model", "lora_adapter"):
        figures = graph.told[asset]
        assert any({"step", "loss", "learning_rate"} <= set(own) for own in figures), asset
    assert any("eval_loss" in own for own in figures)


def test_the_submission_is_the_templates_form(graph: GraphRun, raw_dir: Path) -> None:
    latest = graph.lake.paths.latest_submission
    frame = pd.read_csv(latest / "submission.csv")
    template = pd.read_csv(raw_dir / "sample_submission.csv")
    assert frame.columns.tolist() == template.columns.tolist()[: frame.shape[1]]
    assert frame["id"].tolist() == template["id"].tolist()
    assert np.isfinite(frame.drop(columns="id").to_numpy()).all()
    assert (latest / "manifest.json").is_file()


def test_raw_tables_keep_names_hash_and_row_number(graph: GraphRun, raw_dir: Path) -> None:
    rows = graph.table("raw_qa")
    assert {"questions", "category", "answers"} <= set(rows.columns)
    assert set(rows["file_sha256"]) == {file_hash(raw_dir / "train.csv")}
    assert rows["row_number"].tolist() == list(range(1, len(rows) + 1))


def test_each_answer_names_what_it_came_from(graph: GraphRun) -> None:
    answers = graph.table("generated_answers")
    ids = set(graph.table("raw_qa")["id"])
    adapter = graph.data_versions["lora_adapter"]
    for answer in answers.itertuples():
        assert set(answer.retrieved_ids) <= ids
        assert len(answer.parts) == len(answer.prompts) == len(answer.origins)
        assert all(
            part in prompt for part, prompt in zip(answer.parts, answer.prompts, strict=True)
        )
        assert answer.adapter_fingerprint == adapter
        assert answer.answer


def test_validation_rows_reach_no_training_asset(graph: GraphRun) -> None:
    folds = graph.table("qa_folds").set_index("id")["split"]
    pairs = graph.table("paired_questions")
    assert {folds[key] for own in pairs["source_ids"] for key in own} == {"training"}
    candidates = graph.table("validation_candidates").dropna(subset=["source_id"])
    split_of = graph.table("held_out_questions").set_index("id")["split"]
    seen = zip(candidates["question_id"], candidates["source_id"], strict=True)
    pairs_of_splits = {(split_of[question], folds[source]) for question, source in seen}
    assert ("validation", "validation") not in pairs_of_splits
    assert {source for split, source in pairs_of_splits if split == "calibration"} == {"training"}


def test_a_second_run_does_no_work(
    graph: GraphRun, raw_dir: Path, instance: dg.DagsterInstance
) -> None:
    again = run_graph(graph.settings.lake_dir, raw_dir, instance)
    assert set(again.statuses.values()) == {"reused"}
    assert again.data_versions == graph.data_versions


def test_the_same_input_gives_the_same_bytes(graph: GraphRun, undisturbed: Reference) -> None:
    """Whatever the settings say that are in no name, but for the steps that the losses show."""
    here, there = graph.lake, Lake(undisturbed.lake, graph.lake.profile)
    assert undisturbed.ended.statuses == graph.statuses
    assert submitted(undisturbed.lake) == graph.submission
    for asset in graph.statuses:
        one, other = here.live(asset), there.live(asset)
        assert one.fingerprint == other.fingerprint
        names = one.checksums.keys() | other.checksums.keys()
        differing = {name for name in names if one.checksums[name] != other.checksums[name]}
        if differing == {"table"}:
            pd.testing.assert_frame_equal(timeless(here, asset), timeless(there, asset))
        else:
            assert differing <= LOSSES, asset


def timeless(lake: Lake, asset: str) -> pd.DataFrame:
    """The rows of a table, without what a clock tells."""
    return lake.table(lake.live(asset)).drop(columns=["seconds", "date"], errors="ignore")


def test_what_is_moved_is_all_that_shapes_nothing() -> None:
    names = {
        f"{section}.{name}"
        for section, own in SHAPING_NOTHING.items()
        for name in pd.json_normalize(own).columns
    }
    assert names == {move.name for move in moves() if move.shapes_nothing} - {"training.report_to"}


def test_settings_of_other_work_train_nothing(
    graph: GraphRun, raw_dir: Path, instance: dg.DagsterInstance
) -> None:
    trained = ("pretraining_corpus", "base_model", "adapter_examples", "lora_adapter")
    run = run_graph(
        graph.settings.lake_dir,
        raw_dir,
        instance,
        select=dg.AssetSelection.assets(*trained),
        training={"examples_drift": 0.2},
        blend={"unknown_weight": 3.0},
    )
    assert run.statuses == dict.fromkeys(trained, "reused")


def test_one_asset_uses_what_is_in_the_lake(
    graph: GraphRun, raw_dir: Path, instance: dg.DagsterInstance
) -> None:
    alone = run_graph(
        graph.settings.lake_dir, raw_dir, instance, select=dg.AssetSelection.assets("submission")
    )
    assert alone.statuses == {"submission": "reused"}


def test_one_asset_on_an_empty_lake_names_what_is_missing(
    raw_dir: Path, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    run = run_graph(tmp_path, raw_dir, instance, select=dg.AssetSelection.assets("submission"))
    assert list(run.failures) == ["submission"]
    assert "'answer_embeddings' is not in the lake" in run.failures["submission"]
    assert "Make all that 'submission' needs with: hansol refresh" in run.failures["submission"]


def test_a_file_that_breaks_the_contract_leaves_the_table(
    graph: GraphRun, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    before = graph.table("raw_qa")
    broken = write_raw_files(tmp_path, rows=24, questions=6)
    text = (broken / "train.csv").read_text(encoding="utf-8")
    (broken / "train.csv").write_text(text.replace("TRAIN_003,", "TRAIN_002,"), encoding="utf-8")
    run = run_graph(
        graph.settings.lake_dir, broken, instance, select=dg.AssetSelection.assets("raw_qa")
    )
    assert "TRAIN_002" in run.failures["raw_qa"]
    pd.testing.assert_frame_equal(graph.table("raw_qa"), before)


def test_a_template_that_does_not_fit_keeps_the_last_submission(
    graph: GraphRun, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    before = graph.submission
    other = write_raw_files(tmp_path, rows=24, questions=6)
    text = (other / "sample_submission.csv").read_text(encoding="utf-8")
    (other / "sample_submission.csv").write_text(text.replace("TEST_001", "TEST_999"), "utf-8")
    run = run_graph(
        graph.settings.lake_dir, other, instance, select=dg.AssetSelection.assets("submission")
    )
    assert run.checks == {"submission:fits_template": False}
    assert "1 ids are missing: TEST_999" in run.failures["submission"]
    assert graph.submission == before


def test_a_final_fit_trains_on_all_rows(
    graph: GraphRun, raw_dir: Path, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake = tmp_path / "lake"
    shutil.copytree(graph.settings.lake_dir, lake, symlinks=True)
    own = dg.AssetSelection.assets("final_examples", "final_adapter", "test_candidates")
    run = run_graph(lake, raw_dir, instance, select=own, final_fit=True)
    assert run.failures == {}
    assert run.statuses == dict.fromkeys(run.statuses, "new")
    assert len(run.statuses) == 3
    assert "same_as" not in run.metadata["final_adapter"]
    read = {key for keys in run.table("final_examples")["read"] for key in keys}
    rows = graph.table("qa_folds")
    held_out = rows[rows["split"] == "validation"]["questions"].explode()
    assert read.intersection(text_keys(held_out))
    assert run.table("final_examples")["split"].unique().tolist() == ["training"]


def test_a_tokenizer_that_loses_characters_fails_the_check_and_trains_nothing(
    graph: GraphRun, raw_dir: Path, tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    lake, model = tmp_path / "lake", tmp_path / "model"
    shutil.copytree(graph.settings.lake_dir, lake, symlinks=True)
    shutil.copytree(graph.metadata["base_model"]["path"], model)
    tokenizer = json.loads((model / "tokenizer.json").read_text(encoding="utf-8"))
    tokenizer["normalizer"] = {"type": "Replace", "pattern": {"String": "다"}, "content": ""}
    (model / "tokenizer.json").write_text(json.dumps(tokenizer), encoding="utf-8")
    run = run_graph(
        lake,
        raw_dir,
        instance,
        select=dg.AssetSelection.assets("base_model", "lora_adapter"),
        base_model={
            "kind": "hub",
            "hub": {"model_id": str(model)},
            "loading": {"tokenizer": {"loader": "fast"}},
        },
    )
    assert run.checks["lora_adapter:examples_are_encoded_soundly"] is False
    assert "do not survive encoding and decoding; lost: 다" in run.failures["lora_adapter"]
    assert "lora_adapter" not in run.metadata
