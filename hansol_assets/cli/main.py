"""The command `hansol`: its groups of commands, put together."""

import atexit
import io
import logging
import os
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from hansol_assets.cli import lake, models, questions, runs, ui
from hansol_assets.cli.output import fail
from hansol_assets.errors import UserError
from hansol_assets.lake.disk import disk_explained


class _Commands(TyperGroup):
    """Ends any command with the message of an error that is meant for people."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the command that was asked for."""
        try:
            return self._explained(ctx)
        except UserError as error:
            fail(str(error))

    def _explained(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except OSError:
            with disk_explained(Path("the lake")):
                raise

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Refuses an argument in another encoding, which no library below could write."""
        for number, argument in enumerate(args, start=1):
            try:
                argument.encode()
            except UnicodeEncodeError:
                shown = os.fsencode(argument).decode(errors="backslashreplace")
                fail(
                    f"argument {number} is not UTF-8 text: {shown}. Set the terminal, or the file "
                    "that holds the command, to UTF-8, and write it again."
                )
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=_Commands,
    name="hansol",
    help="From a Korean question-answer table to a scored, explainable submission.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
for group in (runs, ui, questions, models):
    app.add_typer(group.commands)
app.add_typer(models.export_app, name="export")
app.add_typer(lake.lake_app, name="lake")


def _print_version(requested: bool) -> None:
    if requested:
        typer.echo(f"hansol-assets {version('hansol-assets')}")
        raise typer.Exit


@app.callback()
def main(
    _: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Keeps the libraries' notices off the page, and the page whole in any encoding."""
    for stream in (sys.stdout, sys.stderr):
        # Characters that an encoding lacks are escaped, and do not end the command.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.filterwarnings("ignore")
    atexit.register(_silence_teardown)
    for library in ("transformers", "bitsandbytes"):
        logging.getLogger(library).setLevel(logging.ERROR)


def _silence_teardown() -> None:
    """Drops what DuckDB's bindings print when the interpreter ends after torch was loaded."""
    sys.stderr.flush()
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
