"""What a model runs in: its device, number formats, repeatable kernels, and quiet progress."""

import random
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import numpy as np

from hansol_assets.errors import InputError
from hansol_assets.lake.reports import NO_FIGURES, Log

PROGRESS_SECONDS = 5.0
"""Shortest time between two lines of progress."""


class ThrottledProgress:
    """Passes on the first line, then at most one in `PROGRESS_SECONDS`."""

    def __init__(self, send: Log) -> None:
        self._send = send
        self._next = 0.0

    def __call__(self, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Send the line if the interval since the last one is over."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + PROGRESS_SECONDS
        self._send(line, figures)


@contextmanager
def without_bars() -> Iterator[None]:
    """Run a block without transformers' progress bars, which garble a log."""
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Run a block with seeded generators and deterministic kernels, then restore both.

    On CUDA, operations without a deterministic kernel warn instead of stopping a long training, and
    cuBLAS needs `CUBLAS_WORKSPACE_CONFIG` before it starts.
    """
    import torch

    kernels = torch.are_deterministic_algorithms_enabled()
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    options: Any = torch.utils.deterministic
    fill = options.fill_uninitialized_memory
    python_state, numpy_state = random.getstate(), np.random.get_state()
    with torch.random.fork_rng():
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        torch.use_deterministic_algorithms(mode=True, warn_only=torch.cuda.is_available())
        # Filling every fresh buffer guards against kernels that read what they did not write; it
        # costs a pass over memory for each of them, and none of the kernels used here does.
        options.fill_uninitialized_memory = False
        try:
            yield
        finally:
            torch.use_deterministic_algorithms(kernels, warn_only=warn_only)
            options.fill_uninitialized_memory = fill
            random.setstate(python_state)
            np.random.set_state(numpy_state)


MAX_GRADIENT_NORM = 1.0
"""To which the gradients of all weights together are clipped."""

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
    """Return a context, enterable many times, that computes matrix products in a format."""
    import torch

    formats = {"bf16": torch.bfloat16, "fp16": torch.float16}
    resolved = resolve_precision(precision)
    if resolved not in formats:
        return nullcontext()
    return torch.autocast(device_type, formats[resolved])
