"""Rows as a person is shown them: few, plain, and short enough to be read."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

Value = str | int | float | bool | None
Records = Sequence[Mapping[str, Value]]

PREVIEW_ROWS = 5
PREVIEW_CHARACTERS = 80
TEXT_CHARACTERS = 400
_DIGITS = 4

HIDDEN_COLUMNS = (
    "vector",
    "file_sha256",
    "question_hash",
    "adapter_fingerprint",
    "candidates",
    "prompts",
    "signals",
    "quotes",
    "nearest",
    "retrieved_ids",
    "messages",
    "read",
    "recipe",
)
"""Columns for programs, or too wide to be read in a row."""


def records(frame: pd.DataFrame, characters: int = TEXT_CHARACTERS) -> list[dict[str, Value]]:
    """Returns the rows as plain values: figures of four digits, lists joined, long texts cut."""
    return [
        {str(name): _plain(value, characters) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def preview(frame: pd.DataFrame) -> list[dict[str, Value]]:
    """Returns the first rows, without the columns that nobody reads in a row."""
    shown = frame.head(PREVIEW_ROWS).drop(columns=list(HIDDEN_COLUMNS), errors="ignore")
    return records(shown, PREVIEW_CHARACTERS)


def files_preview(folder: Path) -> list[dict[str, Value]]:
    """Returns the files below a folder and their sizes."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return [
        {"file": path.relative_to(folder).as_posix(), "bytes": path.stat().st_size}
        for path in files
    ]


def _plain(value: Any, characters: int) -> Value:
    plain = value.tolist() if hasattr(value, "tolist") else value
    if plain is None or plain is pd.NaT or isinstance(plain, bool | int):
        return None if plain is pd.NaT else plain
    if isinstance(plain, float):
        return float(f"{plain:.{_DIGITS}g}") if math.isfinite(plain) else None
    text = ", ".join(map(str, plain)) if isinstance(plain, list | tuple) else str(plain)
    line = " ".join(text.split())
    return line if len(line) <= characters else line[: characters - 1] + "…"
