"""Where bad input is tried: a lake whose last good state must stay as it is."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.reports import TableReport, Task
from hansol_assets.lake.store import Lake
from hansol_assets.qa.table import TableRead, VectorTable
from hansol_assets_tests.lake.handmade import make_table
from hansol_assets_tests.qa.rows import training_table

GOOD = Task("raw_qa", "1", {}, {"train_csv": "good"})


@dataclass(frozen=True)
class Place:
    """A folder to write bad input into, beside a lake that holds a good table.

    Attributes:
        folder: Empty at first.
        base: A sound base model; only to be copied.
        adapter: An adapter trained on it.
        other: A base model of other sizes.
    """

    folder: Path
    base: Path
    adapter: Path
    other: Path

    @property
    def root(self) -> Path:
        return self.folder / "lake"

    @property
    def lake(self) -> Lake:
        return Lake(self.root, "tiny")

    def make_good(self) -> Manifest:
        return make_table(self.lake, GOOD, lambda: TableReport(frame=training_table())).manifest

    def load(
        self, name: str, content: bytes | str, read: Callable[[Path], TableRead | VectorTable]
    ) -> None:
        """Loads a file into the lake, as the raw assets do."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        task = Task("raw_qa", "1", {}, {"train_csv": "bad"})
        make_table(self.lake, task, lambda: TableReport(frame=read(path).frame))


@dataclass(frozen=True)
class BadInput:
    """One bad input and what a person reads of it.

    Attributes:
        name: What is wrong.
        give: Hands the input over; raises.
        says: Parts of the message, among them place and remedy.
    """

    name: str
    give: Callable[[Place], object]
    says: tuple[str, ...]


def csv_text(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False, lineterminator="\n")
