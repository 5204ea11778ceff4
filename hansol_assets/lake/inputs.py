"""What an asset may read: its declared inputs, pinned before the work starts.

Pinning keeps one asset's reads consistent while another run moves the live pointers.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import pandas as pd

from hansol_assets.lake.cache import RowCache
from hansol_assets.lake.errors import MissingSourceError
from hansol_assets.lake.fingerprint import file_hash
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import Lake


class Inputs:
    """What an asset may read: its declared inputs, pinned when the work was named.

    Args:
        lake: The lake that holds them.
        sources: External asset name → file.
        manifests: Input asset name → manifest.
    """

    def __init__(
        self, lake: Lake, sources: Mapping[str, Path], manifests: Mapping[str, Manifest]
    ) -> None:
        self._lake = lake
        self._sources = dict(sources)
        self._manifests = dict(manifests)

    @classmethod
    def resolve(cls, lake: Lake, names: Sequence[str], raw_files: Mapping[str, Path]) -> "Inputs":
        """Pins what is live now of the named inputs.

        Args:
            lake: The lake that holds them.
            names: Input asset names.
            raw_files: External asset name → file.

        Raises:
            MissingInputError: An input is not in the lake.
            MissingSourceError: A raw file is not there.
        """
        sources = {name: raw_files[name] for name in names if name in raw_files}
        for path in sources.values():
            if not path.is_file():
                raise MissingSourceError(path)
        manifests = {name: lake.live(name) for name in names if name not in raw_files}
        return cls(lake, sources, manifests)

    @cached_property
    def versions(self) -> dict[str, str]:
        """Input asset name → data version."""
        files = {name: file_hash(path) for name, path in self._sources.items()}
        return files | {name: item.fingerprint for name, item in self._manifests.items()}

    @property
    def sources(self) -> Mapping[str, Path]:
        """External asset name → file."""
        return self._sources

    def cache(self, name: str) -> RowCache:
        """Returns a cache of rows of the lake that holds the inputs."""
        return RowCache(self._lake.warehouse, name)

    def source(self, asset: str) -> Path:
        """Returns the file of an external asset."""
        return self._sources[asset]

    def manifest(self, asset: str) -> Manifest:
        """Returns an input's manifest."""
        return self._manifests[asset]

    def table(self, asset: str) -> pd.DataFrame:
        """Returns an input table's rows."""
        return self._lake.table(self._manifests[asset])

    def artifact(self, asset: str) -> Path:
        """Returns an input artifact's folder, proved whole."""
        return self._lake.artifact(self._manifests[asset])
