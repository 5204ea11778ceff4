"""A Ray cluster of two nodes on this machine, for all tests that need one."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from hansol_assets.compute.cluster import ClusterSettings
from hansol_assets.compute.ray_cluster import connected
from hansol_assets.compute.ray_compute import RayCompute, ray_compute

NODE = {"num_cpus": 2, "object_store_memory": 120_000_000, "include_log_monitor": False}
"""Two processes a node, whatever the machine has; nobody here reads what they print."""

SYSTEM = {
    "health_check_initial_delay_ms": 1_000,
    "health_check_period_ms": 500,
    "health_check_timeout_ms": 2_000,
    "health_check_failure_threshold": 3,
    "worker_niceness": 0,
    "prestart_worker_first_driver": False,
}
"""A lost node is missed within seconds, processes do not wait for all tests beside these, and none
is started before there is work for it."""

Connect = Callable[..., RayCompute]


@dataclass
class TwoNodes:
    """The head, which stays, and another node, which may be lost.

    Attributes:
        cluster: Ray's own cluster for tests.
        second: The node that may be lost.
    """

    cluster: Any
    second: Any

    @property
    def address(self) -> str:
        return str(self.cluster.address)

    def lose_second(self) -> None:
        """Kills every process of the second node."""
        self.cluster.remove_node(self.second, allow_graceful=False)
        self.second = None

    def make_whole(self) -> None:
        if self.second is None:
            self.second = self.cluster.add_node(**NODE)
            self.cluster.wait_for_nodes()

    def processes(self, title: str) -> list[psutil.Process]:
        """The cluster's processes whose title begins so, the newest first."""
        found = [
            process
            for process in psutil.Process().children(recursive=True)
            if _title(process).startswith(title)
        ]
        return sorted(found, key=lambda process: process.create_time(), reverse=True)


def _title(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[TwoNodes]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "5")
        # Groups here last for seconds; each is asked every two of them by default.
        patch.setenv("RAY_TRAIN_HEALTH_CHECK_INTERVAL_S", "0.2")
        # Nobody takes this machine away, and a watcher is one process more a group.
        patch.setenv("RAY_TRAIN_ENABLE_PREEMPTION_WATCHER", "0")
        from ray.cluster_utils import Cluster

        head = {**NODE, "include_dashboard": False, "_system_config": SYSTEM}
        cluster = Cluster(initialize_head=True, head_node_args=head)
        nodes = TwoNodes(cluster, None)
        nodes.make_whole()
        yield nodes
        cluster.shutdown()


@pytest.fixture(scope="module")
def joined(two_nodes: TwoNodes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwoNodes]:
    """The cluster, connected to once: for each connection it would start its processes anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_ADDRESS", two_nodes.address)
        with connected(ClusterSettings(workers=2), tmp_path_factory.mktemp("shared")) as cluster:
            assert cluster.nodes == 2
            yield two_nodes


@pytest.fixture
def connect(joined: TwoNodes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connect]:
    """Uses the cluster as a run does that RAY_ADDRESS tells of it."""
    joined.make_whole()
    monkeypatch.setenv("RAY_ADDRESS", joined.address)
    with ExitStack() as stack:

        def connected(**settings: object) -> RayCompute:
            told = ClusterSettings.model_validate({"workers": 2, "least_workers": 2, **settings})
            return stack.enter_context(ray_compute(told, tmp_path / "lake"))

        yield connected
