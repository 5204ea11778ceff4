"""Every command that a message names is a command."""

import shlex

import typer

from hansol_assets import commands
from hansol_assets.cli.main import app


def test_messages_name_commands_that_there_are() -> None:
    known = typer.main.get_command(app)
    for words in (commands.REFRESH, commands.PRUNE, commands.REVIEW, commands.PROMOTE):
        program, *arguments = shlex.split(words)
        assert program == "hansol"
        context = known.make_context("hansol", arguments[:1], resilient_parsing=True)
        assert known.get_command(context, arguments[0]) is not None  # type: ignore[attr-defined]
