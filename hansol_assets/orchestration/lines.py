"""The lines of a run at a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.markup import escape

from hansol_assets.lake.reports import ROWS_MADE

COLOURS = {"new": "green", "updated": "cyan", "reused": "dim"}


def asset_line(asset: str, facts: Mapping[str, Any]) -> str:
    """Returns what a run did to an asset.

    `facts`: `status`; `seconds` unless it is reused; `rows` or `bytes`; of a file, the sheet and
    columns that were read, and what a person should know of that.
    """
    status = str(facts["status"])
    seconds = f"{facts['seconds']:8.2f} s" if status != "reused" else " " * 10
    size = f"{facts['rows']:,} rows" if "rows" in facts else f"{facts.get('bytes', 0):,} bytes"
    if status == "updated":
        size += f", {facts[ROWS_MADE]:,} made"
    return f"[{COLOURS[status]}]{status:7}[/] {asset:22} {seconds}  {size}{_read_as(facts)}"


def _read_as(facts: Mapping[str, Any]) -> str:
    names = {"sheet": "sheet", "column_questions": "questions", "column_answers": "answers"}
    parts = [f"{word}: {escape(str(facts[name]))}" for name, word in names.items() if name in facts]
    notes = f"\n        {escape(str(facts['notes']))}" if parts and "notes" in facts else ""
    return f"; {'; '.join(parts)}{notes}" if parts else ""


def check_line(asset: str, check: str, description: str | None, *, is_warning: bool) -> str:
    """Returns that a check of an asset does not hold."""
    colour, verb = ("yellow", "warns") if is_warning else ("red", "failed")
    return f"[{colour}]check {asset}:{check} {verb}[/] {escape(description or '')}"
