"""The command line on the graph that was run once."""

import json
import os
import re
import shutil
import socket
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from hansol_assets.assets.groups import declarations
from hansol_assets.cli.main import app
from hansol_assets.cli.output import console
from hansol_assets.cli.runs import outcome
from hansol_assets.lake.making import find_up_to_date
from hansol_assets.lake.store import Lake
from hansol_assets.settings import FRESH_HOURS, load_settings
from hansol_assets_tests.embedding.models import static_model
from hansol_assets_tests.graph import SMALL_PROFILE, GraphRun

pytestmark = pytest.mark.slow

ANSWER_KEYS = {
    "question",
    "answer",
    "verdict",
    "confidence",
    "needs_review",
    "quotes",
    "nearest",
}
VERDICTS = ("answered", "related", "unanswered")


@pytest.fixture
def run(graph: GraphRun, raw_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("HANSOL_PROFILE", str(SMALL_PROFILE))
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(graph.settings.lake_dir))
    monkeypatch.setenv("HANSOL_RAW_DIR", str(raw_dir))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    # What other tests of this process left behind must not decide how wide a line is.
    monkeypatch.setattr(console, "_width", None)
    monkeypatch.setattr(console, "_environ", os.environ)

    def invoke(*arguments: object) -> Result:
        return CliRunner().invoke(app, [str(item) for item in arguments])

    return invoke


@pytest.fixture
def references(graph: GraphRun, tmp_path: Path) -> Path:
    """The validation questions' references as a file, some cells empty."""
    questions = graph.table("held_out_questions")
    frame = pd.DataFrame(
        [list(own) for own in questions["references"]],
        columns=[f"답변_{place}" for place in range(1, 6)],
    )
    frame.insert(0, "id", questions["id"])
    frame.loc[0, "답변_5"] = ""
    path = tmp_path / "references.csv"
    frame.to_csv(path, index=False)
    return path


def submission_of(references: Path, vectors: np.ndarray) -> Path:
    ids = pd.read_csv(references)["id"]
    frame = pd.DataFrame(vectors, columns=[f"vec_{place}" for place in range(vectors.shape[1])])
    frame.insert(0, "id", ids)
    path = references.with_name("submission.csv")
    frame.to_csv(path, index=False)
    return path


def test_score_judges_a_submission_that_this_project_did_not_make(
    run: Any, references: Path
) -> None:
    count = len(pd.read_csv(references))
    vectors = np.random.default_rng(0).normal(size=(count, 512))
    result = run("score", submission_of(references, vectors), references, "--json")
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    assert report["judge"] == "muse 0.2.1"
    assert set(report) >= {
        "private",
        "public",
        "centroid",
        "human",
        "ceiling",
        "parity",
        "interval",
    }
    assert abs(report["private"]) < 0.1 < report["centroid"] < report["ceiling"] <= 1
    assert report["interval"][0] <= report["private"] <= report["interval"][1]
    assert report["n"] == count


def test_score_tells_the_questions_apart_that_the_table_knows(
    run: Any, graph: GraphRun, references: Path
) -> None:
    answered = graph.table("generated_answers")[["id", "confidence"]]
    frame = pd.read_csv(references).iloc[: len(answered)]
    frame.assign(id=answered["id"]).to_csv(references, index=False)
    path = submission_of(references, np.ones((len(frame), 512)))
    kinds = json.loads(run("score", path, references, "--json").stdout)["kinds"]

    known = int((answered["confidence"] >= graph.settings.verdicts.answered_from).sum())
    sizes = {"known": known, "unknown": len(answered) - known}
    assert {kind: own["n"] for kind, own in kinds.items()} == {k: n for k, n in sizes.items() if n}
    shown = " ".join(run("score", path, references).output.split())
    assert "that the table" in shown


