"""Plain records that declarations, bodies and the store exchange: work and reports of it."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, Protocol

import pandas as pd
import pyarrow.parquet as pq

from hansol_assets.lake.atomic import LANCEDB_LOCK, file_lock
from hansol_assets.lake.databases import Database
from hansol_assets.lake.fingerprint import fingerprint
from hansol_assets.lake.manifest import Fact, Manifest
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.records import Records

Status = Literal["new", "updated", "reused"]
"""What a run did: all of it, the rows that changed, or nothing."""

ROWS_MADE = "rows_made"
"""Fact: rows that a build had to work on."""

ROWS_REUSED = "rows_reused"
"""Fact: rows that a build took over from earlier ones; without any, all was made anew."""

NO_FIGURES: Mapping[str, float] = MappingProxyType({})


class Log(Protocol):
    """Takes a line of a run's log, and perhaps the figures in it, which are drawn over time."""

    def __call__(self, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Takes one line."""


@dataclass(frozen=True)
class Report:
    """What a build says about its result.

    Attributes:
        facts: Figures: counts, sizes, scores.
        notes: Title → markdown: texts and pictures.
        tables: Title → rows to be shown, from `hansol_assets.lake.records`.
        lancedb_files: See `Manifest`; only of an artifact that names a version of a LanceDB table.
    """

    facts: Mapping[str, Fact] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, Records] = field(default_factory=dict)
    lancedb_files: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableReport(Report):
    """A table with what is to be said about it, its rows in the order in which they are stored.

    `blocks` are Parquet files with the rows, where they are too many for `frame`, which then holds
    those of the first file.
    """

    frame: pd.DataFrame = field(kw_only=True)
    blocks: Sequence[Path] = ()

    @property
    def rows(self) -> int:
        """How many rows the table has."""
        if not self.blocks:
            return len(self.frame)
        return sum(pq.read_metadata(path).num_rows for path in self.blocks)


@dataclass(frozen=True)
class Build:
    """What the work on a table is given beside its inputs; none of it shapes the result.

    In `checkpoints`, a folder that is not yet made, unfinished work survives a crash.
    """

    paths: LakePaths
    checkpoints: Path
    log: Log


@dataclass(frozen=True)
class ArtifactBuild(Build):
    """What the work on an artifact is given beside its inputs: the folder that becomes it.

    `database` is LanceDB's, for an artifact that stands for a version of a table there.
    """

    folder: Path
    database: Database

    @contextmanager
    def lancedb(self) -> Iterator[Database]:
        """Yields the LanceDB database, locked against others that add versions to its tables."""
        with file_lock(self.paths, LANCEDB_LOCK):
            yield self.database


@dataclass(frozen=True)
class Task:
    """One asset's work, named by what its result depends on; the fields are those of `Manifest`."""

    asset: str
    code_version: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]
    libraries: Mapping[str, str] = field(default_factory=dict)
    input_fingerprints: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """The name of the work."""
        return fingerprint(self.asset, self.code_version, self.config, self.inputs, self.libraries)


@dataclass(frozen=True)
class Outcome:
    """A manifest, and how much work was needed for it."""

    manifest: Manifest
    status: Status

    @classmethod
    def of_build(cls, manifest: Manifest) -> "Outcome":
        """Says whether a result was made anew, or some of its rows were taken over."""
        return cls(manifest, "updated" if manifest.facts.get(ROWS_REUSED) else "new")


@dataclass(frozen=True)
class Verdict:
    """The answer to a check that an asset's materialisation gives itself."""

    check: str
    passed: bool
    description: str | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
