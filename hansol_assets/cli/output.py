"""What the commands share: where they print, how they fail, and which lake they open."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from hansol_assets.commands import REFRESH
from hansol_assets.settings import load_settings

if TYPE_CHECKING:
    from hansol_assets.lake.store import Lake

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]

HOST = "127.0.0.1"
"""What is served listens on this machine alone."""

_NO_LIMIT = 10_000
"""Columns of a terminal in which every table fits."""

console = Console()
errors = Console(stderr=True)


def print_error(title: str, message: str) -> None:
    """Prints an error, as it is, where errors go."""
    errors.print(f"[red]{title}[/] {escape(message)}", highlight=False, soft_wrap=True)


def fail(message: str) -> NoReturn:
    """Prints an error for a person and ends with a non-zero code."""
    print_error("error:", message)
    raise typer.Exit(1)


def print_line(text: object) -> None:
    """Prints a text as it is: no bracket is taken for a colour, and no path is broken in two."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_records(title: str, records: Sequence[Mapping[str, Any]]) -> None:
    """Prints records as a table; as a card each, where the terminal is too narrow for a table."""
    if not records:
        print_lines(title)
        return
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name, value in records[0].items():
        table.add_column(name, justify="right" if isinstance(value, int | float) else "left")
    for record in records:
        table.add_row(*(escape(_cell(value)) for value in record.values()))
    without_limit = console.options.update(max_width=_NO_LIMIT)
    if Measurement.get(console, without_limit, table).maximum <= console.width:
        console.print(table, highlight=False)
        return
    console.print(f"[italic]{escape(title)}[/]" if title else "", highlight=False)
    for record in records:
        print_card(record)
        console.print()


def print_card(record: Mapping[str, Any]) -> None:
    """Prints each value of a record on lines of its own, wrapped between words."""
    texts = {name: _cell(value) for name, value in record.items() if _cell(value)}
    beside = max(map(len, texts)) + 2
    for name, text in texts.items():
        whole, width = Text(text), max(console.width - beside, 2)
        # A single word, such as a hash or a path, is there to be copied.
        lines = whole.wrap(console, width, overflow="fold") if " " in text else [whole]
        for number, line in enumerate(lines):
            label = ("" if number else name).ljust(beside)
            # At its full width: a table would cut it.
            console.print(Text.assemble((label, "dim"), line), soft_wrap=True)


def print_lines(message: str) -> None:
    """Prints a message, wrapped; an indented line is there to be copied, so it is not."""
    for line in message.splitlines():
        console.print(line, highlight=False, markup=False, soft_wrap=line.startswith("  "))


def _cell(value: object) -> str:
    if value is None or value != value:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.4f}"
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def print_json(value: object) -> None:
    """Prints a value as JSON, Korean as it is."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def print_json_line(value: object) -> None:
    """Prints a value as one line of JSON, Korean as it is."""
    typer.echo(json.dumps(value, ensure_ascii=False))


def open_lake() -> "Lake":
    """Opens the lake that there is; a missing one ends the command."""
    lake = open_or_make_lake()
    if not lake.paths.manifests.is_dir():
        fail(
            f"there is no lake at {lake.paths.root.resolve()}: make one with {REFRESH}, or name "
            "its folder with HANSOL_LAKE_DIR"
        )
    return lake


def open_or_make_lake() -> "Lake":
    """Opens the lake under the active profile."""
    from hansol_assets.lake.store import Lake

    settings = load_settings()
    return Lake(settings.lake_dir, settings.live_name, settings.object_store)


def figure(value: float) -> str:
    """A score as it is printed; a dash where it cannot be measured."""
    return "–" if value != value else f"{value:.4f}"
