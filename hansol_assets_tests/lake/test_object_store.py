"""A lake whose artifacts and index are in an object store: a real one, on this machine."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from typer.testing import CliRunner

from hansol_assets.answering.publishing import RETENTION
from hansol_assets.cli.main import app
from hansol_assets.errors import UserError
from hansol_assets.lake import object_store
from hansol_assets.lake.databases import connect
from hansol_assets.lake.handles import Artifact
from hansol_assets.lake.inventory import lake_status, verify
from hansol_assets.lake.lake_errors import (
    CorruptArtifactError,
    MisplacedIndexError,
    MissingClientError,
    ObjectStoreError,
    UnreachableStoreError,
)
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.pruning import prune
from hansol_assets.lake.reports import Report, Task
from hansol_assets.lake.store import Lake
from hansol_assets.profile_files import ProfileError
from hansol_assets.settings import load_settings
from hansol_assets_tests.lake.handmade import make_artifact
from hansol_assets_tests.lake.indexes import WORDS, answers_of, make_index
from hansol_assets_tests.lake.stores import (
    BUCKET,
    names,
    new_url,
    opened,
    refusing_server,
    s3_server,
    use_endpoint,
)

UNREACHABLE = "http://127.0.0.1:9"
MODEL = Task("base_model", "1", {}, {"raw_qa": "abc"})


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    import boto3

    with s3_server() as url, pytest.MonkeyPatch.context() as patch:
        use_endpoint(patch, url)
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture
def url(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> str:
    use_endpoint(monkeypatch, endpoint)
    return new_url()


@pytest.fixture
def lake(tmp_path: Path, url: str) -> Lake:
    return Lake(tmp_path / "lake", "tiny", url)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Gives up at once."""
    monkeypatch.setattr(object_store, "RETRIES", 0)


def build_model(folder: Path) -> Report:
    (folder / "weights").mkdir()
    (folder / "weights" / "model.safetensors").write_bytes(b"weights")
    (folder / "empty").touch()
    return Report(facts={"loss": 0.5})


def never(*_: object) -> Report:
    raise AssertionError("work was done again")


def aged(lake: Lake, manifest: Manifest, year: int) -> Manifest:
    """Dates a manifest, since all are made within a second."""
    dated = manifest.model_copy(update={"created_at": f"{2000 + year}"})
    dated.save(lake.paths)
    return dated


def damage(url: str, name: str) -> None:
    content = bytearray(opened(url).get(name).bytes())
    content[-1] ^= 1
    opened(url).put(name, bytes(content))


def test_an_artifact_is_copied_and_fetched_where_it_is_missing(lake: Lake, url: str) -> None:
    made = make_artifact(lake, MODEL, build_model)
    folder = lake.artifact(made.manifest)
    folder_name = f"artifacts/base_model/{MODEL.fingerprint}"
    assert names(url) == [
        f"{folder_name}.json",
        f"{folder_name}/empty",
        f"{folder_name}/weights/model.safetensors",
    ]
    shutil.rmtree(folder)
    assert verify(lake) == []
    assert (lake.artifact(made.manifest) / "weights" / "model.safetensors").read_bytes() == (
        b"weights"
    )
    shutil.rmtree(folder)
    assert make_artifact(lake, MODEL, never).status == "reused"
    assert (folder / "empty").exists()


@pytest.mark.parametrize("damaged", ["flip", "remove", "add"])
def test_a_damaged_file_is_fetched(lake: Lake, damaged: str) -> None:
    manifest = make_artifact(lake, MODEL, build_model).manifest
    folder = lake.paths.artifact("base_model", MODEL.fingerprint)
    file = folder / "weights" / "model.safetensors"
    {
        "flip": lambda: file.write_bytes(b"weightz"),
        "remove": file.unlink,
        "add": (folder / "extra").touch,
    }[damaged]()
    assert len(verify(lake)) == 1
    assert make_artifact(lake, MODEL, never).status == "reused"
    assert file.read_bytes() == b"weights"
    assert not (folder / "extra").exists()
    assert lake.artifact(manifest) == folder


def test_what_is_damaged_in_both_places_is_set_aside_and_rebuilt(lake: Lake, url: str) -> None:
    manifest = make_artifact(lake, MODEL, build_model).manifest
    file = f"artifacts/base_model/{MODEL.fingerprint}/weights/model.safetensors"
    damage(url, file)
    (problem,) = verify(lake)
    assert str(problem).startswith(f"{url}/{file}: the copy in the object store is missing or")
    folder = lake.paths.artifact("base_model", MODEL.fingerprint)
    (folder / "weights" / "model.safetensors").write_bytes(b"weightz")
    with pytest.raises(CorruptArtifactError, match="set aside"):
        lake.artifact(manifest)
    assert not folder.exists()
    assert make_artifact(lake, MODEL, build_model).status == "new"
    assert verify(lake) == []


def test_a_damaged_copy_is_replaced_by_the_next_run(lake: Lake, url: str) -> None:
    make_artifact(lake, MODEL, build_model)
    damage(url, f"artifacts/base_model/{MODEL.fingerprint}/weights/model.safetensors")
    assert make_artifact(lake, MODEL, never).status == "reused"
    assert verify(lake) == []


