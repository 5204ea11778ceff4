"""`hansol …`: the platform from the command line.

What belongs here: arguments in, a readable page out. What does not: any work.
"""

import atexit
import json
import logging
import os
import sys
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich.console import Console
from rich.table import Table

from hansol_assets.settings import ProfileError, Settings, load_settings

if TYPE_CHECKING:
    from hansol_assets.lake.store import Lake

PROFILE_COLUMNS = ("profile", "model", "size", "weights", "training", "generation", "licence")
SHOWN_CANDIDATES = 8
SHOWN_CHARACTERS = 60

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
    atexit.register(_silence_teardown)
    for library in ("transformers", "bitsandbytes"):
        logging.getLogger(library).setLevel(logging.ERROR)


def _silence_teardown() -> None:
    """Drops what DuckDB's bindings print when the interpreter ends after torch was loaded."""
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


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
    _print_scores()


def _run_refresh(settings: Settings, force: bool) -> bool:
    import dagster as dg

    from hansol_assets.console import LOGGER, failure_message
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
        errors.print(f"[red]{event.step_key} failed:[/] {failure_message(event)}", highlight=False)
    return result.success


def _print_scores() -> None:
    lake = _lake()
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
    console.print(
        f"submission    {lake.paths.latest_submission / 'submission.csv'}", soft_wrap=True
    )
    console.print("lineage       make ui, then http://127.0.0.1:3000/asset-groups", soft_wrap=True)


@app.command()
def score(
    submission: Annotated[Path, typer.Argument(help="id, vec_0 …; any system's.")],
    references: Annotated[Path, typer.Argument(help="id, 답변_1 …; empty cells are skipped.")],
    as_json: JsonOption = False,
) -> None:
    """Score a submission against reference answers with the active profile's embedder."""
    from hansol_assets.lake.errors import LakeError
    from hansol_assets.qa.contract import ContractError
    from hansol_assets.submission_scoring import score_files

    try:
        report = score_files(_lake(), submission, references, settings_or_fail().scores)
    except (LakeError, ContractError, ValueError) as error:
        fail(str(error))
    if as_json:
        _print_json(report.to_json())
        return
    low, high = report.interval
    table = Table(title=f"{submission.name} on {report.n} questions", show_header=False)
    for name in ("private", "public", "centroid", "human", "ceiling", "parity"):
        table.add_row(name, f"{getattr(report, name):.4f}")
    table.add_row("95 % interval", f"{low:.4f}–{high:.4f}")
    console.print(table)


@app.command()
def explain(
    question_id: Annotated[str, typer.Argument(help="Id of a test or validation question.")],
    as_json: JsonOption = False,
) -> None:
    """Print where one answer came from: parts, rows, votes, weights, versions and files."""
    from hansol_assets.explaining import explain as gather
    from hansol_assets.lake.errors import LakeError

    try:
        found = gather(_lake(), question_id)
    except LakeError as error:
        fail(str(error))
    if as_json:
        _print_json(found)
        return
    _print_explanation(found)


@app.command()
def promote() -> None:
    """Publish the submission made last, whatever its score against the published one."""
    from hansol_assets.answering.submission import publish_live
    from hansol_assets.lake.errors import LakeError

    try:
        published = publish_live(_lake())
    except LakeError as error:
        fail(str(error))
    console.print(f"published  {published}", soft_wrap=True, highlight=False)


@app.command()
def profiles() -> None:
    """List the profiles with their models, memory needed and licences."""
    from hansol_assets.modeling.profile_table import profile_table
    from hansol_assets.settings import PROFILES_DIRECTORY

    names = sorted(path.stem for path in PROFILES_DIRECTORY.glob("*.yaml"))
    rows = profile_table({name: load_settings(profile=name) for name in names})
    table = Table()
    for name in PROFILE_COLUMNS:
        table.add_column(name, overflow="fold")
    for row in (row for row in rows if row.parameters is not None):
        table.add_row(
            row.profile,
            row.model,
            _known(row.parameters, "{:.1f} B"),
            row.weights,
            _known(row.training_gib, "{:.1f} GiB"),
            _known(row.generation_gib, "{:.1f} GiB"),
            f"{row.licence or ''}{' (gated)' if row.gated else ''}",
        )
    console.print(table)


