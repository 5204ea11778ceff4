"""The command `hansol`: its groups of commands, put together.

What belongs here: what holds for every command. What does not: any command.
"""

import atexit
import logging
import os
import sys
import warnings

import typer

from hansol_assets.cli import answers, lake, models, review, runs

app = typer.Typer(
    name="hansol",
    help="From a Korean question-answer table to a scored, explainable submission.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
for commands in (runs.commands, answers.commands, review.commands, models.commands):
    app.add_typer(commands)
app.add_typer(models.export_app, name="export")
app.add_typer(lake.lake_app, name="lake")


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