def test_a_new_lake_takes_over_what_the_store_holds(lake: Lake, url: str, tmp_path: Path) -> None:
    made = make_artifact(lake, MODEL, build_model).manifest
    index = make_index(lake, WORDS).manifest
    shutil.rmtree(lake.paths.root)
    other = Lake(tmp_path / "other", "tiny", url)
    assert make_artifact(other, MODEL, never).manifest == made
    assert make_index(other, WORDS).status == "reused"
    assert other.live("base_model") == made
    assert answers_of(other, index)[0] == "벽지"


def test_a_copy_of_the_rest_of_the_lake_reads_what_another_wrote(
    lake: Lake, url: str, tmp_path: Path
) -> None:
    make_artifact(lake, MODEL, build_model)
    make_index(lake, WORDS)
    left_out = shutil.ignore_patterns("artifacts", "locks")
    shutil.copytree(lake.paths.root, tmp_path / "reader", ignore=left_out)
    reader = Lake(tmp_path / "reader", "tiny", url)
    assert Artifact.pin(reader, "base_model").open().is_dir()
    assert answers_of(reader, reader.live("retrieval_index"))[0] == "벽지"


def test_the_store_changes_no_name(lake: Lake, tmp_path: Path) -> None:
    plain = Lake(tmp_path / "plain", "tiny")
    one, two = make_artifact(lake, MODEL, build_model), make_artifact(plain, MODEL, build_model)
    assert one.manifest.fingerprint == two.manifest.fingerprint
    assert one.manifest.checksums == two.manifest.checksums
    indexes = [make_index(item, WORDS).manifest for item in (lake, plain)]
    assert indexes[0].fingerprint == indexes[1].fingerprint


def test_an_index_is_searched_by_version_and_a_changed_row_is_merged(lake: Lake, url: str) -> None:
    first = make_index(lake, WORDS)
    second = make_index(lake, ("벽지", "장판", "강마루"))
    assert (first.manifest.facts["inserted"], second.manifest.facts["updated"]) == (3, 1)
    assert set(answers_of(lake, first.manifest)) == set(WORDS)
    assert set(answers_of(lake, second.manifest)) == {"벽지", "장판", "강마루"}
    assert all(
        stamp.startswith(f"{url}/lancedb ") for stamp in first.manifest.lancedb_files.values()
    )
    assert not lake.paths.lancedb.exists()
    status = lake_status(lake).set_index("fingerprint")
    assert status.loc[first.manifest.fingerprint, "bytes"] > 1_000
    assert verify(lake) == []


def test_pruning_removes_copies_and_files_of_old_versions(lake: Lake, url: str) -> None:
    for year, last in enumerate(("결로", "마루", "타일")):
        aged(lake, make_index(lake, (*WORDS[:2], last)).manifest, year)
    for steps in range(3):
        make_artifact(lake, Task("base_model", "1", {"steps": steps}, {}), build_model)
    opened(url).put("artifacts/base_model/unfinished/model", b"half")
    before = names(url)
    report = prune(lake, 1, RETENTION)
    gone = set(before) - set(names(url))
    assert len(report.removed) == 4
    for asset, fingerprint in report.removed:
        assert f"artifacts/{asset}/{fingerprint}.json" in gone
        assert not any(f"/{fingerprint}/" in name for name in names(url))
    assert any("/_versions/" in name for name in gone)
    assert any("/data/" in name for name in gone)
    assert "artifacts/base_model/unfinished/model" not in gone
    assert set(answers_of(lake, lake.live("retrieval_index"))) == {"벽지", "장판", "타일"}
    assert verify(lake) == []


def test_a_damaged_index_is_set_aside_and_rebuilt(lake: Lake, url: str) -> None:
    manifest = make_index(lake, WORDS).manifest
    (data,) = (name for name in manifest.lancedb_files if "/data/" in name)
    damage(url, f"lancedb/{data}")
    assert len(verify(lake)) == 1
    assert make_index(lake, WORDS).status == "new"
    assert f"damaged/{data}" in names(url)
    assert set(answers_of(lake, lake.live("retrieval_index"))) == set(WORDS)
    prune(lake, 1, RETENTION)
    assert f"damaged/{data}" not in names(url)


def test_a_reader_of_a_pruned_version_leaves_the_table(
    lake: Lake, url: str, tmp_path: Path
) -> None:
    old = aged(lake, make_index(lake, WORDS).manifest, 0)
    shutil.copytree(lake.paths.root, tmp_path / "reader")
    new = make_index(lake, (*WORDS[:2], "타일")).manifest
    prune(lake, 1, RETENTION)
    with pytest.raises(CorruptArtifactError):
        Lake(tmp_path / "reader", "tiny", url).artifact(old)
    assert "타일" in answers_of(lake, new)


