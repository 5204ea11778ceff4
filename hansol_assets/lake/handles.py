"""Handles: what an asset may read, pinned when its work was named, and opened only when used.

Pinning keeps the reads of one asset consistent while another run moves the live pointers; that
nothing is opened before it is used lets a reused asset load nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import pandas as pd

from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.fingerprint import file_hash
from hansol_assets.lake.lake_errors import MissingSourceError, MixedVersionsError, NotAnInputError
from hansol_assets.lake.manifest import Fact, Manifest, input_manifest, manifests
from hansol_assets.lake.store import Lake
from hansol_assets.lake.warehouse import Warehouse


@dataclass(frozen=True)
class Source:
    """A file that the graph does not make; its version is the SHA-256 of its content."""

    path: Path
    version: str

    @classmethod
    def pin(cls, path: Path) -> Self:
        """Pins a file at its content.

        Raises:
            MissingSourceError: There is no such file.
        """
        if not path.is_file():
            raise MissingSourceError(path)
        return cls(path, file_hash(path))


@dataclass(frozen=True)
class _Stored:
    """A result in the lake, at one fingerprint."""

    lake: Lake
    manifest: Manifest

    @classmethod
    def pin(cls, lake: Lake, asset: str) -> Self:
        """Pins what is live of an asset.

        Raises:
            MissingInputError: Nothing of the asset is in the lake.
        """
        return cls(lake, lake.live(asset))

    @property
    def version(self) -> str:
        """The asset's data version."""
        return self.manifest.version

    @property
    def facts(self) -> Mapping[str, Fact]:
        """The figures that its build reported."""
        return self.manifest.facts

    def require_inputs(self, *inputs: "Artifact") -> None:
        """Proves that this result was made from artifacts that are read beside it.

        Raises:
            MixedVersionsError: It was made from another version of one.
        """
        for item in inputs:
            asset = item.manifest.asset
            if self.manifest.inputs.get(asset) != item.version:
                raise MixedVersionsError(self.manifest.asset, asset)


@dataclass(frozen=True)
class Table(_Stored):
    """A DuckDB table."""

    def read(self) -> pd.DataFrame:
        """Returns the rows, proved whole."""
        return self.lake.table(self.manifest)

    def read_columnar(self) -> pd.DataFrame:
        """Returns the rows in Arrow's columns, which hold long tables in little memory.

        They are proved as `read_columns` proves them.
        """
        return self._proved.columnar(*self.manifest.key)

    def read_columns(self, *columns: str) -> pd.DataFrame:
        """Returns some columns of all rows; the table is proved whole once a handle."""
        return self._proved.select(*self.manifest.key, columns, None)

    def chunks(self, columns: Sequence[str], size: int) -> Iterator[pd.DataFrame]:
        """Yields some columns of all rows, so many at a time; proved as `read_columns` is."""
        yield from self._proved.chunks(*self.manifest.key, columns, size)

    def rows_of(self, column: str, values: Sequence[str]) -> pd.DataFrame:
        """Returns the rows with one of the values, in their order; proved as `read_columns` is."""
        return self._proved.select(*self.manifest.key, (), (column, values))

    @cached_property
    def _proved(self) -> Warehouse:
        self.lake.prove(self.manifest)
        return self.lake.warehouse


@dataclass(frozen=True)
class Artifact(_Stored):
    """A folder of files."""

    def open(self) -> Path:
        """Returns the folder, proved whole."""
        return self.lake.artifact(self.manifest)

    def cache(self, name: str) -> RowCache:
        """Returns a cache for rows that are made with this artifact; its scopes begin with it."""
        return RowCache(self.lake.warehouse, name)

    @property
    def lancedb(self) -> str:
        """The URI of the database that holds the table for which an index artifact stands."""
        return self.lake.database.uri


@dataclass(frozen=True)
class History(Table):
    """A table with every earlier version of it in the lake, of whatever profile."""

    @cached_property
    def earlier(self) -> list[Table]:
        """The other versions, the oldest first."""
        stored = self.lake.warehouse.versions(self.manifest.asset)
        return [
            Table(self.lake, item)
            for item in manifests(self.lake.paths, self.manifest.asset)
            if item.version != self.version and item.version in stored
        ]

    @property
    def identity(self) -> dict[str, Any]:
        """What of the history is in the fingerprint of a result that is made from it."""
        return {"earlier": sorted(item.version for item in self.earlier)}


def input_of(result: Artifact, asset: str) -> Artifact:
    """Returns the very artifact that a result was made from, live or not.

    It is for those who look at results; a body reads nothing but its parameters.

    Raises:
        NotAnInputError: The result was not made from such an asset.
    """
    manifest = input_manifest(result.lake.paths, result.manifest, asset)
    if manifest is None:
        raise NotAnInputError(asset, result.manifest.asset)
    return Artifact(result.lake, manifest)


Handle = Source | Table | Artifact | History