@pytest.mark.parametrize(
    ("width", "dropped", "message"),
    [(512, 1, "has no vector for 1 questions"), (384, 0, "384 dimensions, the embedder's 512")],
)
def test_score_refuses_what_does_not_belong_together(
    run: Any, references: Path, width: int, dropped: int, message: str
) -> None:
    count = len(pd.read_csv(references))
    path = submission_of(references, np.ones((count, width)))
    frame = pd.read_csv(path)
    frame.iloc[dropped:].to_csv(path, index=False)
    result = run("score", path, references)
    assert result.exit_code == 1
    assert message in " ".join(result.output.split())


def test_explain_names_rows_votes_weights_versions_and_files(run: Any, graph: GraphRun) -> None:
    result = run("explain", "TEST_000", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    answers = graph.table("generated_answers").set_index("id")
    assert found["answer"] == answers.loc["TEST_000", "answer"]
    assert [part["question"] for part in found["parts"]] == list(answers.loc["TEST_000", "parts"])
    for part in found["parts"]:
        assert sum(candidate["chosen"] for candidate in part["candidates"]) == 1
        assert part["retrieved"][0]["source_id"].startswith("TRAIN_")
    assert found["versions"]["lora_adapter"] == graph.data_versions["lora_adapter"]
    assert set(found["files"]) == {"train_csv", "test_csv"}
    assert sum(found["blend_weights"].values()) == pytest.approx(1)


def test_explain_prints_a_page_and_knows_validation_questions(run: Any, graph: GraphRun) -> None:
    question = graph.table("validation_answers").iloc[0]
    result = run("explain", question["id"])
    assert result.exit_code == 0, result.output
    assert "validation_answers" in result.output
    assert "blend_weights" in result.output


def test_ask_answers_what_no_file_holds(run: Any, graph: GraphRun) -> None:
    result = run("ask", "벽지를 바르기 전에 무엇을 하나요?", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert set(found) >= ANSWER_KEYS
    assert found["answer"]
    assert found["verdict"] in VERDICTS
    assert 0 < found["confidence"] < 1
    assert bool(found["quotes"]) == (found["verdict"] != "unanswered")
    rows = graph.table("raw_qa").set_index("id")
    for row in (*found["quotes"], *found["nearest"]):
        assert row["source_question"] == rows.loc[row["source_id"], "questions"][0]
    probabilities = [row["probability"] for row in found["nearest"]]
    assert 0 < len(probabilities) <= 3
    assert probabilities == sorted(probabilities, reverse=True)


def test_ask_answers_a_file_line_by_line(run: Any, graph: GraphRun, tmp_path: Path) -> None:
    row = graph.table("raw_qa").iloc[3]
    questions = [row["questions"][0], "자동차 엔진오일은 언제 교체하나요?", "줄눈 [b]?"]
    path = tmp_path / "questions.txt"
    path.write_text("\n".join(["", f"  {questions[0]}  ", *questions[1:], " ", ""]), "utf-8-sig")

    result = run("ask", "--file", path, "--json")
    assert result.exit_code == 0, result.output
    found = [json.loads(line) for line in result.stdout.splitlines()]
    assert [answer["question"] for answer in found] == questions
    assert all(set(answer) >= ANSWER_KEYS for answer in found)
    assert [answer["verdict"] for answer in found[:2]] == ["answered", "unanswered"]
    assert found[0]["quotes"][0]["source_id"] == row["id"]
    assert found[0]["answer"] in list(row["answers"])

    told = run("ask", "--file", path)
    assert told.exit_code == 0, told.output
    for question in questions:
        assert question in told.output


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"\n  \n", "holds no question"), ("왜?".encode("cp949"), "is not UTF-8 text")],
)
def test_a_file_without_questions_is_told(
    run: Any, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "questions.txt"
    path.write_bytes(content)
    result = run("ask", "--file", path)
    assert result.exit_code == 1
    assert said in " ".join(result.output.split())
    assert "exclude each other" in " ".join(run("ask", "왜?", "--file", path).output.split())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no question"),
        ([" "], "there is no question"),
        (["가" * 1001], "the question has 1001 characters, of 1000 at most"),
        (["질문?", "--serve"], "--serve takes neither a question nor --json"),
        (["--serve", "--json"], "--serve takes neither a question nor --json"),
    ],
)
def test_what_cannot_be_asked_is_told(run: Any, arguments: list[str], said: str) -> None:
    result = run("ask", *arguments)
    assert result.exit_code == 1
    assert said in result.output
    assert "Traceback" not in result.output


