"""`hansol …`: the platform from the command line.

What belongs here: arguments in, a readable page out. What does not: any work.
"""

import json
import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

app = typer.Typer(
    name="hansol",
    help="From a Korean question-answer table to a scored, explainable submission.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    add_completion=False,
)
console = Console()
