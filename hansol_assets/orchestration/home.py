"""What a process finds around it: Dagster's home inside the lake, and the environment.

What belongs here: what must be so before a library is first imported, or Dagster first opened.
"""

import os
import shutil
from pathlib import Path

TEMPLATE = Path(__file__).parent / "dagster.yaml"
VARIABLE = "DAGSTER_HOME"


def prepare_home(default: Path) -> Path:
    """Makes Dagster's home with our instance settings, and names it in the environment.

    Args:
        default: The folder to use where `DAGSTER_HOME` is not set.

    Returns:
        The folder in use.
    """
    home = Path(os.environ.setdefault(VARIABLE, str(default.resolve())))
    home.mkdir(parents=True, exist_ok=True)
    if not (home / TEMPLATE.name).exists():
        shutil.copyfile(TEMPLATE, home / TEMPLATE.name)
    return home


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
