"""Whether a model fits the machine, asked before work starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hansol_assets.errors import ModelError
from hansol_assets.modeling.base.loading import LoadingSettings
from hansol_assets.modeling.base.shape import ModelShape
from hansol_assets.modeling.base.vocabulary import TABLE_TOKENS
from hansol_assets.modeling.device.memory import (
    FUSED,
    GIB,
    PLAIN,
    Kernels,
    MemoryItem,
    generation_memory,
    training_memory,
)
from hansol_assets.modeling.settings import GenerationSettings, TrainingSettings

PROCESSOR = "CPU"

RUNTIME_GIB = 1.0
"""Memory that CUDA's context, or Python with its libraries, takes beside the model."""

FIXED_ITEMS = frozenset({"weights", "adapter and gradients", "optimizer"})
"""Items that are certain: without room for these no batch is small enough."""

Phase = Literal["training", "generation"]


class OutOfMemoryError(ModelError, MemoryError):
    """A model does not fit the device, or outgrew it."""


@dataclass(frozen=True)
class Device:
    """Where models live.

    Attributes:
        name: The GPU's name, or "CPU".
        gib: Memory that is free on it, in GiB.
    """

    name: str
    gib: float

    @property
    def kernels(self) -> Kernels:
        """What its kernels hold."""
        return PLAIN if self.name == PROCESSOR else FUSED


@dataclass(frozen=True)
class MemoryEstimate:
    """What one phase needs, against what there is."""

    phase: Phase
    items: tuple[MemoryItem, ...]
    device: Device

    @property
    def gib(self) -> float:
        """GiB in all."""
        return sum(item.gib for item in self.items)

    @property
    def verdict(self) -> Literal["fits", "tight", "too large"]:
        """tight: the estimate, which takes the longest texts, exceeds what is free."""
        fixed = sum(item.gib for item in self.items if item.name in FIXED_ITEMS)
        if fixed > self.device.gib:
            return "too large"
        return "tight" if self.gib > self.device.gib else "fits"

    @property
    def advice(self) -> str:
        """What to lower, the largest item that a setting lowers first."""
        ranked = sorted(self.items, key=lambda item: -item.gib)
        return "; ".join(f"{item.name}: {item.setting}" for item in ranked if item.setting)

    def __str__(self) -> str:
        """One line: sum, items, device, and what to lower unless all fits."""
        items = ", ".join(f"{item.name} {item.gib:.2f}" for item in self.items)
        line = (
            f"{self.phase} needs about {self.gib:.1f} GiB ({items}) of {self.device.gib:.1f} GiB "
            f"free on {self.device.name}: {self.verdict}"
        )
        return line if self.verdict == "fits" else f"{line}. To need less: {self.advice}"


def device_memory() -> Device:
    """Measure the memory that is free where models live: on the first GPU, or in the machine."""
    import psutil
    import torch

    if torch.cuda.is_available():
        free, _ = torch.cuda.mem_get_info(0)
        return Device(torch.cuda.get_device_name(0), free / GIB)
    return Device(PROCESSOR, psutil.virtual_memory().available / GIB)


def estimate(
    shape: ModelShape,
    loading: LoadingSettings,
    work: TrainingSettings | GenerationSettings,
    device: Device,
    kept: int | None = None,
) -> MemoryEstimate:
    """Estimate one phase on a device."""
    if loading.vocabulary == "table":
        rows = min(shape.vocab_size, kept or TABLE_TOKENS)
        shape = shape.model_copy(update={"vocab_size": rows})
    runtime = MemoryItem("runtime", RUNTIME_GIB)
    if isinstance(work, TrainingSettings):
        items = training_memory(shape, loading, work, device.kernels)
        return MemoryEstimate("training", (*items, runtime), device)
    return MemoryEstimate("generation", (*generation_memory(shape, loading, work), runtime), device)


def preflight(
    base_dir: Path,
    loading: LoadingSettings,
    work: TrainingSettings | GenerationSettings,
    kept: Sequence[int] | None = None,
) -> MemoryEstimate:
    """Estimate one phase on this machine, and refuse it where it cannot fit.

    `kept`: tokens that keep their rows; None: all do.

    Raises:
        OutOfMemoryError: Weights, adapter and optimizer alone exceed what is free.
    """
    shape = ModelShape.of_folder(base_dir, trust_remote_code=loading.trust_remote_code)
    rows = None if kept is None else len(kept)
    found = estimate(shape, loading, work, device_memory(), rows)
    if found.verdict == "too large":
        raise OutOfMemoryError(f"the model does not fit: {found}.")
    return found
