"""How a process that trains behaves toward the machine.

What belongs here: environment variables that libraries read when they are first imported.
"""

import os

DEFAULTS = {
    # Waiting OpenMP threads sleep; spinning ones made training five times slower on shared cores.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    # Kernels are kept for each shape of a matrix. Batches of many lengths met over a thousand
    # shapes, which held 1.4 GiB in the small profile's training and saved no time.
    "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "32",
    "LRU_CACHE_CAPACITY": "32",
}


def set_process_defaults() -> None:
    """Sets what the environment leaves open; call before torch is first imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
