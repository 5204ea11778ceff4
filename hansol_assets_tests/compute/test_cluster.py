import socket
import sys
from pathlib import Path

import pytest

from hansol_assets.compute import ray_cluster
from hansol_assets.compute.cluster import (
    ClusterError,
    ClusterSettings,
    LostWorkError,
    NoRayError,
    SmallClusterError,
    UnreachableClusterError,
    last_line,
)
from hansol_assets.compute.current import computing_on
from hansol_assets.compute.protocol import WorkDone, summary
from hansol_assets.compute.ray_cluster import (
    SAME_EVERYWHERE,
    describe_node,
    require_answer,
    require_resources,
    unlike,
)


def closed_port() -> str:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{server.getsockname()[1]}"


@pytest.mark.parametrize("address", ["ray://127.0.0.1:10001", "127.0.0.1", "head:", ":6379"])
def test_an_address_of_another_form_is_refused(address: str) -> None:
    with pytest.raises(UnreachableClusterError, match="host:port"):
        require_answer(address, 1)


def test_nobody_at_an_address_is_said_at_once() -> None:
    address = closed_port()
    with pytest.raises(UnreachableClusterError, match=f"RAY_ADDRESS={address}.*nobody answers"):
        require_answer(address, 1)


def test_a_named_cluster_is_asked_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", closed_port())
    monkeypatch.setattr(ray_cluster, "CONNECT_SECONDS", 1)
    begin = computing_on("ray", ClusterSettings(), tmp_path)
    with pytest.raises(ClusterError, match="nothing is lost"), begin:
        pytest.fail("it began")


def test_no_gpu_here_is_said_before_a_cluster_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    begin = computing_on("ray", ClusterSettings(gpus_per_worker=64), tmp_path)
    with pytest.raises(SmallClusterError, match="64 GPU wanted"), begin:
        pytest.fail("it began")


def test_a_missing_ray_is_named_with_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAY_ADDRESS", closed_port())
    monkeypatch.setitem(sys.modules, "ray", None)
    begin = computing_on("ray", ClusterSettings(), tmp_path)
    with pytest.raises(NoRayError, match=r"pip install 'hansol-assets\[ray\]'"), begin:
        pytest.fail("it began")


@pytest.mark.parametrize(
    ("settings", "there", "said"),
    [
        ({"least_workers": 2, "cpus_per_worker": 4}, {"CPU": 7}, "8 CPU wanted, 7 there"),
        ({"gpus_per_worker": 1}, {"CPU": 64}, "1 GPU wanted, 0 there"),
        ({"training_workers": 8, "gpus_per_worker": 1}, {"CPU": 64, "GPU": 4}, "8 GPU wanted, 4"),
    ],
)
def test_too_small_a_cluster_is_refused(
    settings: dict[str, float], there: dict[str, float], said: str
) -> None:
    with pytest.raises(SmallClusterError, match=said):
        require_resources(ClusterSettings.model_validate(settings), there)


def test_a_cluster_that_holds_the_fewest_is_large_enough() -> None:
    settings = ClusterSettings(
        workers=64, training_workers=8, least_training_workers=4, gpus_per_worker=1
    )
    require_resources(settings, {"CPU": 4, "GPU": 4})


def test_what_a_node_has_otherwise_is_listed(tmp_path: Path) -> None:
    here = describe_node(str(tmp_path))
    assert set(SAME_EVERYWHERE) < set(here)
    assert unlike(here, here, "10.0.0.2") == []
    there = {**here, "python": "3.12.1", "peft": "missing", f"sees {tmp_path}": "no"}
    assert sorted(unlike(here, there, "10.0.0.2")) == [
        f"node 10.0.0.2: peft is missing, here {here['peft']}",
        f"node 10.0.0.2: python is 3.12.1, here {here['python']}",
        f"node 10.0.0.2: sees {tmp_path} is no, here yes",
    ]


def test_fewer_workers_than_the_fewest_are_refused() -> None:
    with pytest.raises(ValueError, match="least_workers 3 is more than workers 2"):
        ClusterSettings(least_workers=3)


def test_the_first_error_of_a_trace_is_its_reason() -> None:
    trace = """Traceback
  File "x.py", line 1
ValueError: no such row

The above exception was the direct cause of the following exception:

SystemException: something else
"""
    assert last_line(trace) == "ValueError: no such row"
    assert LostWorkError("embedding", "x").reason == "x"


def test_pieces_of_work_count_together() -> None:
    done = [
        WorkDone("embedding", 100, 2.0, workers=1),
        WorkDone("embedding", 300, 2.0, workers=2, retries=1, dashboard="http://127.0.0.1:8265"),
        WorkDone("training", 8, 4.0, workers=1),
    ]
    assert summary(done) == {
        "embedding_rows": 400,
        "embedding_rows_per_second": 100.0,
        "embedding_workers": 2,
        "embedding_retries": 1,
        "training_rows": 8,
        "training_rows_per_second": 2.0,
        "training_workers": 1,
        "training_retries": 0,
        "ray_dashboard": "http://127.0.0.1:8265",
    }
    assert summary([]) == {}
