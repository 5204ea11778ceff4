"""The lake: makes what is missing, finds what is there, and knows what is live.

One rule: an asset's work is named by its fingerprint before it is done. If the lake holds that
name, whole, nothing is done; otherwise it is built aside, recorded in a manifest, and made live.
"""

import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from hansol_assets.lake.atomic import staged_directory, staging_leftovers, write_atomically
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.errors import CorruptArtifactError, MissingInputError
from hansol_assets.lake.fingerprint import FINGERPRINT_PATTERN, file_hash, fingerprint
from hansol_assets.lake.format import check_format, mark_format
from hansol_assets.lake.locks import LANCEDB_LOCK, file_lock, lock_name
from hansol_assets.lake.manifest import Fact, Manifest, directory_checksums, library_versions
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.preview import files_preview, preview
from hansol_assets.lake.warehouse import Warehouse

Status = Literal["new", "updated", "reused"]
"""What a run did: all of it, the rows that changed, or nothing."""

ROWS_MADE = "rows_made"
"""Fact: rows that a build had to work on."""

ROWS_REUSED = "rows_reused"
"""Fact: rows that a build took over from earlier ones; without any, all was made anew."""


@dataclass(frozen=True)
class Report:
    """What a build says about its result.

    Attributes:
        facts: Figures: counts, sizes, scores.
        notes: Title → markdown: previews, tables, pictures.
        lancedb_files: See `Manifest`; only of an artifact that names a version of a LanceDB table.
    """

    facts: Mapping[str, Fact] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    lancedb_files: Mapping[str, str] = field(default_factory=dict)


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
    """A manifest, and how much work was needed for it."""

    manifest: Manifest
    status: Status

    @classmethod
    def of_build(cls, manifest: Manifest) -> "Outcome":
        """Tells a result that was made anew from one of which some rows were taken over."""
        return cls(manifest, "updated" if manifest.facts.get(ROWS_REUSED) else "new")


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

    Raises:
        NewerLakeError: A newer version of this project wrote the lake.
    """

    def __init__(self, root: Path, profile: str) -> None:
        check_format(root)
        self.paths = LakePaths(root)
        self.profile = profile
        self.warehouse = Warehouse(self.paths.warehouse)

    def live(self, asset: str) -> Manifest:
        """Returns the manifest of what the profile last materialised of an asset.

        Raises:
            MissingInputError: Nothing of the asset is in the lake.
        """
        pointer = self.paths.live(self.profile, asset)
        named = pointer.read_text(encoding="utf-8", errors="replace") if pointer.exists() else ""
        is_name = re.fullmatch(FINGERPRINT_PATTERN, named.strip())
        manifest = Manifest.find(self.paths.manifest(asset, named.strip())) if is_name else None
        if manifest is None:
            raise MissingInputError(asset, self.profile, self.paths.root)
        return manifest

    def table(self, manifest: Manifest) -> pd.DataFrame:
        """Returns the rows of a table after proving them whole.

        Raises:
            CorruptArtifactError: The rows are not those that were written, or cannot be read; the
                table is set aside.
        """
        rows = self.warehouse.read_whole(
            manifest.asset, manifest.fingerprint, manifest.checksums["table"]
        )
        if rows is None:
            raise self._corrupt(manifest, "its rows differ from the manifest's checksum")
        return rows

    def artifact(self, manifest: Manifest) -> Path:
        """Returns the folder of an artifact after proving it whole.

        Raises:
            CorruptArtifactError: A file differs from its checksum; the artifact is set aside.
        """
        damaged = self.damaged_files(manifest)
        if damaged:
            raise self._corrupt(manifest, f"{', '.join(damaged)} differs from the manifest")
        return self.paths.artifact(manifest.asset, manifest.fingerprint)

    def is_whole(self, manifest: Manifest) -> bool:
        """Whether the stored bytes are the ones that were written."""
        if manifest.kind == "artifact":
            return not self.damaged_files(manifest)
        stored = self.warehouse.checksum(manifest.asset, manifest.fingerprint)
        return stored == manifest.checksums["table"]

    def damaged_files(self, manifest: Manifest) -> list[str]:
        """Names the files of an artifact that are missing, changed, or not its own."""
        folder = self.paths.artifact(manifest.asset, manifest.fingerprint)
        found, wanted = directory_checksums(folder), manifest.checksums
        names = found.keys() | wanted.keys()
        own = sorted(name for name in names if found.get(name) != wanted.get(name))
        return own + self._damaged_lancedb_files(manifest)

    def _damaged_lancedb_files(self, manifest: Manifest) -> list[str]:
        files = ((name, self.paths.lancedb / name) for name in sorted(manifest.lancedb_files))
        return [
            f"lancedb/{name}"
            for name, path in files
            if not path.is_file() or file_hash(path) != manifest.lancedb_files[name]
        ]

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
        with disk_explained(self.paths.warehouse):
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
            target = self.paths.artifact(task.asset, task.fingerprint)
            for leftover in staging_leftovers(target):
                shutil.rmtree(leftover, ignore_errors=True)
            with staged_directory(target) as staging:
                report = build(staging)
                checksums = directory_checksums(staging)
                size = sum(path.stat().st_size for path in staging.rglob("*") if path.is_file())
                notes = {"preview": files_preview(staging), **report.notes}
            facts = {**report.facts, "bytes": size}
            return replace(report, facts=facts, notes=notes), checksums

        return self._make("artifact", task, store, force=force)

    def checkpoints(self, task: Task) -> Path:
        """Returns the folder, not yet made, in which unfinished work survives a crash."""
        return self.paths.checkpoints(task.asset, task.fingerprint)

    def set_aside(self, manifest: Manifest) -> Path:
        """Moves what is damaged out of the way, so that the next run rebuilds it.

        Returns:
            Where it is now.
        """
        self.paths.manifest(manifest.asset, manifest.fingerprint).unlink(missing_ok=True)
        if manifest.kind == "table":
            return self.paths.warehouse / self.warehouse.set_aside(
                manifest.asset, manifest.fingerprint
            )
        if self._damaged_lancedb_files(manifest):
            self._set_aside_lancedb_table(manifest)
        folder = self.paths.artifact(manifest.asset, manifest.fingerprint)
        aside = self.paths.damaged / f"{manifest.asset}-{manifest.fingerprint}"
        _move_aside(folder, aside)
        return aside

    def _set_aside_lancedb_table(self, manifest: Manifest) -> None:
        """Moves the whole table: a new version of it would carry the damage on."""
        with self.lock(LANCEDB_LOCK):
            for name in {Path(name).parts[0] for name in manifest.lancedb_files}:
                _move_aside(self.paths.lancedb / name, self.paths.damaged / name)

    def _corrupt(self, manifest: Manifest, problem: str) -> CorruptArtifactError:
        place = self.paths.artifact(manifest.asset, manifest.fingerprint)
        if manifest.kind == "table":
            place = self.paths.warehouse / f"{manifest.asset}@{manifest.fingerprint}"
        return CorruptArtifactError(place, problem, self.set_aside(manifest))

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Holds a name against other processes; a second holder waits for the first."""
        with file_lock(self.paths, name):
            yield

    def _make(
        self,
        kind: Literal["artifact", "table"],
        task: Task,
        store: Callable[[], tuple[Report, dict[str, str]]],
        *,
        force: bool,
    ) -> Outcome:
        with disk_explained(self.paths.root):
            mark_format(self.paths.root)
            with self.lock(lock_name(task.asset, task.fingerprint)):
                found = None if force else self._find(task)
                outcome = Outcome(found, "reused") if found else self._build(kind, task, store)
                self._make_live(task)
        return outcome

    def _make_live(self, task: Task) -> None:
        """Moves the pointer, unless it stands there already: a sync of the disk takes its time."""
        pointer = self.paths.live(self.profile, task.asset)
        content = (task.fingerprint + "\n").encode("utf-8")
        if not pointer.exists() or pointer.read_bytes() != content:
            write_atomically(pointer, content)

    def _find(self, task: Task) -> Manifest | None:
        manifest = Manifest.find(self.paths.manifest(task.asset, task.fingerprint))
        if manifest is None or self.is_whole(manifest):
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
            lancedb_files=dict(report.lancedb_files),
            facts=_plain_facts(report.facts),
            notes=dict(report.notes),
            seconds=round(time.monotonic() - started, 3),
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            versions=dict(library_versions()),
        )
        manifest.save(self.paths.manifest(task.asset, task.fingerprint))
        shutil.rmtree(self.paths.checkpoints(task.asset, task.fingerprint), ignore_errors=True)
        return Outcome.of_build(manifest)


def _move_aside(folder: Path, aside: Path) -> None:
    shutil.rmtree(aside, ignore_errors=True)
    if folder.exists():
        aside.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(aside)