def test_an_index_in_another_database_is_made_in_this_one(lake: Lake) -> None:
    plain = Lake(lake.paths.root, "tiny")
    local = make_index(plain, WORDS).manifest
    with pytest.raises(MisplacedIndexError, match="HANSOL_OBJECT_STORE"):
        lake.artifact(local)
    stored = make_index(lake, WORDS)
    assert (stored.status, stored.manifest.fingerprint) == ("new", local.fingerprint)
    with pytest.raises(MisplacedIndexError, match="Nothing was touched"):
        plain.artifact(stored.manifest)
    assert answers_of(lake, stored.manifest)[0] == "벽지"


def test_a_lake_from_before_the_store_is_copied_by_the_next_run(lake: Lake, url: str) -> None:
    make_artifact(Lake(lake.paths.root, "tiny"), MODEL, build_model)
    assert names(url) == []
    assert make_artifact(lake, MODEL, never).status == "reused"
    assert len(names(url)) == 3


def test_a_store_lost_in_the_middle_costs_no_work(
    lake: Lake, endpoint: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ExitStack() as running:
        use_endpoint(monkeypatch, running.enter_context(s3_server()))

        def lost(folder: Path) -> Report:
            running.close()
            return build_model(folder)

        with pytest.raises(UnreachableStoreError, match=r"cannot be reached.*every finished step"):
            make_artifact(lake, MODEL, lost)
    use_endpoint(monkeypatch, endpoint)
    lake = Lake(lake.paths.root, "tiny", new_url())
    assert make_artifact(lake, MODEL, never).status == "reused"
    assert verify(lake) == []


def test_a_store_that_cannot_be_reached_costs_no_local_data(
    lake: Lake, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = make_artifact(lake, MODEL, build_model).manifest
    file = lake.artifact(manifest) / "weights" / "model.safetensors"
    file.write_bytes(b"weightz")
    use_endpoint(monkeypatch, UNREACHABLE)
    away = Lake(lake.paths.root, "tiny", new_url())
    with pytest.raises(UnreachableStoreError) as caught:
        away.artifact(manifest)
    assert caught.value.passes
    assert file.exists()
    assert away.live("base_model") == manifest
    with pytest.raises(UnreachableStoreError):
        make_index(away, WORDS)


@pytest.mark.parametrize(
    ("status", "code", "words"),
    [
        (404, "NoSuchBucket", "no such bucket"),
        (403, "InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        (403, "SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        (503, "SlowDown", "cannot be reached"),
        (400, "Strange", "Strange"),
    ],
)
def test_refusals_are_said_to_a_person(
    tmp_path: Path,
    quick: None,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    code: str,
    words: str,
) -> None:
    with refusing_server(status, code) as endpoint:
        use_endpoint(monkeypatch, endpoint)
        lake = Lake(tmp_path, "tiny", new_url())
        assert lake.stored is not None
        for ask in (lake.stored.require_access, lambda: lake.stored.find("base_model", "a")):
            with pytest.raises(ObjectStoreError, match=words) as caught:
                ask()
            assert "not-so-secret" not in str(caught.value)


def test_a_missing_bucket_is_named_by_both_clients(tmp_path: Path, url: str, quick: None) -> None:
    lake = Lake(tmp_path, "tiny", "s3://no-such-bucket/lake")
    with pytest.raises(ObjectStoreError, match="no such bucket"):
        make_artifact(lake, MODEL, build_model)
    with pytest.raises(ObjectStoreError, match="no such bucket"):
        connect(lake.database.uri)


def test_a_command_ends_with_the_message_alone(
    lake: Lake, url: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_artifact(lake, MODEL, build_model)
    use_endpoint(monkeypatch, UNREACHABLE)
    monkeypatch.setenv("HANSOL_OBJECT_STORE", url)
    monkeypatch.setenv("HANSOL_LAKE_DIR", str(lake.paths.root))
    for command in (["lake", "verify"], ["lake", "prune", "--keep", "1"]):
        ended = CliRunner().invoke(app, command)
        assert ended.exit_code == 1
        assert ended.stderr.startswith(f"error: {url}: the object store cannot be reached")


def test_missing_credentials_are_named(
    tmp_path: Path, url: str, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", UNREACHABLE)
    with pytest.raises(ObjectStoreError, match="no credentials"):
        connect(f"{url}/lancedb")


def test_plain_http_has_to_be_allowed(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")
    lake = Lake(tmp_path, "tiny", url)
    assert lake.stored is not None
    with pytest.raises(ObjectStoreError, match="AWS_ALLOW_HTTP=true"):
        lake.stored.require_access()


def test_a_missing_client_is_named(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "obstore"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "obstore", None)
    assert lake.stored is not None
    with pytest.raises(MissingClientError, match=r"pip install 'hansol-assets\[s3\]'") as caught:
        lake.stored.require_access()
    assert isinstance(caught.value, UserError)


@pytest.mark.parametrize("wrong", ["gs://bucket", "s3://", "bucket/lake", "s3://key:secret@bucket"])
def test_only_a_url_of_a_bucket_is_taken(wrong: str) -> None:
    with pytest.raises(ProfileError, match="object_store"):
        load_settings(object_store=wrong)
    assert load_settings(object_store="s3://hansol/lake-1/a").object_store == "s3://hansol/lake-1/a"
