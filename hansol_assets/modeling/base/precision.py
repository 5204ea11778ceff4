"""In which floating-point format a model computes on this machine."""

from contextlib import AbstractContextManager, nullcontext
from typing import Literal

from hansol_assets.errors import InputError

Precision = Literal["auto", "fp32", "fp16", "bf16"]


def resolve_precision(precision: Precision) -> Literal["fp32", "fp16", "bf16"]:
    """Choose the format to compute in: "auto" is bf16 where the processor has it, else fp32.

    Emulated bf16 is several times slower than fp32, native bf16 about twice as fast.

    Raises:
        InputError: fp16 is asked for on a machine without a GPU.
    """
    import torch

    cuda = torch.cuda.is_available()
    if precision == "fp16" and not cuda:
        raise InputError(
            "precision 'fp16' needs a GPU, and torch finds none. Set 'auto', 'bf16' or 'fp32'."
        )
    if precision != "auto":
        return precision
    native = torch.cuda.is_bf16_supported() if cuda else torch.cpu._is_avx512_bf16_supported()
    return "bf16" if native else "fp32"


def autocast(precision: Precision, device_type: str) -> AbstractContextManager[object]:
    """Return a context, enterable many times, that computes matrix products in a format.

    Returns:
        torch's autocast, or a context that changes nothing for fp32.
    """
    import torch

    formats = {"bf16": torch.bfloat16, "fp16": torch.float16}
    resolved = resolve_precision(precision)
    if resolved not in formats:
        return nullcontext()
    return torch.autocast(device_type, formats[resolved])
