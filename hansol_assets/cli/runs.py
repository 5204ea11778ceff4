"""`hansol refresh`, `cross-validate`, `promote` and `home`: running the graph and publishing."""

import gc
import math
import statistics
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from hansol_assets.cli.output import (
    console,
    fail,
    figure,
    open_lake,
    open_or_make_lake,
    print_error,
    print_line,
    print_records,
)
from hansol_assets.lake.disk import require_writable
from hansol_assets.lake.paths import LakePaths
from hansol_assets.orchestration.lines import asset_line
from hansol_assets.qa.table.files import TEST_CSV
from hansol_assets.settings import FRESH_HOURS, Settings, load_settings

if TYPE_CHECKING:
    import dagster as dg
    import pandas as pd

    from hansol_assets.lake.making import UpToDate
    from hansol_assets.lake.store import Lake

commands = typer.Typer()


@commands.command()
def home() -> None:
    """Make Dagster's home inside the lake, end runs that were killed, and print where it is."""
    import dagster as dg

    from hansol_assets.orchestration.home import prepare_home
    from hansol_assets.orchestration.run_locks import end_dead_runs

    settings = load_settings()
    print_line(prepare_home(settings.lake_dir / "dagster"))
    with dg.DagsterInstance.get() as instance:
        for run_id in end_dead_runs(instance, open_or_make_lake().paths.locks):
            print_line(f"run {run_id} was killed; the next one goes on from it")


@commands.command()
def refresh(
    force: Annotated[bool, typer.Option(help="Recompute even what the lake holds.")] = False,
) -> None:
    """Bring every asset up to date; print the scores and what was made."""
    settings = load_settings()
    _print_files(settings)
    done = None if force else _up_to_date(settings)
    if done:
        _print_up_to_date(done)
    elif not _run_job("refresh", settings, force=force):
        fail(f"the run failed; {_what_stands(settings)}. The reason is above.")
    lake = open_lake()
    print_board(lake.table(lake.live("leaderboard")), console)
    for name, made in outcome(lake, has_questions=TEST_CSV in settings.raw_files):
        print_line(f"{name:13} {made}")


def _print_files(settings: Settings) -> None:
    """Says which files are read, before anything is done with them."""
    named = [f"{asset}: {path}" for asset, path in settings.raw_files.items()]
    for line in ["reads " + ", ".join(named), *settings.notes_on_files()]:
        print_line(line)


def _up_to_date(settings: Settings) -> "UpToDate | None":
    """What is live, where a run would do nothing; it needs no Dagster to be found."""
    from hansol_assets.assets.groups import declarations
    from hansol_assets.lake.making import find_up_to_date

    # A run that does nothing still tells Dagster that its assets were looked at.
    hours = FRESH_HOURS / 2
    lake = open_or_make_lake()
    return find_up_to_date(declarations(), lake, settings, _home(settings), hours)


def _print_up_to_date(done: "UpToDate") -> None:
    for manifest in done.manifests:
        line = asset_line(manifest.asset, {**manifest.facts, "status": "reused"})
        console.print(line, highlight=False, soft_wrap=True)
    for warning in done.warnings:
        console.print(warning, highlight=False, soft_wrap=True)


def _home(settings: Settings) -> Path:
    from hansol_assets.orchestration.home import home_folder

    return home_folder(settings.lake_dir / "dagster")


def _what_stands(settings: Settings) -> str:
    latest = LakePaths(settings.lake_dir).latest_submission
    if latest.is_dir():
        return "the last good submission is still in place"
    return "what was made before it is kept, and the next run goes on from there"


def outcome(lake: "Lake", *, has_questions: bool) -> list[tuple[str, str]]:
    """What a run made, for a person: name and place.

    `has_questions`: whether there is a test file; without one there is nothing to submit.
    """
    from hansol_assets.answering.training import adapter_weights
    from hansol_assets.lake.handles import Artifact, input_of

    lineage = ("lineage", "make ui, then http://127.0.0.1:3000/asset-groups")
    if has_questions:
        return [("submission", str(lake.paths.latest_submission / "submission.csv")), lineage]
    final = Artifact.pin(lake, "final_adapter")
    adapter = adapter_weights(final, input_of(final, "lora_adapter")).open()
    return [
        ("no submission", "there is no test file (test.*), so no question to answer"),
        ("leaderboard", f"table leaderboard in {lake.paths.warehouse}"),
        ("adapter", f"{adapter} (hansol export adapter DIR copies it)"),
        lineage,
    ]


