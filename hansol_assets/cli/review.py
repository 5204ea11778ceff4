"""`hansol review`: the answers that a person should look at, and the file for theirs."""

from typing import Annotated

import typer

from hansol_assets.cli.page import (
    JsonOption,
    console,
    fail,
    open_lake,
    print_json,
    print_records,
    settings_or_fail,
)
from hansol_assets.commands import REFRESH, REVIEW

commands = typer.Typer()


@commands.command()
def review(
    export: Annotated[bool, typer.Option("--export", help="Write the queue as a file.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Answers to print.")] = 10,
    as_json: JsonOption = False,
) -> None:
    """List doubtful answers; with --export, write them to be answered by a person."""
    from hansol_assets.answering.reviewing import export_queue, review_queue
    from hansol_assets.lake.lake_errors import LakeError
    from hansol_assets.qa.table import ContractError

    lake = open_lake()
    try:
        if export:
            settings = settings_or_fail()
            written = export_queue(lake, settings.review_file, settings.table.placeholders)
            console.print(
                f"{written.path}: {written.waiting} questions wait for an answer, "
                f"{written.filled} were answered before. Fill in the column 'answer', then run "
                f"{REFRESH}: each becomes a row of the table.",
                highlight=False,
                soft_wrap=True,
            )
            if written.backup:
                console.print(f"as it was: {written.backup}", highlight=False, soft_wrap=True)
            return
        queue = review_queue(lake)
    except (LakeError, ContractError) as error:
        fail(str(error))
    if as_json:
        print_json(queue.to_dict("records"))
        return
    shown = queue.head(limit).drop(columns="category")
    print_records(f"{len(queue)} answers need review", shown.to_dict("records"))
    if len(queue):
        console.print(f"To answer them yourself: {REVIEW}", highlight=False)
