"""What the hub's own client says, over a real connection, and what people are told."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hansol_assets.hub.download import RepoFiles, unavailable
from hansol_assets_tests.modeling.hub.hub_server import COMMIT, Repository, serving

FETCH = """
import resource
import sys
from pathlib import Path
from hansol_assets.errors import ModelError
from hansol_assets.hub.fetching import HubSettings, fetch, pinned
if "50 KB" in sys.argv[4]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
settings = HubSettings(model_id=sys.argv[1], revision=sys.argv[3] or None)
try:
    print(pinned(settings).revision if sys.argv[4] == "pin" else fetch(settings, Path(sys.argv[2])))
except ModelError as error:
    print(type(error).__name__, error)
"""


def fetch(
    folder: Path, endpoint: str, *, revision: str = "", work: str = "fetch", **more: str
) -> str:
    """Fetch owner/model in a process of its own: the client reads its environment once."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("HF_")},
        "HF_HOME": str(folder / "home"),
        "HF_ENDPOINT": endpoint,
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DISABLE_XET": "1",
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-c", FETCH, "owner/model", str(folder / "out"), revision, work],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def small_model() -> dict[str, bytes]:
    return {
        "config.json": json.dumps({"model_type": "llama"}).encode(),
        "model.safetensors": b"weights",
        "tokenizer.json": b"{}",
        "pytorch_model.bin": b"not to be taken",
        "README.md": b"not needed",
    }


@pytest.fixture
def closed_endpoint() -> str:
    """An address that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    return f"http://127.0.0.1:{port}"


@pytest.mark.slow
def test_a_model_comes_over_the_wire_once_and_then_from_the_cache(
    tmp_path: Path, closed_endpoint: str
) -> None:
    with serving(Repository(small_model())) as endpoint:
        assert fetch(tmp_path, endpoint) == COMMIT
        assert fetch(tmp_path, endpoint, work="pin") == COMMIT
    got = {file.name for file in (tmp_path / "out").iterdir()}
    assert got == {"config.json", "model.safetensors", "tokenizer.json"}
    assert fetch(tmp_path, closed_endpoint) == COMMIT
    assert fetch(tmp_path, closed_endpoint, HF_HUB_OFFLINE="1", work="pin") == COMMIT


@pytest.mark.parametrize("work", ["fetch", "pin"])
@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (403, "GatedRepo", ["it is gated", "/owner/model", "hf auth login", "hf download owner"]),
        (401, "GatedRepo", ["it is gated"]),
        (404, "RepoNotFound", ["the hub has no such model", "base_model.hub.model_id"]),
        (401, "RepoNotFound", ["the hub has no such model, or it is private", "hf auth login"]),
        (404, "RevisionNotFound", ["it has no such revision", "base_model.hub.revision"]),
    ],
)
def test_a_refusal_says_what_mends_it(
    tmp_path: Path, status: int, code: str, told: list[str], work: str
) -> None:
    with serving(Repository(status=status, error_code=code)) as endpoint:
        message = fetch(tmp_path, endpoint, revision="v1", work=work)
    assert message.startswith("ModelUnavailableError the model owner/model is not on this")
    assert [part for part in told if part not in message] == []
    assert not (tmp_path / "out").exists()


def test_without_a_network_the_command_is_given(tmp_path: Path, closed_endpoint: str) -> None:
    for work in ("fetch", "pin"):
        message = fetch(tmp_path, closed_endpoint, work=work)
        assert f"the hub {closed_endpoint} gave no answer that helps" in message
        assert "hf download owner/model --include" in message
        assert "local folder" in message


def test_offline_the_variable_is_named(tmp_path: Path, closed_endpoint: str) -> None:
    for work in ("fetch", "pin"):
        message = fetch(tmp_path, closed_endpoint, work=work, HF_HUB_OFFLINE="1")
        assert "HF_HUB_OFFLINE is set. Unset it" in message
        assert "hf download owner/model --include" in message


def test_a_model_too_big_for_the_disk_is_refused_before_it_is_fetched(tmp_path: Path) -> None:
    model = Repository(small_model(), claimed_size=10**16)
    with serving(model) as endpoint:
        message = fetch(tmp_path, endpoint)
    assert "owner/model still needs 27939677.2 GiB, and the disk of" in message
    assert "HF_HOME" in message
    assert not list((tmp_path / "home").rglob("*.incomplete"))


def test_a_disk_that_takes_no_more_while_fetching_is_named(tmp_path: Path) -> None:
    model = Repository({**small_model(), "model.safetensors": b"0" * 100_000})
    with serving(model) as endpoint:
        message = fetch(tmp_path, endpoint, work="fetch with files of 50 KB at most")
    assert f"the disk of {tmp_path / 'home' / 'hub'} takes no more (File too large)" in message
    assert "Files that were fetched whole are kept." in message
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device /dev/full of Linux")
def test_a_full_disk_is_named() -> None:
    with (
        pytest.raises(OSError, match="No space left") as full,
        Path("/dev/full").open("wb") as disk,
    ):
        disk.write(b"0")
    message = str(unavailable(RepoFiles("owner/model", None, "embedder", ()), full.value))
    assert "takes no more (No space left on device). Free some" in message
