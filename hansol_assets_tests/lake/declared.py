"""Declared assets for tests: some rows, and what follows from them."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import pandas as pd
from pydantic import BaseModel, ConfigDict

from hansol_assets.lake.declaration import (
    AssetDeclaration,
    Setting,
    declared_in,
    lake_artifact,
    lake_table,
)
from hansol_assets.lake.handles import Artifact, History, Source, Table
from hansol_assets.lake.making import (
    make,
)
from hansol_assets.lake.reports import ArtifactBuild, Outcome, Report, TableReport
from hansol_assets.lake.store import Lake
from hansol_assets.settings_model import ShapesNothing


class Folds(BaseModel):
    model_config = ConfigDict(frozen=True)
    count: int = 3
    salt: str = "a"
    report_every: Annotated[float, ShapesNothing()] = 5.0


class Settings(BaseModel):
    folds: Folds = Folds()
    strategy: str = "blend"


@lake_table(kinds={"duckdb"})
def raw(train_csv: Source) -> TableReport:
    """Rows."""
    return TableReport(frame=pd.DataFrame({"id": train_csv.path.read_text("utf-8").split()}))


@lake_table(kinds={"duckdb"})
def dealt(raw: Table, folds: Folds) -> TableReport:
    """Rows and folds."""
    frame = raw.read()
    return TableReport(frame=frame.assign(fold=frame.index % folds.count))


@lake_table(kinds={"duckdb"})
def reported(raw: Table, every: Annotated[float, Setting("folds.report_every")]) -> TableReport:
    """Rows, and how often progress is reported."""
    return TableReport(frame=raw.read(), facts={"report_every": every})


@lake_table(kinds={"duckdb"}, libraries=("numpy",))
def computed(raw: Table) -> TableReport:
    """Rows that a library makes."""
    return TableReport(frame=raw.read())


@lake_table(kinds={"duckdb"}, named_by_content=True, libraries=("numpy",))
def computed_by_content(raw: Table) -> TableReport:
    """The same, named by what they are."""
    return TableReport(frame=raw.read())


@dataclass(frozen=True)
class Pair:
    """Two inputs that go together."""

    raw: Table
    dealt: Table


@lake_table(kinds={"duckdb"})
def counted_pair(pair: Pair) -> TableReport:
    """How many rows each of two tables has."""
    return TableReport(frame=pd.DataFrame({"rows": [len(pair.raw.read()), len(pair.dealt.read())]}))


@lake_table(kinds={"duckdb"})
def of_count(raw: Table, folds: Annotated[Folds, Setting("folds", only=("count",))]) -> TableReport:
    """How many folds."""
    return TableReport(frame=raw.read(), facts={"count": folds.count})


@lake_table(kinds={"duckdb"})
def of_no_salt(
    raw: Table, folds: Annotated[Folds, Setting("folds", without=("salt",))]
) -> TableReport:
    """How many folds, likewise."""
    return TableReport(frame=raw.read(), facts={"count": folds.count})


@lake_table(kinds={"duckdb"}, named_by_content=True)
def size(raw: Table) -> TableReport:
    """How many rows there are, in tens."""
    return TableReport(frame=pd.DataFrame({"tens": [len(raw.read()) // 10]}))


@lake_artifact(kinds={"pytorch"})
def model(
    size: Table, strategy: Annotated[str, Setting("strategy")], build: ArtifactBuild
) -> Report:
    """A file."""
    (build.folder / "model.txt").write_text(f"{size.read()['tens'][0]} {strategy}", "utf-8")
    return Report()


@lake_artifact(kinds={"pytorch"})
def other_model(model: Artifact, build: ArtifactBuild) -> Report:
    """A file of the same."""
    (build.folder / "model.txt").write_bytes((model.open() / "model.txt").read_bytes())
    return Report()


@lake_table(kinds={"duckdb"})
def board(dealt: History) -> TableReport:
    """Every version."""
    versions = [item.version for item in (*dealt.earlier, dealt)]
    return TableReport(frame=pd.DataFrame({"version": versions}))


def declaration_of(body: object) -> AssetDeclaration:
    module = sys.modules[body.__module__]
    return next(item for item in declared_in(module) if item.body is body)


def run(lake: Lake, body: object, file: Path, settings: Settings | None = None) -> Outcome:
    return make(declaration_of(body).bind(lake, settings or Settings(), {"train_csv": file}), print)
