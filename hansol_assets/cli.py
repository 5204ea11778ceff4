"""`hansol …`: the platform from the command line.

What belongs here: arguments in, a readable page out. What does not: any work.
"""

import gc
import json
import logging
import warnings
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from hansol_assets.settings import ProfileError, Settings, load_settings

app = typer.Typer(
    name="hansol",
    help="From a Korean question-answer table to a scored, explainable submission.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
console = Console()
errors = Console(stderr=True)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def fail(message: str) -> NoReturn:
    """Prints an error for a person and ends with a non-zero code."""
    errors.print(f"[red]error:[/] {message}", highlight=False)
    raise typer.Exit(1)


def settings_or_fail() -> Settings:
    """Reads the settings; a wrong one ends the command with its message."""
    try:
        return load_settings()
    except ProfileError as error:
        fail(str(error))


@app.callback()
def main() -> None:
    """Keeps the libraries' notices off the page."""
    warnings.filterwarnings("ignore")
    logging.getLogger("transformers").setLevel(logging.ERROR)


@app.command()
def home() -> None:
    """Make Dagster's home inside the lake and print where it is."""
    from hansol_assets.home import prepare_home

    console.print(str(prepare_home(settings_or_fail().lake_dir / "dagster")), highlight=False)


@app.command()
def refresh(
    force: Annotated[bool, typer.Option(help="Recompute even what the lake holds.")] = False,
) -> None:
    """Bring every asset up to date; print the submission and its scores."""
    settings = settings_or_fail()
    if not _run_refresh(settings, force):
        fail("the run failed; the last good submission is still in place. The reason is above.")
    _print_scores(settings)
    gc.collect()


def _run_refresh(settings: Settings, force: bool) -> bool:
    import dagster as dg

    from hansol_assets.console import LOGGER
    from hansol_assets.definitions import build_defs
    from hansol_assets.home import prepare_home
    from hansol_assets.resources import FORCE_TAG

    prepare_home(settings.lake_dir / "dagster")
    job = build_defs(settings=settings).resolve_job_def("refresh")
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {LOGGER: {}}},
            tags={FORCE_TAG: "true"} if force else {},
        )
    for event in result.filter_events(lambda item: item.is_step_failure):
        error = event.step_failure_data.user_failure_data or event.step_failure_data.error
        text = getattr(error, "description", None) or error.to_string()
        errors.print(f"[red]{event.step_key} failed:[/] {text}", highlight=False)
    return result.success


def _print_scores(settings: Settings) -> None:
    from hansol_assets.lake.store import Lake

    lake = Lake(settings.lake_dir, settings.profile_name)
    board = lake.table(lake.live("leaderboard"))
    table = Table(title="validation scores (mean cosine to the references)")
    for name in ("name", "kind", "private", "95 % interval", "public", "parity"):
        table.add_column(name, justify="left" if name in ("name", "kind") else "right")
    for row in board[board["kind"] != "ablation"].itertuples():
        table.add_row(
            row.name,
            row.kind,
            f"{row.private:.4f}",
            f"{row.low:.4f}–{row.high:.4f}",
            f"{row.public:.4f}",
            "" if row.parity != row.parity else f"{row.parity:.3f}",
        )
    console.print(table)
    console.print(f"submission    {lake.paths.latest_submission / 'submission.csv'}", soft_wrap=True)
    console.print("lineage       make ui, then http://127.0.0.1:3000/asset-groups", soft_wrap=True)


if __name__ == "__main__":
    app()
