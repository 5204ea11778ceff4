"""Repeatable training: seeds and deterministic kernels around a block of work."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np


@contextmanager
def deterministic(seed: int) -> Iterator[None]:
    """Run a block with seeded generators and deterministic kernels, then restore both.

    On CUDA, cuBLAS is deterministic only if `CUBLAS_WORKSPACE_CONFIG` was set before it started;
    operations without a deterministic kernel warn there instead of stopping a long training.
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
