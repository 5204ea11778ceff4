"""What a process finds around it: Dagster's home inside the lake, and the environment."""

import os
import shutil
from pathlib import Path

from hansol_assets.errors import InputError
from hansol_assets.lake.disk import disk_explained
from hansol_assets.settings_model import from_home

TEMPLATE = Path(__file__).parent / "dagster.yaml"
VARIABLE = "DAGSTER_HOME"


def home_folder(default: Path) -> Path:
    """Returns Dagster's home, absolute: Dagster takes no other.

    Raises:
        InputError: `DAGSTER_HOME` names no folder.
    """
    named = os.environ.get(VARIABLE) or str(default)
    if "\r" in named:
        msg = f"{VARIABLE} holds a carriage return (CR): save the file that sets it with Unix ends"
        raise InputError(msg)
    try:
        return from_home(Path(named)).resolve()
    except ValueError as error:
        msg = f"{VARIABLE}: {error}"
        raise InputError(msg) from error


def checked_home(default: Path) -> Path:
    """Returns Dagster's home, which need not be there yet.

    Raises:
        InputError: It names no folder, or one that Dagster would take for another.
    """
    home = home_folder(default)
    _require_own_databases(home)
    return home


def prepare_home(default: Path) -> Path:
    """Makes Dagster's home with our instance settings, and names it in the environment.

    Raises:
        InputError: Dagster would keep its databases in another folder than this one.
        DiskError: The folder cannot be made.
    """
    home = checked_home(default)
    os.environ[VARIABLE] = str(home)
    with disk_explained(home):
        home.mkdir(parents=True, exist_ok=True)
        if not (home / TEMPLATE.name).exists():
            shutil.copyfile(TEMPLATE, home / TEMPLATE.name)
    return home


def _require_own_databases(home: Path) -> None:
    """Refuses a folder that is another one once Dagster has written it as the URL of SQLite."""
    from dagster._core.storage.sqlite import create_db_conn_string
    from sqlalchemy.engine import make_url

    meant = make_url(create_db_conn_string(str(home), "runs")).database
    if meant != str(home / "runs.db"):
        msg = (
            f"Dagster would keep its databases as {meant}, and not in {home}, for the % or ? in "
            f"its name. Nothing was written. Rename the folder, or set {VARIABLE} to one without "
            "such signs; the lake can stay where it is."
        )
        raise InputError(msg)


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
