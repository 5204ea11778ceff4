"""What the commands share: where they print, how they fail, and which lake they open."""

import json
from typing import TYPE_CHECKING, Any, NoReturn

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hansol_assets.settings import ProfileError, Settings, load_settings

if TYPE_CHECKING:
    from hansol_assets.lake.store import Lake

console = Console()
errors = Console(stderr=True)


def print_error(title: str, message: str) -> None:
    """Prints an error as it is: no bracket is taken for a colour, and no path is broken in two."""
    errors.print(f"[red]{title}[/] {escape(message)}", highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Prints an error for a person and ends with a non-zero code."""
    print_error("error:", message)
    raise typer.Exit(1)


def settings_or_fail() -> Settings:
    """Reads the settings; a wrong one ends the command with its message."""
    try:
        return load_settings()
    except ProfileError as error:
        fail(str(error))


def print_records(title: str, records: list[dict[str, Any]]) -> None:
    """Prints records as a table, one a row."""
    table = Table(title=title, title_justify="left")
    for name in records[0] if records else ():
        table.add_column(name)
    for record in records:
        table.add_row(*(_cell(value) for value in record.values()))
    console.print(table)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def print_json(value: object) -> None:
    """Prints a value as JSON, Korean as it is."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def open_lake() -> "Lake":
    """Opens the lake under the active profile; one that cannot be used ends the command."""
    from hansol_assets.lake.errors import LakeError
    from hansol_assets.lake.store import Lake

    settings = settings_or_fail()
    try:
        return Lake(settings.lake_dir, settings.live_name)
    except LakeError as error:
        fail(str(error))


def figure(value: float) -> str:
    """A score as it is printed; a dash where it cannot be measured."""
    return "–" if value != value else f"{value:.4f}"
