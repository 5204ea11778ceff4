"""Dagster's home inside the lake, so that history outlives a run."""

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
