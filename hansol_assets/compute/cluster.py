"""A Ray cluster as the settings describe it, and what can be wrong with one."""

from collections.abc import Mapping, Sequence
from typing import Literal, Self

from pydantic import Field, model_validator

from hansol_assets.errors import UserError
from hansol_assets.settings_model import SettingsModel

Kind = Literal["local", "ray"]


def shortage(needed: Mapping[str, float], there: Mapping[str, float]) -> dict[str, float]:
    """Returns what is needed, resource → amount, of which there is less."""
    return {name: amount for name, amount in needed.items() if amount > there.get(name, 0)}


class ClusterSettings(SettingsModel):
    """How a Ray cluster is used; nothing of it shapes a result."""

    workers: int = Field(
        2, ge=1, description="processes at most that embed, or generate, at the same time"
    )
    least_workers: int = Field(
        1, ge=1, description="processes that are started at once; more come while work waits"
    )
    training_workers: int = Field(
        1,
        ge=1,
        description="processes that train one adapter together, data-parallel; they share the "
        "profile's batch, whose size stays",
    )
    least_training_workers: int | None = Field(
        None,
        ge=1,
        description="with how few of them training may go on after a node is lost; as many as can "
        "share the batch. By default it waits for another node",
    )
    cpus_per_worker: float = Field(1.0, gt=0, description="processor cores of a process")
    gpus_per_worker: float = Field(
        0.0, ge=0, description="GPUs of a process; a fraction lets processes share one"
    )

    @property
    def fewest_training_workers(self) -> int:
        """With how few processes training may go on."""
        return min(self.least_training_workers or self.training_workers, self.training_workers)

    def needs(self, processes: int) -> dict[str, float]:
        """What so many processes take, resource → amount."""
        return {"CPU": processes * self.cpus_per_worker, "GPU": processes * self.gpus_per_worker}

    @model_validator(mode="after")
    def _fewest_are_no_more_than_most(self) -> Self:
        if self.least_workers > self.workers:
            msg = f"least_workers {self.least_workers} is more than workers {self.workers}"
            raise ValueError(msg)
        return self


_KEPT = "Nothing was started and nothing is lost."


def user_error_in(error: BaseException | None) -> UserError | None:
    """Finds the error that is meant for a person within what Ray makes of it, if there is one."""
    seen: set[int] = set()
    while error is not None and not isinstance(error, UserError) and id(error) not in seen:
        seen.add(id(error))
        error = getattr(error, "cause", None) or error.__cause__
    return error if isinstance(error, UserError) else None


def last_line(trace: str) -> str:
    """The line of a trace that says what was raised at first."""
    first = trace.partition("The above exception was the direct cause")[0]
    return next((line for line in reversed(first.splitlines()) if line.strip()), "").strip()


class ClusterError(UserError):
    """The base of every error about a cluster."""


class NoRayError(ClusterError):
    """Ray is asked for, and not installed."""

    def __init__(self) -> None:
        super().__init__(
            "HANSOL_COMPUTE=ray needs Ray, which is not installed. "
            "Install it with: pip install 'hansol-assets[ray]', or leave HANSOL_COMPUTE out."
        )


class UnreachableClusterError(ClusterError):
    """No cluster answers, or it does not let this process in."""

    passes = True

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(
            f"the Ray cluster at RAY_ADDRESS={address} cannot be used: {reason}. {_KEPT} See with "
            "'ray status' on one of its machines whether it runs; without RAY_ADDRESS a cluster "
            "is started here."
        )


class SmallClusterError(ClusterError):
    """The cluster has less than the settings ask for."""

    def __init__(self, needed: Mapping[str, float], there: Mapping[str, float]) -> None:
        lacking = ", ".join(
            f"{amount:g} {name} wanted, {there.get(name, 0):g} there"
            for name, amount in needed.items()
        )
        super().__init__(
            f"the Ray cluster is too small: {lacking}. {_KEPT} Add nodes, or lower "
            "cluster.least_workers, cluster.training_workers, cluster.cpus_per_worker or "
            "cluster.gpus_per_worker."
        )


class UnlikeClusterError(ClusterError):
    """A node has other software than this machine, or does not see the lake."""

    def __init__(self, differences: Sequence[str]) -> None:
        listed = "\n  ".join(differences)
        super().__init__(
            f"the nodes of the Ray cluster are not as this machine is:\n  {listed}\n{_KEPT} "
            "Install requirements.lock on every node, and let all of them see the lake at the "
            "same path."
        )


class LostWorkError(ClusterError):
    """Processes were lost more often than the settings allow."""

    def __init__(self, name: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"{name} on the Ray cluster was given up: {reason}. What it had kept stays: run again, "
            "and it goes on from there."
        )
