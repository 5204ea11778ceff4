"""Damage to what is stored: found before use, set aside, and rebuilt to the same bytes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from hansol_assets.answering.publishing import RETENTION
from hansol_assets.answering.searching import index_table
from hansol_assets.embedding.e5 import DIMENSIONS
from hansol_assets.lake.duckdb_file import quoted
from hansol_assets.lake.inventory import lake_status, verify
from hansol_assets.lake.lake_errors import CorruptArtifactError
from hansol_assets.lake.pruning import prune
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import ForkServer, submitted

pytestmark = pytest.mark.slow

ARTIFACTS = {
    "answer_embedder": "installed.json",
    "retriever": "installed.json",
    "answerability": "model.safetensors",
    "base_model": "model.safetensors",
    "lora_adapter": "adapter_model.safetensors",
    "vector_blend": "blend/values.json",
    "retrieval_index": "index.json",
    "answer_embeddings": "embeddings.parquet",
    "submission": "submission.csv",
}
"""Artifact → a file of it."""

DUCKDB_BLOCK = 2**18
NAMED_BY_CONTENT = {
    "known_share",
    "reviewed_answers",
    "question_mix",
    "pretraining_corpus",
    "adapter_examples",
    "final_examples",
}
"""May be worked out again and still be reused, so that no beginning is counted."""


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES: tuple[Callable[[Path], None], ...] = (flip, empty, Path.unlink)


@pytest.fixture
def lake(undisturbed: Reference, tmp_path: Path) -> Lake:
    shutil.copytree(undisturbed.lake, tmp_path / "lake", symlinks=True)
    return Lake(tmp_path / "lake", "small")


def artifact_file(lake: Lake, asset: str) -> Path:
    folder = lake.paths.artifact(asset, lake.live(asset).fingerprint)
    return next(folder.rglob(ARTIFACTS[asset]))


def lance_files(lake: Lake) -> list[Path]:
    names = sorted(lake.live("retrieval_index").lancedb_files)
    return [lake.paths.lancedb / name for name in names]


@pytest.mark.parametrize("damage", DAMAGES, ids=["flip", "empty", "remove"])
@pytest.mark.parametrize("asset", ARTIFACTS)
def test_a_damaged_artifact_is_never_loaded(
    lake: Lake, asset: str, damage: Callable[[Path], None]
) -> None:
    damage(artifact_file(lake, asset))
    manifest = lake.live(asset)
    (problem,) = verify(lake)
    assert (problem.asset, problem.version) == manifest.key
    assert "run 'hansol refresh'" in str(problem)
    with pytest.raises(CorruptArtifactError, match=r"is damaged: .* Run again: it is rebuilt"):
        lake.artifact(manifest)
    assert (lake.paths.damaged / f"{asset}-{manifest.fingerprint}").is_dir()


def test_every_file_that_the_index_needs_is_watched(lake: Lake) -> None:
    import lancedb

    manifest = lake.live("retrieval_index")
    watched = lance_files(lake)
    for path in (lake.paths.lancedb / f"{index_table(DIMENSIONS)}.lance").rglob("*"):
        if path.is_file() and path not in watched:
            path.unlink()
    index = json.loads(artifact_file(lake, "retrieval_index").read_text(encoding="utf-8"))
    table = lancedb.connect(str(lake.paths.lancedb)).open_table(index_table(DIMENSIONS))
    table.checkout(index["version"])
    assert table.count_rows() == len(table.to_arrow()) == lake.live("raw_qa").facts["rows"]
    assert table.search("벽지", query_type="fts").limit(1).to_list()
    assert lake.is_whole(manifest)
    for path in watched:
        content = path.read_bytes()
        flip(path)
        assert not lake.is_whole(manifest)
        path.write_bytes(content)


def test_everything_damaged_at_once_is_rebuilt_to_the_same_bytes(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, lake: Lake
) -> None:
    for number, asset in enumerate(ARTIFACTS):
        DAMAGES[number % len(DAMAGES)](artifact_file(lake, asset))
    changed = f"validation_answers@{lake.live('validation_answers').fingerprint}"
    gone = f"qa_folds@{lake.live('qa_folds').fingerprint}"
    with duckdb.connect(str(lake.paths.warehouse)) as connection:
        connection.execute(f"update versions.{quoted(changed)} set answer = '아닙니다.'")
        connection.execute(f"drop table versions.{quoted(gone)}")
    flip(lake.paths.manifest("raw_questions", lake.live("raw_questions").fingerprint))
    damaged = {*ARTIFACTS, "validation_answers", "qa_folds", "raw_questions"}
    assert {problem.asset for problem in verify(lake)} == damaged

    ended = server.run(lake.paths.root, raw_dir)
    assert ended.failures == {}
    assert set(ended.begun) == damaged
    assert submitted(lake.paths.root) == submitted(undisturbed.lake)
    assert verify(lake) == []
    assert list(lake.paths.damaged.iterdir())


@pytest.mark.parametrize(
    ("damage", "rebuilt"),
    [
        (lambda lake: shutil.rmtree(lake.paths.lancedb), {"retrieval_index"}),
        (lambda lake: flip(lance_files(lake)[-1]), {"retrieval_index"}),
    ],
    ids=["no database", "flipped data"],
)
def test_a_damaged_index_is_rebuilt(
    server: ForkServer,
    undisturbed: Reference,
    raw_dir: Path,
    lake: Lake,
    damage: Callable[[Lake], None],
    rebuilt: set[str],
) -> None:
    damage(lake)
    ended = server.run(lake.paths.root, raw_dir)
    assert (ended.failures, set(ended.begun)) == ({}, rebuilt)
    assert submitted(lake.paths.root) == submitted(undisturbed.lake)
    assert verify(lake) == []


def flip_header(path: Path) -> None:
    """Flips a byte without which the file cannot be opened."""
    content = bytearray(path.read_bytes())
    content[4200] ^= 1
    path.write_bytes(bytes(content))


def flip_blocks(path: Path) -> None:
    """Flips a byte in each block of the file's second half: a single one may be free."""
    content = bytearray(path.read_bytes())
    for offset in range(len(content) // 2, len(content), DUCKDB_BLOCK):
        content[offset] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("damage", [flip_header, flip_blocks])
def test_a_damaged_warehouse_is_rebuilt(
    server: ForkServer,
    undisturbed: Reference,
    raw_dir: Path,
    lake: Lake,
    damage: Callable[[Path], None],
) -> None:
    damage(lake.paths.warehouse)
    damaged = {problem.asset for problem in verify(lake)}
    assert damaged
    # It was only looked at.
    assert not lake.paths.damaged.exists()
    ended = server.run(lake.paths.root, raw_dir)
    assert (ended.failures, set(ended.begun)) == ({}, damaged - NAMED_BY_CONTENT)
    assert submitted(lake.paths.root) == submitted(undisturbed.lake)
    assert verify(lake) == []


def test_pruning_a_real_lake_keeps_it_whole(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, lake: Lake, tmp_path: Path
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(raw_dir, changed)
    text = (changed / "train.csv").read_text(encoding="utf-8")
    # So much is changed that the models are trained anew, and the former ones are no longer needed.
    text = text.replace("합니다.", "하면 됩니다.")
    (changed / "train.csv").write_text(text, encoding="utf-8")
    assert server.run(lake.paths.root, changed).failures == {}
    status = lake_status(lake).groupby("asset")["fingerprint"].count()
    assert status["retrieval_index"] == status["submission"] == 2

    report = prune(lake, 1, RETENTION)
    assert verify(lake) == []
    assert report.cached_rows > 0
    left = lake_status(lake).groupby("asset")["fingerprint"].count()
    assert set(left.index) == set(status.index)
    assert left.drop("validation_scores").max() == 1
    assert left["validation_scores"] == 2
    assert report.freed > 0
    again = server.run(lake.paths.root, changed)
    assert (again.failures, again.begun) == ({}, [])
    back = server.run(lake.paths.root, raw_dir)
    assert back.failures == {}
    assert {"retrieval_index", "submission"} <= set(back.begun)
    # Of the changed rows the scores were better: what was made is not what is published.
    made = lake.artifact(lake.live("submission")) / "submission.csv"
    assert made.read_bytes() == submitted(undisturbed.lake)
