"""Damage to what is stored: found before use, set aside, and rebuilt to the same bytes."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from hansol_assets.answering.searching import index_table
from hansol_assets.embedding.e5 import DIMENSIONS
from hansol_assets.lake.duckdb_file import quoted
from hansol_assets.lake.inventory import verify
from hansol_assets.lake.lake_errors import CorruptArtifactError
from hansol_assets.lake.store import Lake
from hansol_assets_tests.faults.fixtures import Reference
from hansol_assets_tests.faults.runs import ForkServer, submitted

pytestmark = pytest.mark.slow

ARTIFACTS = {
    "answer_embedder": "installed.json",
    "retriever": "installed.json",
    "answerability": "model/arrays.safetensors",
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
def test_a_damaged_artifact_is_never_loaded(lake: Lake, damage: Callable[[Path], None]) -> None:
    manifests = {asset: lake.live(asset) for asset in ARTIFACTS}
    for asset in ARTIFACTS:
        damage(artifact_file(lake, asset))
    problems = verify(lake)
    assert sorted((problem.asset, problem.version) for problem in problems) == sorted(
        manifest.key for manifest in manifests.values()
    )
    assert all("run 'hansol refresh'" in str(problem) for problem in problems)
    for asset, manifest in manifests.items():
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


def test_a_damaged_index_is_rebuilt(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, lake: Lake
) -> None:
    for damage in (
        lambda: shutil.rmtree(lake.paths.lancedb),
        lambda: flip(lance_files(lake)[-1]),
    ):
        damage()
        ended = server.run(lake.paths.root, raw_dir)
        assert (ended.failures, ended.begun) == ({}, ["retrieval_index"])
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


def damaged_warehouse(lake: Lake, damage: Callable[[Path], None]) -> set[str]:
    """Damages a lake's warehouse, and returns whose rows are lost."""
    damage(lake.paths.warehouse)
    lost = {problem.asset for problem in verify(lake)}
    # It was only looked at.
    assert not lake.paths.damaged.exists()
    return lost


def test_a_warehouse_with_damaged_blocks_is_rebuilt(
    server: ForkServer, undisturbed: Reference, raw_dir: Path, lake: Lake
) -> None:
    lost = damaged_warehouse(lake, flip_blocks)
    assert lost
    ended = server.run(lake.paths.root, raw_dir)
    assert (ended.failures, set(ended.begun)) == ({}, lost - NAMED_BY_CONTENT)
    assert submitted(lake.paths.root) == submitted(undisturbed.lake)
    assert verify(lake) == []


def test_a_warehouse_that_cannot_be_opened_is_begun_anew(
    server: ForkServer, raw_dir: Path, lake: Lake
) -> None:
    lost = damaged_warehouse(lake, flip_header)
    tables = {"raw_questions", "raw_qa", "qa_folds"}
    assert tables < lost
    good = {table: lake.live(table).checksums for table in tables}
    ended = server.run(lake.paths.root, raw_dir, select=["reviewed_answers", *tables])
    assert (ended.failures, set(ended.begun)) == ({}, tables)
    assert {table: lake.live(table).checksums for table in tables} == good
    # What was not asked for is still known to be lost.
    left = {problem.asset for problem in verify(lake)}
    assert lost - tables - {"reviewed_answers"} == left - {"reviewed_answers"}
