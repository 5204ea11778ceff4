"""`hansol lake …`: what is in the lake, whether it is whole, and making it smaller."""

import json
from typing import Annotated

import pandas as pd
import typer
from rich.table import Table
from rich.text import Text

from hansol_assets.cli.output import (
    JsonOption,
    console,
    fail,
    open_lake,
    print_json,
    print_line,
    print_lines,
)

lake_app = typer.Typer(help="Look after the lake.", no_args_is_help=True)

MEBIBYTE = 2**20
MINUTES = len("2026-11-24T10:05")
STATUS_COLUMNS = ("asset", "fingerprint", "live for", "rows", "MiB", "made at")


@lake_app.command()
def status(as_json: JsonOption = False) -> None:
    """List what is in the lake, its size, and which of it is live."""
    from hansol_assets.lake.inventory import bytes_of_top_level, lake_status

    lake = open_lake()
    contents = lake_status(lake)
    sizes = bytes_of_top_level(lake.paths.root)
    if as_json:
        results = json.loads(contents.to_json(orient="records"))
        print_json({"results": results, "bytes": sizes})
        return
    # Without lines between them the columns fit a terminal of 80 characters.
    table = Table(box=None, pad_edge=False, collapse_padding=True)
    for name in STATUS_COLUMNS:
        table.add_column(name, justify="right" if name in ("rows", "MiB") else "left")
    for row in contents.to_dict("records"):
        table.add_row(
            row["asset"],
            row["fingerprint"],
            row["profiles"],
            "" if pd.isna(row["rows"]) else f"{row['rows']:,}",
            f"{row['bytes'] / MEBIBYTE:.1f}",
            row["made_at"][:MINUTES].replace("T", " "),
        )
    console.print(table)
    listed = ", ".join(f"{name} {size / MEBIBYTE:.1f}" for name, size in sizes.items())
    print_lines(f"\nin all {sum(sizes.values()) / MEBIBYTE:.1f} MiB: {listed}")


@lake_app.command()
def prune(
    keep: Annotated[int, typer.Option(min=1, help="Newest versions of each asset to keep.")],
) -> None:
    """Remove old versions, never what is live or was used by what stays."""
    from hansol_assets.answering.publishing import RETENTION
    from hansol_assets.lake.pruning import prune as remove

    report = remove(open_lake(), keep, RETENTION)
    for asset, fingerprint in report.removed:
        print_line(f"removed  {asset} {fingerprint}")
    print_lines(
        f"{len(report.removed)} removed, {len(report.kept)} kept, {len(report.swept)} leftovers "
        f"swept, {report.cached_rows} cached rows forgotten, "
        f"{report.freed / MEBIBYTE:.1f} MiB freed"
    )


@lake_app.command()
def verify(as_json: JsonOption = False) -> None:
    """Compare every artifact and table with the checksums of its manifest."""
    from hansol_assets.lake.inventory import verify as check

    problems = check(open_lake())
    if as_json:
        print_json([str(problem) for problem in problems])
        raise typer.Exit(1 if problems else 0)
    for problem in problems:
        print_line(Text(str(problem), "red"))
    if problems:
        fail(f"{len(problems)} problems; each says what mends it.")
    console.print("the lake is whole")
