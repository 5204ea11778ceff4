"""What is in the lake, proving it, and removing what nobody uses."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from filelock import FileLock

from hansol_assets.answering.publishing import RETENTION, publish_live
from hansol_assets.lake.inventory import lake_status, verify
from hansol_assets.lake.manifest import Manifest, ancestry
from hansol_assets.lake.pruning import STALE_SECONDS, prune
from hansol_assets.lake.reports import Report, TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets_tests.lake.handmade import make_artifact, make_table

CHAIN = ("raw_qa", "base_model", "validation_scores", "submission")
"""Each made from the one before."""


def make(lake: Lake, version: int) -> dict[str, Manifest]:
    """Makes one version of every asset of the chain, and publishes the submission."""
    made: dict[str, Manifest] = {}
    inputs: dict[str, str] = {"train_csv": str(version)}
    for asset in CHAIN:
        task = Task(asset, "1", {"profile": lake.profile}, inputs)
        outcome = (
            make_artifact(lake, task, lambda folder: folder_of(folder, version))
            if asset in ("base_model", "submission")
            else make_table(lake, task, lambda: TableReport(frame=frame_of(version)))
        )
        made[asset] = aged(lake, outcome.manifest, version)
        inputs = {asset: outcome.manifest.fingerprint}
    publish_live(lake)
    return made


def folder_of(folder: Path, version: int) -> Report:
    for name in ("model.safetensors", "submission.csv"):
        (folder / name).write_bytes(str(version).encode() * 1_000)
    return Report()


def frame_of(version: int) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"A{number}" for number in range(version + 1)]})


def aged(lake: Lake, manifest: Manifest, version: int) -> Manifest:
    """Dates a manifest, since all are made within a second."""
    dated = manifest.model_copy(update={"created_at": f"2024-03-{version + 1:02d}T00:00:00+00:00"})
    dated.save(lake.paths)
    return dated


def held(lake: Lake) -> dict[str, list[str]]:
    """The data versions of each asset, the oldest first."""
    return {
        str(name): list(rows) for name, rows in lake_status(lake).groupby("asset")["fingerprint"]
    }


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path, "tiny")


def test_the_status_lists_every_result(lake: Lake) -> None:
    first, second = make(lake, 0), make(lake, 1)
    make_artifact(
        Lake(lake.paths.root, "other"),
        Task("base_model", "1", {"profile": "tiny"}, {"raw_qa": first["raw_qa"].fingerprint}),
        lambda folder: folder_of(folder, 0),
    )
    status = lake_status(lake).set_index("fingerprint")
    assert set(status["asset"]) == set(CHAIN)
    old, new = first["base_model"].fingerprint, second["base_model"].fingerprint
    assert status.loc[[old, new], "profiles"].tolist() == ["other", "tiny"]
    assert status.loc[new, "bytes"] == 2_000
    table = status.loc[second["raw_qa"].fingerprint]
    assert (table["kind"], table["rows"]) == ("table", 2)
    assert table["bytes"] > 0
    assert pd.isna(status.loc[new, "rows"])


def test_the_status_of_an_empty_lake_is_empty(lake: Lake) -> None:
    assert lake_status(lake).empty
    assert verify(lake) == []
    assert prune(lake, 1, RETENTION).removed == ()


def test_old_results_go_and_the_leaderboards_stay(lake: Lake) -> None:
    made = [make(lake, version) for version in range(4)]
    report = prune(lake, 2, RETENTION)
    newest = [item["base_model"].fingerprint for item in made[2:]]
    assert held(lake)["base_model"] == newest
    assert held(lake)["validation_scores"] == [
        item["validation_scores"].fingerprint for item in made
    ]
    assert {asset for asset, _ in report.removed} == {"raw_qa", "base_model", "submission"}
    assert len(report.removed) == 6
    assert report.freed >= 4 * 2_000
    assert lake.warehouse.versions("raw_qa") == set(held(lake)["raw_qa"])
    assert verify(lake) == []
    # What an old score was made from is still named, though it is gone.
    lineage = ancestry(lake.paths, made[0]["validation_scores"])
    assert lineage["base_model"] == made[0]["base_model"]
    assert lineage["raw_qa"] == made[0]["raw_qa"]


def test_what_is_live_for_any_profile_stays_with_all_that_it_was_made_from(lake: Lake) -> None:
    other = Lake(lake.paths.root, "other")
    old = make(other, 0)
    for version in range(1, 4):
        make(lake, version)
    prune(lake, 1, RETENTION)
    for asset, manifest in old.items():
        assert other.live(asset) == manifest
        assert other.is_whole(manifest)
    assert len(held(lake)["base_model"]) == 2


def test_the_published_submission_stays_though_another_is_live(lake: Lake) -> None:
    published = make(lake, 0)
    latest = lake.paths.latest_submission.resolve()
    for version in (1, 2):
        make(lake, version)
    lake.paths.latest_submission.unlink()
    lake.paths.latest_submission.symlink_to(latest.name)
    prune(lake, 1, RETENTION)
    assert (lake.paths.latest_submission / "submission.csv").read_bytes() == b"0" * 1_000
    assert published["submission"].fingerprint in held(lake)["submission"]
    assert published["base_model"].fingerprint in held(lake)["base_model"]
    folders = {path.name for path in latest.parent.iterdir()}
    assert folders == {"latest", latest.name, lake.live("submission").fingerprint}


def test_what_killed_runs_left_is_swept(lake: Lake) -> None:
    made = make(lake, 0)
    paths, name = lake.paths, made["base_model"].fingerprint
    folder = paths.artifact("base_model", name)
    left = [
        folder.with_name(f".{name}.{'0' * 32}"),
        paths.artifact("base_model", "a" * 16),
        paths.checkpoints("base_model", name),
        paths.damaged,
    ]
    for path in left:
        path.mkdir(parents=True)
        (path / "half").write_bytes(b"half")
    stale = paths.live("tiny", "raw_qa").with_name(f".raw_qa.json.{'0' * 32}")
    fresh = stale.with_name(f".base_model.json.{'0' * 32}")
    for path in (stale, fresh):
        path.touch()
    hour_ago = stale.stat().st_mtime - STALE_SECONDS - 1
    os.utime(stale, (hour_ago, hour_ago))
    lake.warehouse.write("raw_qa", "b" * 16, frame_of(3))
    unfinished = paths.checkpoints("base_model", "c" * 16)
    unfinished.mkdir(parents=True)

    swept = prune(lake, 1, RETENTION).swept
    assert set(swept) == {*left, stale, paths.warehouse / f"raw_qa@{'b' * 16}"}
    assert not any(path.exists() for path in [*left, stale])
    assert fresh.exists()
    assert unfinished.exists()
    assert "b" * 16 not in lake.warehouse.versions("raw_qa")
    assert verify(lake) == []


def test_what_another_process_works_on_stays(lake: Lake) -> None:
    made = [make(lake, version) for version in range(2)]
    old = made[0]["base_model"].fingerprint
    with FileLock(lake.paths.locks / f"base_model-{old}.lock"):
        report = prune(lake, 1, RETENTION)
    assert ("base_model", old) in report.kept
    assert old in held(lake)["base_model"]


def test_nothing_outside_the_lake_is_removed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.txt").touch()
    lake = Lake(tmp_path / "lake", "tiny")
    make(lake, 0)
    (lake.paths.root / "artifacts" / "base_model" / ("d" * 16)).symlink_to(outside)
    lake.paths.damaged.symlink_to(outside)
    prune(lake, 1, RETENTION)
    assert (outside / "mine.txt").exists()


def _without_warehouse(lake: Lake, old: dict[str, Manifest]) -> None:
    rows = lake.table(lake.live("raw_qa")), lake.table(lake.live("validation_scores"))
    lake.paths.warehouse.unlink()
    for asset, frame in zip(("raw_qa", "validation_scores"), rows, strict=True):
        lake.warehouse.write(asset, lake.live(asset).fingerprint, frame)


def _changed_rows(lake: Lake, old: dict[str, Manifest]) -> None:
    with lake.warehouse.transaction() as connection:
        name = lake.warehouse.table_name("raw_qa", old["raw_qa"].fingerprint)
        connection.execute(f"update {name} set id = 'B'")


def _changed_file(lake: Lake, old: dict[str, Manifest]) -> None:
    folder = lake.paths.artifact("base_model", old["base_model"].fingerprint)
    (folder / "model.safetensors").write_bytes(b"other")


def _changed_manifest(lake: Lake, old: dict[str, Manifest]) -> None:
    lake.paths.manifest("base_model", old["base_model"].fingerprint).write_text("{}")


@pytest.mark.parametrize(
    ("damage", "gone"),
    [(_without_warehouse, ["raw_qa", "validation_scores"]), (_changed_rows, ["raw_qa"]),
     (_changed_file, ["base_model"]), (_changed_manifest, [])],
)  # fmt: skip
def test_what_is_damaged_and_unused_goes_as_the_remedy_says(
    lake: Lake, damage: Callable[[Lake, dict[str, Manifest]], None], gone: list[str]
) -> None:
    old, new = make(lake, 0), make(lake, 1)
    damage(lake, old)
    remedy = "no profile uses it, and 'hansol lake prune --keep 3' removes it"
    problems = verify(lake)
    assert problems
    assert {problem.remedy for problem in problems} == {remedy}

    report = prune(lake, 3, RETENTION)
    assert list(report.removed) == [(asset, old[asset].fingerprint) for asset in sorted(gone)]
    assert verify(lake) == []
    assert all(lake.is_whole(manifest) for manifest in new.values())
    if "raw_qa" in gone:
        assert ancestry(lake.paths, old["submission"])["raw_qa"] == old["raw_qa"]


def test_at_least_one_result_is_kept(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="keep must be at least 1, not 0"):
        prune(Lake(tmp_path, "tiny"), 0, RETENTION)


def test_every_problem_is_named_with_its_place_and_remedy(lake: Lake) -> None:
    made = make(lake, 0)
    model = lake.paths.artifact("base_model", made["base_model"].fingerprint)
    (model / "model.safetensors").write_bytes(b"other")
    with lake.warehouse.transaction() as connection:
        name = lake.warehouse.table_name("raw_qa", made["raw_qa"].fingerprint)
        connection.execute(f"update {name} set id = 'B'")
    manifest = lake.paths.manifest("submission", made["submission"].fingerprint)
    content = json.loads(manifest.read_text(encoding="utf-8"))
    manifest.write_text(json.dumps({**content, "inputs": {}}), encoding="utf-8")
    remedy = "; run 'hansol refresh': it is set aside and rebuilt"
    table = lake.paths.warehouse / f"raw_qa@{made['raw_qa'].fingerprint}"
    pointer = lake.paths.live("tiny", "submission")
    assert [str(problem) for problem in verify(lake)] == [
        f"{manifest}: the manifest is damaged{remedy}",
        f"{model / 'model.safetensors'}: the file is missing, changed, or unknown{remedy}",
        f"{table}: the rows are missing or changed{remedy}",
        f"{pointer}: the profile 'tiny' points at what the lake does not hold{remedy}",
    ]
