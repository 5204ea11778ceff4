"""Every command that a message names is a command."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from hansol_assets import commands
from hansol_assets.cli.main import app

ROOT = Path(__file__).parents[2]


def require_command(words: str) -> None:
    """Walks from group to group, as the shell's words say."""
    program, *arguments = shlex.split(words)
    assert program == "hansol"
    command: Any = typer.main.get_command(app)
    context = command.make_context("hansol", [], resilient_parsing=True)
    for name in arguments:
        if not hasattr(command, "commands") or name.startswith("-"):
            return
        command = command.get_command(context, name)
        assert command is not None, words


@pytest.mark.parametrize("page", ["README.md", "README.ko.md"])
def test_pages_name_commands_that_there_are(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"(?:^\$ |`)(hansol(?: [a-z][a-z-]*)+)", text, flags=re.MULTILINE)
    assert len(named) > 10
    for words in named:
        require_command(words)


def test_messages_name_commands_that_there_are() -> None:
    for words in (commands.REFRESH, commands.PRUNE, commands.REVIEW, commands.PROMOTE):
        require_command(words)