@app.command()
def doctor() -> None:
    """Say whether the active profile fits this machine, and what is missing or to be lowered."""
    from hansol_assets.modeling.hub import missing
    from hansol_assets.modeling.preflight import device_memory, estimate

    settings = settings_or_fail()
    base = settings.base_model
    device = device_memory()
    console.print(f"profile     {settings.profile_name}: {settings.description}", highlight=False)
    shape = base.known_shape
    if shape is not None:
        for phase, work in (("training", settings.training), ("generation", settings.generation)):
            found = estimate(shape, base.loading, work, device)
            console.print(f"{phase:11} {found}", highlight=False)
    absent = missing(base.hub) if base.kind == "hub" else None
    console.print(f"base model  {absent or 'nothing is missing'}", highlight=False)
    for asset, path in settings.raw_files.items():
        state = "found" if path.is_file() else "[red]missing[/]"
        console.print(f"raw file    {asset}: {path} {state}", highlight=False, soft_wrap=True)


export_app = typer.Typer(help="Take what is in the lake elsewhere.", no_args_is_help=True)
app.add_typer(export_app, name="export")


@export_app.command("adapter")
def export_adapter_command(
    directory: Annotated[Path, typer.Argument(help="A folder; made if missing.")],
) -> None:
    """Copy the live adapter into a folder that plain peft loads."""
    from hansol_assets.answering.adapters import adapter_manifest
    from hansol_assets.lake.errors import LakeError
    from hansol_assets.modeling.errors import ModelError
    from hansol_assets.modeling.export import export_adapter

    lake = _lake()
    try:
        adapter = adapter_manifest(lake, lake.live("final_adapter"))
        files = export_adapter(lake.artifact(adapter), directory)
    except (LakeError, ModelError) as error:
        fail(str(error))
    console.print(f"{len(files)} files in {directory}", highlight=False, soft_wrap=True)


def _known(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _print_explanation(found: dict[str, Any]) -> None:
    console.rule(f"{found['id']} ({found['asset']})")
    console.print(f"[bold]question[/]  {found['question']}", highlight=False)
    console.print(f"[bold]answer[/]    {found['answer']}", highlight=False)
    for place, part in enumerate(found["parts"], start=1):
        console.rule(f"part {place}: {part['question']}", align="left")
        _print_records("rows found", part["retrieved"])
        best_first = sorted(part["candidates"], key=lambda item: -item["score"])
        _print_records(
            f"the best {SHOWN_CANDIDATES} of {len(best_first)} candidates, the chosen one first",
            [
                {
                    "origin": item["origin"],
                    "from": _origin(item),
                    "vote": item["vote"],
                    "score": item["score"],
                    "text": item["text"][:SHOWN_CHARACTERS],
                }
                for item in best_first[:SHOWN_CANDIDATES]
            ],
        )
    for title in ("blend_weights", "versions", "files"):
        _print_records(title, [{"name": key, "value": item} for key, item in found[title].items()])


def _print_records(title: str, records: list[dict[str, Any]]) -> None:
    table = Table(title=title, title_justify="left")
    for name in records[0] if records else ():
        table.add_column(name)
    for record in records:
        table.add_row(*(_cell(value) for value in record.values()))
    console.print(table)


def _origin(candidate: dict[str, Any]) -> str:
    if candidate["source_id"] is None:
        return f"#{candidate['rank']:.0f}"
    return f"{candidate['source_id']} 답변_{candidate['source_answer']:.0f}"


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def _print_json(value: object) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _lake() -> "Lake":
    from hansol_assets.lake.store import Lake

    settings = settings_or_fail()
    return Lake(settings.lake_dir, settings.profile_name)


if __name__ == "__main__":
    app()