_PARITIES = ("parity", "known_parity", "unknown_parity", "text_known_parity")
"""What `cross-validate` prints of each rotation."""


@commands.command("cross-validate")
def cross_validate() -> None:
    """Judge the profile on every rotation of its folds; each is a row of the leaderboard.

    A rotation that fails leaves the profile's own results as they were.
    """
    from hansol_assets.lake.store import Lake
    from hansol_assets.orchestration.automation import CROSS_VALIDATE, rotations

    settings = load_settings()
    _print_files(settings)
    results: list[dict[str, Any]] = []
    for rotation in rotations(settings.folds):
        console.rule(f"validation folds from {rotation}")
        if not _run_job(CROSS_VALIDATE, settings, partition=rotation):
            fail("the run failed; the rotations before it are on the leaderboard.")
        live_name = load_settings(rotation=int(rotation)).live_name
        scores = Lake(settings.lake_dir, live_name).live("validation_scores")
        parities = {name: float(scores.facts.get(name, math.nan)) for name in _PARITIES}
        results.append({"validation folds from": rotation, **parities})
    # The profile's own leaderboard gains the rotations; all else of it is reused.
    _run_job("judge", settings)
    means = {name: statistics.fmean(result[name] for result in results) for name in _PARITIES}
    print_records("parity by rotation", [*results, {"validation folds from": "mean", **means}])


def _run_job(
    name: str, settings: Settings, *, force: bool = False, partition: str | None = None
) -> bool:
    # What imports make stays: to look through it again and again takes a fifth of a second.
    gc.disable()
    import dagster as dg

    from hansol_assets.definitions import build_defs
    from hansol_assets.lake.making import note_run
    from hansol_assets.orchestration.graph import FORCE_TAG, TERMINAL
    from hansol_assets.orchestration.home import prepare_home
    from hansol_assets.orchestration.terminal import (
        failed_check_line,
        failure_message,
        is_check,
        start_failure_message,
    )

    gc.enable()
    require_writable(open_or_make_lake().paths.root)
    prepare_home(settings.lake_dir / "dagster")
    job = build_defs(settings=settings).resolve_job_def(name)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={**_partition_config(job, partition), "loggers": {TERMINAL: {}}},
            tags={FORCE_TAG: "true"} if force else {},
        )
    if name == "refresh" and result.success:
        lines = [failed_check_line(event) for event in result.filter_events(is_check)]
        warnings = [line for line in lines if line]
        note_run(open_lake(), settings, _home(settings), warnings)
    for event in result.filter_events(lambda item: item.is_step_failure):
        print_error(f"{event.step_key} failed:", failure_message(event))
    for event in result.filter_events(lambda item: item.is_resource_init_failure):
        print_error("the run did not start:", start_failure_message(event))
    return result.success


def _partition_config(job: "dg.JobDefinition", partition: str | None) -> dict[str, Any]:
    if partition is None or job.partitioned_config is None:
        return {}
    return dict(job.partitioned_config.get_run_config_for_partition_key(partition))


def print_board(board: "pd.DataFrame", console: Console) -> None:
    """Prints a leaderboard without its ablations, and what to know before it is read."""
    table = Table(title="validation scores (mean cosine to the references)")
    for name in ("name", "private", "95 % interval", "known", "unknown", "parity"):
        table.add_column(name, justify="left" if name == "name" else "right")
    for row in board[board["kind"] != "ablation"].itertuples():
        table.add_row(
            row.name,
            figure(row.private),
            "" if math.isnan(row.low) else f"{row.low:.4f}–{row.high:.4f}",
            figure(row.known),
            figure(row.unknown),
            "" if math.isnan(row.parity) else f"{row.parity:.3f}",
        )
    console.print(table)
    for note in dict.fromkeys(board["note"]):
        if note:
            console.print(note, highlight=False)


@commands.command()
def promote() -> None:
    """Publish the submission made last, whatever its score against the published one."""
    from hansol_assets.answering.publishing import publish_live

    print_line(f"published  {publish_live(open_lake())}")
