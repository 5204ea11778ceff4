"""Profiles side by side: model, size, licence, and the memory that each of them needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from hansol_assets.modeling.base.base_model import BaseModelSettings
from hansol_assets.modeling.device.preflight import PROCESSOR, Device, estimate
from hansol_assets.modeling.settings import GenerationSettings, TrainingSettings


class Profile(Protocol):
    """What the table reads of a profile; `hansol_assets.settings.Settings` has it."""

    @property
    def description(self) -> str:
        """What it is for."""

    @property
    def base_model(self) -> BaseModelSettings:
        """Which model."""

    @property
    def training(self) -> TrainingSettings:
        """How it is trained."""

    @property
    def generation(self) -> GenerationSettings:
        """How it answers."""


@dataclass(frozen=True)
class ProfileRow:
    """One profile.

    Attributes:
        model: The hub's name, the local folder, or what is trained here.
        parameters: Weights, in billions; None where the profile does not state the shape.
        weights: The format in memory: nf4, or the dtype.
        training_gib: Memory to train an adapter in, in GiB, or None.
        generation_gib: Memory to answer in, in GiB, or None.
        licence: As the hub names it; None for a model trained here or not known.
        gated: Whether the licence must be accepted on the model's page first.
        description: What the profile is for.
    """

    profile: str
    model: str
    parameters: float | None
    weights: str
    training_gib: float | None
    generation_gib: float | None
    licence: str | None
    gated: bool
    description: str


def profile_table(profiles: Mapping[str, Profile]) -> list[ProfileRow]:
    """Lay profiles side by side, without any device or network.

    Those that hold their weights in 32 bits are meant for a processor, the others for a GPU.

    Returns:
        One row a profile, the smallest model first and those of unknown size last.
    """
    rows = [_row(name, profile) for name, profile in profiles.items()]
    return sorted(rows, key=lambda row: (row.parameters or float("inf"), row.profile))


def _row(name: str, profile: Profile) -> ProfileRow:
    base = profile.base_model
    shape, loading = base.known_shape, base.loading
    nowhere = Device(PROCESSOR if loading.dtype == "float32" else "GPU", 0)
    works = (profile.training, profile.generation)
    training, generation = (
        estimate(shape, loading, work, nowhere).gib if shape else None for work in works
    )
    return ProfileRow(
        profile=name,
        model=base.name,
        parameters=shape.parameters / 1e9 if shape else None,
        weights=loading.dtype if loading.quantization == "none" else loading.quantization,
        training_gib=training,
        generation_gib=generation,
        licence=base.facts.licence if base.kind == "hub" else None,
        gated=base.facts.gated if base.kind == "hub" else False,
        description=profile.description,
    )
