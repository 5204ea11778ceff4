"""The cluster's part of the settings: how much of it is used, and how much it may fail."""

from collections.abc import Mapping
from typing import Literal, Self

from pydantic import Field, model_validator

from hansol_assets.settings_model import SettingsModel

Kind = Literal["local", "ray"]
Sharding = Literal["none", "fsdp"]


def lacking(wanted: Mapping[str, float], there: Mapping[str, float]) -> dict[str, float]:
    """Returns what is wanted, resource → amount, of which there is less."""
    return {name: amount for name, amount in wanted.items() if amount > there.get(name, 0)}


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
    sharding: Sharding = Field(
        "none",
        description="fsdp: weights, gradients and optimiser are cut into one piece a training "
        "worker, for a model that no single GPU holds",
    )
    max_failures: int = Field(
        3, ge=0, description="lost workers or nodes after which training gives up"
    )
    wait_seconds: float = Field(
        300.0, ge=0, description="how long training waits for another node in place of a lost one"
    )
    connect_seconds: float = Field(
        10.0, gt=0, description="how long a cluster may take to answer at first"
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

    @model_validator(mode="after")
    def _training_has_whole_gpus(self) -> Self:
        if self.sharding == "fsdp" and self.gpus_per_worker < 1:
            msg = "sharding 'fsdp' needs gpus_per_worker 1 or more"
            raise ValueError(msg)
        return self