def test_a_taken_port_is_told_before_models_are_loaded(run: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run("ask", "--serve", "--port", taken.getsockname()[1])
    assert result.exit_code == 1
    assert "Address already in use" in result.output
    assert "name another one with --port" in result.output
    assert "loaded" not in result.output


def test_a_page_needs_models(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "manifests").mkdir()
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(tmp_path))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    result = run("ask", "--serve", "--port", port)
    assert result.exit_code == 1
    assert "'retrieval_index' is not in the lake" in result.output


def test_review_lists_the_queue_and_writes_it(run: Any, graph: GraphRun) -> None:
    doubtful = graph.table("generated_answers")["needs_review"].sum()
    result = run("review", "--json")
    assert result.exit_code == 0, result.output
    assert len(json.loads(result.stdout)) == doubtful
    assert f"{doubtful} answers need review" in run("review").output


WIDTHS = (60, 80, 120)


def on_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", WIDTHS)
def test_what_is_quoted_is_shown_whole_and_broken_between_words_alone(
    run: Any, monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("HANSOL_VERDICTS__REVIEW_BELOW", "1")
    asked = "오래 써도 누렇게 변하지 않는 벽지가 있나요? 그리고 [실크]벽지는 어떻게 청소하나요?"
    found = json.loads(run("ask", asked, "--json").stdout)
    explained = json.loads(run("explain", "TEST_000", "--json").stdout)
    queue = json.loads(run("review", "--json").stdout)
    parts = explained["parts"]
    quoted = {
        ("ask", asked): [found["answer"], *(quote["text"] for quote in found["quotes"])],
        ("explain", "TEST_000"): [
            *(explained[name] for name in ("question", "answer")),
            *(quote["text"] for quote in explained["quotes"]),
            *(part["question"] for part in parts),
            *(item["text"] for part in parts for item in part["candidates"] if item["chosen"]),
        ],
        ("review",): [row[name] for row in queue for name in ("question", "draft")],
    }
    for command, texts in quoted.items():
        shown = run(*command).output
        # Hashes of files are there to be copied.
        lines = [line for line in shown.splitlines() if not re.search(r" [0-9a-f]{64}$", line)]
        assert max(map(cell_len, lines)) <= width, command
        for text in texts:
            assert on_one_line(text) in on_one_line(shown), command


def test_what_is_there_to_be_copied_is_on_one_line(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("HANSOL_PROFILE", "qwen3-4b")
    monkeypatch.setenv("HF_HOME", "/nowhere")
    lines = run("doctor").output.splitlines()
    (command,) = [line for line in lines if "hf download" in line]
    assert command.endswith('--include "NOTICE*"')
    assert max(len(line) for line in lines if line.startswith(("training", "base model"))) <= 60


def test_a_folder_without_a_lake_is_not_whole(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(tmp_path / "nowhere"))
    for command in (("lake", "verify"), ("lake", "status"), ("review",), ("explain", "TEST_000")):
        result = run(*command)
        assert result.exit_code == 1
        assert "there is no lake at" in result.output
        assert not (tmp_path / "nowhere").exists()


def test_the_id_of_a_question_is_found_in_any_case(run: Any) -> None:
    assert json.loads(run("explain", "test_000", "--json").stdout)["id"] == "TEST_000"


def test_a_judge_of_another_space_scores_no_vectors(
    run: Any, references: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    static_model(64).save_pretrained(str(tmp_path / "judge"), create_model_card=False)
    judge = {"kind": "hub", "model_id": str(tmp_path / "judge"), "dimensions": 64}
    monkeypatch.setenv("HANSOL_SCORES__JUDGE", json.dumps(judge))
    vectors = np.ones((len(pd.read_csv(references)), 512))
    result = run("score", submission_of(references, vectors), references)
    assert result.exit_code == 1
    assert "vectors of two spaces cannot be compared" in " ".join(result.output.split())


def test_a_folder_in_place_of_a_file_is_told(run: Any, references: Path) -> None:
    result = run("score", references.parent, references)
    assert result.exit_code == 1
    assert "is a folder" in result.output


def test_tables_and_cards_fit_a_terminal_and_cut_no_word(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    output = run("profiles").output
    assert all(len(line) <= 80 for line in output.splitlines())
    assert "google/gemma-2b" in output
    assert "…" not in output
    names = [row["profile"] for row in json.loads(run("profiles", "--json").stdout)]
    assert "tiny" in names


def test_explain_names_the_nearest_question(run: Any) -> None:
    result = run("explain", "TEST_0O0")
    assert result.exit_code == 1
    assert "the nearest are TEST_00" in result.output


def test_refresh_ends_with_the_scores_and_the_submission(
    run: Any, graph: GraphRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "home"))
    result = run("refresh")
    assert result.exit_code == 0, result.output
    assert "reused  submission" in result.output
    assert "submission (blend)" in result.output
    assert str(graph.lake.paths.latest_submission / "submission.csv") in result.output
    is_unknown = graph.table("leaderboard")["parity"].isna().all()
    assert ("parity is not measurable here" in result.output) == is_unknown


def test_without_a_test_file_a_run_names_what_it_made(graph: GraphRun) -> None:
    made = dict(outcome(graph.lake, has_questions=False))
    assert "no test file (test.*)" in made["no submission"]
    assert str(graph.lake.paths.warehouse) in made["leaderboard"]
    assert (Path(made["adapter"].split(" (")[0]) / "adapter_model.safetensors").is_file()
    assert "submission" not in made


def test_promote_publishes_the_live_submission(run: Any, graph: GraphRun) -> None:
    result = run("promote")
    assert result.exit_code == 0, result.output
    assert "submission.csv" in result.output


def test_a_wrong_setting_is_one_message(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HANSOL_TRAINING__EPOCH", "3")
    result = run("promote")
    assert result.exit_code == 1
    assert "did you mean 'training.epochs'" in " ".join(result.output.split())


def test_the_lake_is_listed_and_whole(run: Any) -> None:
    listed = run("lake", "status")
    assert listed.exit_code == 0, listed.output
    lines = listed.output.splitlines()
    (line,) = [line for line in lines if line.startswith("validation_candidates ")]
    assert " small " in line
    assert max(map(len, lines[: lines.index("")])) <= 80
    assert "in all" in listed.output
    assert "warehouse.duckdb" in listed.output
    checked = run("lake", "verify")
    assert (checked.exit_code, checked.output) == (0, "the lake is whole\n")


def test_profiles_are_listed_with_memory_and_licence(run: Any) -> None:
    result = run("profiles")
    assert result.exit_code == 0, result.output
    for text in ("tiny", "gemma-7b", "kogpt2", "(gated)", "GiB"):
        assert text in result.output


def test_doctor_says_whether_the_profile_fits(run: Any) -> None:
    result = run("doctor")
    assert result.exit_code == 0, result.output
    assert "fits" in result.output
    assert "nothing is missing" in result.output


def test_an_exported_adapter_is_one_that_plain_peft_reads(run: Any, tmp_path: Path) -> None:
    from peft import PeftConfig

    result = run("export", "adapter", tmp_path / "adapter")
    assert result.exit_code == 0, result.output
    assert PeftConfig.from_pretrained(tmp_path / "adapter").r == 8


def test_an_exported_model_is_one_that_plain_transformers_loads(run: Any, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    result = run("export", "model", tmp_path / "model")
    assert result.exit_code == 0, result.output
    assert AutoModelForCausalLM.from_pretrained(tmp_path / "model").num_parameters() > 0


@pytest.fixture
def lake(run: Any, graph: GraphRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A copy of the lake, which the commands find."""
    copy = Lake(tmp_path / "lake", graph.settings.profile_name)
    shutil.copytree(graph.settings.lake_dir, copy.paths.root, symlinks=True)
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(copy.paths.root))
    monkeypatch.setenv("DAGSTER_HOME", str(copy.paths.dagster_home))
    return copy


def recorded_runs() -> int:
    with dg.DagsterInstance.get() as instance:
        return len(instance.get_run_ids())


def told_lines(result: Result) -> set[str]:
    """The lines of assets and checks; their order is Dagster's, or the graph's."""
    assert result.exit_code == 0, result.output
    starts = ("reused", "check", "new", "updated")
    return {line.rstrip() for line in result.output.splitlines() if line.startswith(starts)}


def test_a_refresh_in_which_nothing_is_to_be_done_needs_no_run(
    run: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(**_: object) -> None:
        raise OSError(30, "Read-only file system")

    first = run("refresh")
    runs = recorded_runs()
    assert told_lines(run("refresh")) == told_lines(first)
    assert recorded_runs() == runs
    monkeypatch.setattr("hansol_assets.lake.disk.TemporaryFile", refused)
    assert run("refresh").exit_code == 0
    assert "the disk is read-only" in run("refresh", "--force").output


def damage_an_artifact(lake: Lake) -> None:
    embeddings = lake.live("answer_embeddings")
    folder = lake.paths.artifact(embeddings.asset, embeddings.fingerprint)
    next(folder.glob("*.parquet")).write_bytes(b"damaged")


def test_a_damaged_result_is_made_again(run: Any, lake: Lake) -> None:
    """Whatever else asks for a run is in `lake/test_making.py`."""
    run("refresh")
    assert stands(lake)
    damage_an_artifact(lake)
    assert not stands(lake)
    again = run("refresh")
    assert again.exit_code == 0, again.output
    assert stands(lake)


def stands(lake: Lake) -> bool:
    home = Path(os.environ["DAGSTER_HOME"])
    done = find_up_to_date(declarations(), lake, load_settings(), home, FRESH_HOURS / 2)
    return done is not None


def test_cross_validation_judges_every_rotation_and_comes_back(
    run: Any, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two folds of four validate, so that there are two rotations.
    monkeypatch.setenv("HANSOL_FOLDS__COUNT", "4")
    monkeypatch.setenv("HANSOL_FOLDS__VALIDATION", "2")
    with monkeypatch.context() as failing:
        failing.setenv("HANSOL_TRAINING__PRECISION", "fp16")
        require_results_kept_where_a_rotation_fails(run, lake)
    known = lake.live("raw_qa").fingerprint
    forced = run("refresh", "--force")
    assert "new     raw_qa" in forced.output, forced.output
    assert lake.live("raw_qa").fingerprint == known
    before = lake.live("validation_scores")
    earlier = (lake.table(lake.live("leaderboard"))["kind"] == "experiment").sum()
    assert stands(lake)
    result = run("cross-validate")
    assert result.exit_code == 0, result.output
    assert {"known_parity", "unknown_parity", "mean"} <= set(result.output.split())
    # Runs of a part take away the note that all stands.
    assert not stands(lake)
    assert lake.live("validation_scores") == before
    board = lake.table(lake.live("leaderboard"))
    # The profile's own deal is the first rotation.
    assert (board["kind"] == "experiment").sum() == earlier + 1


def require_results_kept_where_a_rotation_fails(run: Any, lake: Lake) -> None:
    live = lake.paths.live_pointers / lake.profile
    before = {path.name: path.read_bytes() for path in live.iterdir()}
    result = run("cross-validate")
    assert result.exit_code == 1
    assert "fp16" in result.output
    assert {path.name: path.read_bytes() for path in live.iterdir()} == before
    rotation = Lake(lake.paths.root, f"{lake.profile}+rotation-0")
    assert rotation.live("qa_folds") != lake.live("qa_folds")
