"""How a process that trains behaves toward the machine.

What belongs here: environment variables that libraries read when they are first imported.
"""

import os

DEFAULTS = {
    # Waiting OpenMP threads sleep; spinning ones made training five times slower on shared cores.
    "OMP_WAIT_POLICY": "PASSIVE",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_DISABLE_TELEMETRY": "1",
}


def set_process_defaults() -> None:
    """Sets what the environment leaves open; call before torch is first imported."""
    for name, value in DEFAULTS.items():
        os.environ.setdefault(name, value)
