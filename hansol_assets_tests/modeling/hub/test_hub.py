import json
import shutil
from pathlib import Path

import pytest

from hansol_assets.hub.download import ModelUnavailableError
from hansol_assets.hub.fetching import (
    HubSettings,
    MissingTokenizerError,
    UnsafeWeightsError,
    missing,
    pinned,
)
from hansol_assets.modeling.base.base_model import BaseModelSettings, ModelFacts, fetch_base_model
from hansol_assets.modeling.base.loading import LoadingSettings, load_causal_lm, load_tokenizer
from hansol_assets.modeling.base.model_folder import ModelSource, source_of

COMMIT = "0123456789abcdef0123456789abcdef01234567"


def settings_of(model_id: str | Path, revision: str | None = None) -> BaseModelSettings:
    return BaseModelSettings(
        kind="hub",
        hub=HubSettings(model_id=str(model_id), revision=revision),
        facts=ModelFacts(licence="apache-2.0"),
    )


@pytest.fixture
def cache(tmp_path: Path, base_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hub cache that holds one model, as `hf download` leaves it."""
    repository = tmp_path / "hub" / "models--owner--model"
    snapshot = repository / "snapshots" / COMMIT
    shutil.copytree(base_dir, snapshot)
    (snapshot / "pytorch_model.bin").write_bytes(b"not to be taken")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT, encoding="utf-8")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_local_folder_is_copied_and_loads(tmp_path: Path, base_dir: Path) -> None:
    source = tmp_path / "my-model"
    shutil.copytree(base_dir, source)
    (source / "modeling_custom.py").write_text("raise SystemExit", encoding="utf-8")
    report = fetch_base_model(settings_of(source).hub, tmp_path / "out")
    assert report.name == "my-model"
    assert len(report.revision or "") == 64
    assert not (tmp_path / "out" / "modeling_custom.py").exists()
    assert load_tokenizer(tmp_path / "out", LoadingSettings()).pad_token_id == 0
    loaded = load_causal_lm(tmp_path / "out", LoadingSettings())
    assert loaded.num_parameters() == report.parameters


def test_the_revision_of_a_local_folder_follows_its_content(tmp_path: Path, base_dir: Path) -> None:
    first = fetch_base_model(settings_of(base_dir).hub, tmp_path / "out")
    assert fetch_base_model(settings_of(base_dir).hub, tmp_path / "out").revision == first.revision
    changed = tmp_path / "changed"
    shutil.copytree(base_dir, changed)
    config = json.loads((changed / "config.json").read_text(encoding="utf-8"))
    changed_config = json.dumps({**config, "initializer_range": 0.01})
    (changed / "config.json").write_text(changed_config, encoding="utf-8")
    assert fetch_base_model(settings_of(changed).hub, tmp_path / "other").revision != first.revision


def test_a_cached_model_is_fetched_offline_at_its_commit(tmp_path: Path, cache: Path) -> None:
    report = fetch_base_model(settings_of("owner/model").hub, tmp_path / "out", "apache-2.0")
    assert report.revision == COMMIT
    assert missing(HubSettings(model_id="owner/model")) is None
    assert not list((tmp_path / "out").glob("*.bin"))
    assert source_of(tmp_path / "out") == ModelSource("owner/model", COMMIT, "apache-2.0")
    assert source_of(tmp_path / "out").on_hub


def test_settings_are_pinned_to_what_is_fetched(
    tmp_path: Path, base_dir: Path, cache: Path
) -> None:
    """A commit of the hub, or the content of a local folder."""
    assert pinned(HubSettings(model_id="owner/model")).revision == COMMIT
    local = HubSettings(model_id=str(base_dir))
    fetched = fetch_base_model(settings_of(base_dir).hub, tmp_path / "out")
    assert pinned(local).revision == fetched.revision
    assert pinned(pinned(local)) == pinned(local)


def test_a_local_folder_that_is_not_there_is_no_repository(tmp_path: Path) -> None:
    settings = HubSettings(model_id=str(tmp_path / "nowhere"))
    with pytest.raises(ModelUnavailableError, match="nowhere does not exist"):
        pinned(settings)
    assert "nowhere does not exist" in (missing(settings) or "")


def test_a_name_that_no_repository_can_have_is_refused(tmp_path: Path, cache: Path) -> None:
    with pytest.raises(ModelUnavailableError, match=r"no repository's name .* 'owner/name' or to"):
        fetch_base_model(settings_of("a/b/c").hub, tmp_path / "out")


def test_a_model_that_is_nowhere_comes_with_the_command_that_gets_it(
    tmp_path: Path, cache: Path
) -> None:
    with pytest.raises(ModelUnavailableError) as raised:
        fetch_base_model(settings_of("owner/other", "v1").hub, tmp_path / "out")
    assert "hf download owner/other --revision v1" in str(raised.value)
    assert "hf download owner/other" in (missing(HubSettings(model_id="owner/other")) or "")


def test_weights_that_are_only_pickles_are_refused(tmp_path: Path, base_dir: Path) -> None:
    source = tmp_path / "pickled"
    shutil.copytree(base_dir, source)
    (source / "model.safetensors").rename(source / "pytorch_model.bin")
    with pytest.raises(UnsafeWeightsError, match=r"pickled has no \*\.safetensors weights"):
        fetch_base_model(settings_of(source).hub, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_model_without_a_fast_tokenizer_comes_with_the_way_to_make_one(
    tmp_path: Path, base_dir: Path
) -> None:
    source = tmp_path / "slow"
    shutil.copytree(base_dir, source)
    (source / "tokenizer.json").rename(source / "tokenizer.model")
    with pytest.raises(MissingTokenizerError, match=r"slow has no tokenizer\.json") as raised:
        fetch_base_model(settings_of(source).hub, tmp_path / "out")
    assert "save_pretrained(FOLDER)" in str(raised.value)
    assert not (tmp_path / "out").exists()


def test_a_download_that_was_cut_short_names_what_is_missing(cache: Path) -> None:
    snapshot = cache / "models--owner--model" / "snapshots" / COMMIT
    shards = {"a": "model-1.safetensors", "b": "model.safetensors"}
    index = snapshot / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": shards}), encoding="utf-8")
    message = missing(HubSettings(model_id="owner/model")) or ""
    assert f"{snapshot} lacks model-1.safetensors" in message
    assert "hf download owner/model" in message
