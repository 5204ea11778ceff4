"""A training run in an experiment tracker, through transformers' own callbacks."""

import importlib.util
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from hansol_assets.errors import ModelError

WANDB = "wandb"
PROJECT = "hansol-assets"
LOCAL_MODES = frozenset({"offline", "disabled", "dryrun"})


class TrackerUnavailableError(ModelError, RuntimeError):
    """The tracker that the settings name is not installed, or nobody is logged in."""


@dataclass
class TrackedRun:
    """A run in a tracker.

    Attributes:
        place: The run's page, or its folder where it was kept offline; None without a tracker.
    """

    place: str | None = None


@contextmanager
def tracked(report_to: Sequence[str], directory: Path, name: str) -> Iterator[TrackedRun]:
    """Keep a block's run in the trackers that are named.

    Only wandb is prepared and closed here; transformers runs any other tracker by itself. Nothing
    of wandb is imported unless it is named.

    Yields:
        The run; its place is known once the block is over.

    Raises:
        TrackerUnavailableError: wandb is named and not installed, or nobody is logged in.
    """
    run = TrackedRun()
    if WANDB not in report_to:
        yield run
        return
    if importlib.util.find_spec(WANDB) is None:
        raise TrackerUnavailableError(
            "training.report_to names wandb, which is not installed. Install it with: "
            "pip install 'hansol-assets[tracking]', or set HANSOL_TRAINING__REPORT_TO='[]'."
        )
    import wandb

    defaults = {"WANDB_DIR": str(directory), "WANDB_PROJECT": PROJECT, "WANDB_NAME": name}
    with _environment(defaults):
        if os.environ.get("WANDB_MODE") not in LOCAL_MODES and not wandb.api.api_key:
            raise TrackerUnavailableError(
                "training.report_to names wandb, and nobody is logged in to it. Run `wandb login`, "
                "keep the run on this machine with WANDB_MODE=offline, or set "
                "HANSOL_TRAINING__REPORT_TO='[]'."
            )
        Path(os.environ["WANDB_DIR"]).mkdir(parents=True, exist_ok=True)
        failed = 1
        try:
            yield run
            failed = 0
        finally:
            if wandb.run is not None:
                run.place = wandb.run.sync_dir if wandb.run.offline else wandb.run.url
                wandb.finish(exit_code=failed)


@contextmanager
def _environment(defaults: Mapping[str, str]) -> Iterator[None]:
    """Set what the environment leaves open, and take it back afterwards."""
    added = {name: value for name, value in defaults.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]
