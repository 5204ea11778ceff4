"""`hansol …`: the platform from the command line.

What belongs here: arguments in, a readable page out. What does not: any work.
"""

import atexit
import logging
import math
import os
import statistics
import sys
import warnings
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from hansol_assets.cli.lake import lake_app
from hansol_assets.cli.models import doctor, export_app, profiles
from hansol_assets.cli.page import (
    console,
    fail,
    open_lake,
    print_error,
    print_json,
    print_records,
    settings_or_fail,
)
from hansol_assets.settings import Settings, load_settings

SHOWN_CANDIDATES = 8
SHOWN_CHARACTERS = 60

app = typer.Typer(
    name="hansol",
    help="From a Korean question-answer table to a scored, explainable submission.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
app.add_typer(export_app, name="export")
app.add_typer(lake_app, name="lake")
app.command()(profiles)
app.command()(doctor)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


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
    """Make Dagster's home inside the lake, end runs that were killed, and print where it is."""
    import dagster as dg

    from hansol_assets.orchestration.home import prepare_home
    from hansol_assets.orchestration.run_locks import end_dead_runs

    settings = settings_or_fail()
    console.print(str(prepare_home(settings.lake_dir / "dagster")), highlight=False)
    with dg.DagsterInstance.get() as instance:
        for run_id in end_dead_runs(instance, open_lake().paths.locks):
            console.print(f"run {run_id} was killed; the next one goes on from it", highlight=False)


@app.command()
def refresh(
    force: Annotated[bool, typer.Option(help="Recompute even what the lake holds.")] = False,
) -> None:
    """Bring every asset up to date; print the submission and its scores."""
    settings = settings_or_fail()
    if not _run_job("refresh", settings, force=force):
        fail("the run failed; the last good submission is still in place. The reason is above.")
    _print_scores()


@app.command("cross-validate")
def cross_validate() -> None:
    """Judge the profile on every rotation of its folds; each is a row of the leaderboard."""
    from hansol_assets.lake.store import Lake

    own = settings_or_fail()
    lake = Lake(own.lake_dir, own.profile_name)
    parities: dict[int, float] = {}
    for start in range(0, own.folds.count, own.folds.validation):
        console.rule(f"validation folds from {start}")
        rotated = load_settings(folds={"validation_fold": start})
        if not _run_job("judge", rotated, force=False):
            fail("the run failed; the rotations before it are on the leaderboard.")
        parities[start] = float(lake.live("validation_scores").facts.get("parity", math.nan))
    # The last rotation must not stay the live one.
    _run_job("judge", own, force=False)
    print_records(
        "parity by rotation",
        [{"validation folds from": start, "parity": value} for start, value in parities.items()],
    )
    console.print(f"mean parity  {statistics.fmean(parities.values()):.3f}", highlight=False)


def _run_job(name: str, settings: Settings, *, force: bool) -> bool:
    import dagster as dg

    from hansol_assets.definitions import build_defs
    from hansol_assets.orchestration.home import prepare_home
    from hansol_assets.orchestration.resources import FORCE_TAG
    from hansol_assets.orchestration.terminal import LOGGER, failure_message

    open_lake()
    prepare_home(settings.lake_dir / "dagster")
    job = build_defs(settings=settings).resolve_job_def(name)
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(
            instance=instance,
            raise_on_error=False,
            run_config={"loggers": {LOGGER: {}}},
            tags={FORCE_TAG: "true"} if force else {},
        )
    for event in result.filter_events(lambda item: item.is_step_failure):
        print_error(f"{event.step_key} failed:", failure_message(event))
    return result.success


def _print_scores() -> None:
    lake = open_lake()
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
    if board["parity"].isna().all():
        console.print("parity is not measurable here: people score no higher than the centroid")
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
    from hansol_assets.answering.submission_scoring import score_files
    from hansol_assets.lake.errors import LakeError
    from hansol_assets.qa.contract import ContractError

    try:
        report = score_files(open_lake(), submission, references, settings_or_fail().scores)
    except (LakeError, ContractError, ValueError) as error:
        fail(str(error))
    if as_json:
        print_json(report.to_json())
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
    from hansol_assets.answering.explaining import explain as gather
    from hansol_assets.lake.errors import LakeError

    try:
        found = gather(open_lake(), question_id)
    except LakeError as error:
        fail(str(error))
    if as_json:
        print_json(found)
        return
    _print_explanation(found)


@app.command()
def promote() -> None:
    """Publish the submission made last, whatever its score against the published one."""
    from hansol_assets.answering.submission import publish_live
    from hansol_assets.lake.errors import LakeError

    try:
        published = publish_live(open_lake())
    except LakeError as error:
        fail(str(error))
    console.print(f"published  {published}", soft_wrap=True, highlight=False)


def _print_explanation(found: dict[str, Any]) -> None:
    console.rule(f"{found['id']} ({found['asset']})")
    console.print(f"[bold]question[/]  {found['question']}", highlight=False)
    console.print(f"[bold]answer[/]    {found['answer']}", highlight=False)
    for place, part in enumerate(found["parts"], start=1):
        console.rule(f"part {place}: {part['question']}", align="left")
        print_records("rows found", part["retrieved"])
        best_first = sorted(part["candidates"], key=lambda item: -item["score"])
        print_records(
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
        print_records(title, [{"name": key, "value": item} for key, item in found[title].items()])


def _origin(candidate: dict[str, Any]) -> str:
    if candidate["source_id"] is None:
        return f"#{candidate['rank']:.0f}"
    return f"{candidate['source_id']} 답변_{candidate['source_answer']:.0f}"


if __name__ == "__main__":
    app()
