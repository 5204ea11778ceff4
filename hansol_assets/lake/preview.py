"""A few rows of a table as markdown, for the metadata of the asset that made it."""

from pathlib import Path

import pandas as pd

PREVIEW_ROWS = 5
CELL_CHARACTERS = 48
HIDDEN_COLUMNS = ("vector", "file_sha256")


def _cell(value: object) -> str:
    text = " ".join(str(value).split()).replace("|", "\\|")
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def preview(frame: pd.DataFrame) -> str:
    """Returns the first rows as a markdown table, long cells cut and vectors left out."""
    shown = frame.head(PREVIEW_ROWS).drop(columns=list(HIDDEN_COLUMNS), errors="ignore")
    return shown.map(_cell).to_markdown(index=False, disable_numparse=True)


def files_preview(folder: Path) -> str:
    """Returns the files below a folder and their sizes as a markdown table."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    listed = [(path.relative_to(folder).as_posix(), path.stat().st_size) for path in files]
    return pd.DataFrame(listed, columns=["file", "bytes"]).to_markdown(index=False)
