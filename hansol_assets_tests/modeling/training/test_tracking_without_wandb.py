"""A tracker that is not named is not imported, and one that is not installed is said to be missing.

`sys.modules[name] = None` is Python's own way of making an import fail.
"""

import subprocess
import sys

NOT_NAMED = """
import sys
sys.modules["wandb"] = None
from pathlib import Path
from hansol_assets.modeling.training.callbacks import tracked
with tracked((), Path("."), "run") as run:
    assert run.location is None
"""

NOT_INSTALLED = """
import sys
sys.modules["wandb"] = None
from pathlib import Path
from hansol_assets.modeling.training.callbacks import TrackerUnavailableError, tracked
try:
    with tracked(("wandb",), Path("."), "run"):
        pass
except TrackerUnavailableError as error:
    print(error)
"""


def run(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_nothing_of_wandb_is_imported_unless_it_is_named() -> None:
    assert run(NOT_NAMED) == ""


def test_a_tracker_that_is_not_installed_comes_with_the_command() -> None:
    message = run(NOT_INSTALLED)
    assert "pip install 'hansol-assets[tracking]'" in message
    assert "HANSOL_TRAINING__REPORT_TO='[]'" in message
