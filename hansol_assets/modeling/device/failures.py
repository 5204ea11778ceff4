"""A device that gives up while a model works: said once, with what was kept and what to do."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from hansol_assets.errors import ModelError
from hansol_assets.modeling.device.preflight import MemoryEstimate, OutOfMemoryError


class LostDeviceError(ModelError):
    """The accelerator failed or went away; this process cannot use it any more."""


@contextmanager
def device_failures_named(found: MemoryEstimate, kept: str) -> Iterator[None]:
    """Turn a device's failure within a block into one message, and free what it held.

    Raises:
        OutOfMemoryError: The block ran out of memory.
        LostDeviceError: The GPU failed: it fell off the bus, or a kernel broke, for instance.
    """
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        named = _named(error, found, kept)
        if named is None:
            raise
        _release(error)
    else:
        return
    raise named


def _named(error: BaseException, found: MemoryEstimate, kept: str) -> ModelError | None:
    reason = next(iter(str(error).splitlines()), type(error).__name__)
    if _is_out_of_memory(error):
        return OutOfMemoryError(
            f"{found.phase} ran out of memory on {found.device.name} ({reason}). {kept} "
            f"To need less: {found.advice}. Estimated were {found.gib:.1f} GiB."
        )
    if _is_lost_device(error):
        return LostDeviceError(
            f"{found.phase} lost {found.device.name} ({reason}). {kept} See with 'nvidia-smi' "
            "whether it answers, and run again: a new process is needed to use it."
        )
    return None


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether it is CUDA's error, Python's, or the one that torch raises on a CPU."""
    import torch

    return isinstance(error, (torch.OutOfMemoryError, MemoryError)) or (
        "DefaultCPUAllocator" in str(error)
    )


def _is_lost_device(error: BaseException) -> bool:
    """Whether it is what torch raises for every failure of an accelerator but a full memory."""
    import torch

    return isinstance(error, torch.AcceleratorError)


def _release(error: BaseException) -> None:
    """Let go of the frames that hold the model, then of its memory."""
    import traceback

    import torch

    traceback.clear_frames(error.__traceback__)
    error.__traceback__ = None
    gc.collect()
    if torch.cuda.is_available() and not _is_lost_device(error):
        torch.cuda.empty_cache()
