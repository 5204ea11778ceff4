"""The lake: makes what is missing, finds what is there, and knows what is live.

One rule: an asset's work is named by its fingerprint before it is done. If the lake holds that
name, whole, nothing is done; otherwise it is built aside, recorded in a manifest, and made live.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from filelock import FileLock

from hansol_assets.lake.atomic import staged_directory, write_atomically
from hansol_assets.lake.errors import CorruptArtifactError, MissingInputError
from hansol_assets.lake.fingerprint import fingerprint
from hansol_assets.lake.manifest import Fact, Manifest, directory_checksums, library_versions
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.preview import preview
from hansol_assets.lake.warehouse import Warehouse

Status = Literal["new", "reused"]


@dataclass(frozen=True)
class Report:
    """What a build says about its result.

    Attributes:
        facts: Figures: counts, sizes, scores.
        notes: Title → markdown: previews, tables, pictures.
    """

    facts: Mapping[str, Fact] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TableReport(Report):
    """A table with what is to be said about it.

    Attributes:
        frame: The rows, in the order in which they are kept.
    """

    frame: pd.DataFrame = field(kw_only=True)


@dataclass(frozen=True)
class Task:
    """One asset's work, named before it is done.

    Attributes:
        asset: The asset's name.
        code_version: The version of its code.
        config: The settings that matter to it.
        inputs: Input asset name → data version.
    """

    asset: str
    code_version: str
    config: Mapping[str, Any]
    inputs: Mapping[str, str]

    @cached_property
    def fingerprint(self) -> str:
        """The name of the result."""
        return fingerprint(self.asset, self.code_version, self.config, self.inputs)


@dataclass(frozen=True)
class Outcome:
    """A manifest, and whether work was needed for it."""

    manifest: Manifest
    status: Status


def _plain_facts(facts: Mapping[str, Any]) -> dict[str, Fact]:
    """Turns numpy scalars into Python values; a figure that is not a number is left out."""
    plain = {
        name: value.item() if hasattr(value, "item") else value for name, value in facts.items()
    }
    return {name: value for name, value in plain.items() if value == value}


class Lake:
    """Artifacts, tables and live pointers of one profile.

    Args:
        root: The lake's folder.
        profile: The name of the profile whose live pointers are read and moved.
    """

    def __init__(self, root: Path, profile: str) -> None:
        self.paths = LakePaths(root)
        self.profile = profile
        self.warehouse = Warehouse(self.paths.warehouse)

    def live(self, asset: str) -> Manifest:
        """Returns the manifest of what the profile last materialised of an asset.

        Raises:
            MissingInputError: Nothing of the asset is in the lake.
        """
        pointer = self.paths.live(self.profile, asset)
        if not pointer.exists():
            raise MissingInputError(asset, self.profile, self.paths.root)
        manifest = self.paths.manifest(asset, pointer.read_text(encoding="utf-8").strip())
        if not manifest.exists():
            raise MissingInputError(asset, self.profile, self.paths.root)
        return Manifest.load(manifest)

    def table(self, manifest: Manifest) -> pd.DataFrame:
        """Returns the rows of a table."""
        return self.warehouse.read(manifest.asset, manifest.fingerprint)

    def artifact(self, manifest: Manifest) -> Path:
        """Returns the folder of an artifact after proving it whole.

        Raises:
            CorruptArtifactError: A file differs from its checksum; the artifact is set aside.
        """
        folder = self.paths.artifact(manifest.asset, manifest.fingerprint)
        found = directory_checksums(folder)
        if found == manifest.checksums:
            return folder
        names = sorted(
            name
            for name in found.keys() | manifest.checksums.keys()
            if found.get(name) != manifest.checksums.get(name)
        )
        raise CorruptArtifactError(
            folder, f"{', '.join(names)} differs from the manifest", self.set_aside(manifest)
        )

    def make_table(
        self, task: Task, build: Callable[[], TableReport], *, force: bool = False
    ) -> Outcome:
        """Finds or builds a table and makes it live.

        Args:
            task: The named work.
            build: Gives the rows; called only where the lake does not hold them.
            force: Build even if the lake holds the result.
        """

        def store() -> tuple[Report, dict[str, str]]:
            report = build()
            checksum = self.warehouse.write(task.asset, task.fingerprint, report.frame)
            facts = {"rows": len(report.frame), **report.facts}
            notes = {"preview": preview(report.frame), **report.notes}
            return Report(facts, notes), {"table": checksum}

        outcome = self._make("table", task, store, force=force)
        self.warehouse.show(task.asset, task.fingerprint)
        return outcome

    def make_artifact(
        self, task: Task, build: Callable[[Path], Report], *, force: bool = False
    ) -> Outcome:
        """Finds or builds an artifact folder and makes it live.

        Args:
            task: The named work.
            build: Fills an empty folder; called only where the lake does not hold the artifact.
            force: Build even if the lake holds the result.
        """

        def store() -> tuple[Report, dict[str, str]]:
            with staged_directory(self.paths.artifact(task.asset, task.fingerprint)) as staging:
                report = build(staging)
                checksums = directory_checksums(staging)
                size = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
            return Report({**report.facts, "bytes": size}, report.notes), checksums

        return self._make("artifact", task, store, force=force)

    def checkpoints(self, task: Task) -> Path:
        """Returns the folder, not yet made, in which unfinished work survives a crash."""
        return self.paths.checkpoints(task.asset, task.fingerprint)

    def set_aside(self, manifest: Manifest) -> Path:
        """Moves a damaged artifact out of the way, so that the next run rebuilds it."""
        folder = self.paths.artifact(manifest.asset, manifest.fingerprint)
        aside = self.paths.root / "damaged" / f"{manifest.asset}-{manifest.fingerprint}"
        self.paths.manifest(manifest.asset, manifest.fingerprint).unlink(missing_ok=True)
        shutil.rmtree(aside, ignore_errors=True)
        if folder.exists():
            aside.parent.mkdir(parents=True, exist_ok=True)
            folder.rename(aside)
        return aside

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Holds a name against other processes; a second holder waits for the first."""
        path = self.paths.root / "locks" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path):
            yield

    def _make(
        self,
        kind: Literal["artifact", "table"],
        task: Task,
        store: Callable[[], tuple[Report, dict[str, str]]],
        *,
        force: bool,
    ) -> Outcome:
        with self.lock(f"{task.asset}-{task.fingerprint}"):
            found = None if force else self._find(kind, task)
            outcome = Outcome(found, "reused") if found else self._build(kind, task, store)
            pointer = self.paths.live(self.profile, task.asset)
            write_atomically(pointer, (task.fingerprint + "\n").encode("utf-8"))
            return outcome

    def _find(self, kind: Literal["artifact", "table"], task: Task) -> Manifest | None:
        path = self.paths.manifest(task.asset, task.fingerprint)
        if not path.exists():
            return None
        manifest = Manifest.load(path)
        if kind == "table":
            whole = task.fingerprint in self.warehouse.versions(task.asset)
            return manifest if whole else None
        folder = self.paths.artifact(task.asset, task.fingerprint)
        if directory_checksums(folder) == manifest.checksums:
            return manifest
        self.set_aside(manifest)
        return None

    def _build(
        self,
        kind: Literal["artifact", "table"],
        task: Task,
        store: Callable[[], tuple[Report, dict[str, str]]],
    ) -> Outcome:
        started = time.monotonic()
        report, checksums = store()
        manifest = Manifest(
            asset=task.asset,
            fingerprint=task.fingerprint,
            profile=self.profile,
            kind=kind,
            code_version=task.code_version,
            config=dict(task.config),
            inputs=dict(task.inputs),
            checksums=checksums,
            facts=_plain_facts(report.facts),
            notes=dict(report.notes),
            seconds=round(time.monotonic() - started, 3),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=dict(library_versions()),
        )
        manifest.save(self.paths.manifest(task.asset, task.fingerprint))
        shutil.rmtree(self.paths.checkpoints(task.asset, task.fingerprint), ignore_errors=True)
        return Outcome(manifest, "new")
