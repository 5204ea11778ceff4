"""Which compute the work of this process goes to."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hansol_assets.compute.local import LocalCompute
from hansol_assets.compute.protocol import Compute
from hansol_assets.compute.settings import ClusterSettings, Kind
from hansol_assets.compute.told import WorkDone

_used: list[Compute] = [LocalCompute()]


def current() -> Compute:
    """Returns the compute that is in use: this process, unless a run said otherwise."""
    return _used[-1]


@contextmanager
def computing_on(kind: Kind, settings: ClusterSettings, shared: Path) -> Iterator[Compute]:
    """Lets this process's heavy work run elsewhere for a while.

    Raises:
        ClusterError: The cluster that `RAY_ADDRESS` names cannot be used.
    """
    if kind == "local":
        with _using(LocalCompute()) as compute:
            yield compute
        return
    from hansol_assets.compute.ray_compute import ray_compute

    with ray_compute(settings, shared) as cluster, _using(cluster) as compute:
        yield compute


@contextmanager
def _using(compute: Compute) -> Iterator[Compute]:
    _used.append(compute)
    try:
        yield compute
    finally:
        _used.remove(compute)


def take_done() -> list[WorkDone]:
    """Returns what was done since this was asked last."""
    done = current().done
    taken = list(done)
    done.clear()
    return taken
