"""The lake: stores results, proves them whole, sets damaged ones aside, and knows what is live."""

import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock

from hansol_assets.lake.atomic import (
    LANCEDB_LOCK,
    file_lock,
    lock_name,
    move_aside,
    staged_directory,
    staging_leftovers,
    write_atomically,
)
from hansol_assets.lake.databases import Database, FolderDatabase, StoredDatabase
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.fingerprint import FINGERPRINT_LENGTH, FINGERPRINT_PATTERN, text_hash
from hansol_assets.lake.lake_errors import (
    CorruptArtifactError,
    MisplacedIndexError,
    MissingInputError,
)
from hansol_assets.lake.manifest import (
    Fact,
    Manifest,
    directory_checksums,
    library_versions,
    manifests,
)
from hansol_assets.lake.object_store import ObjectStore, StoredArtifacts
from hansol_assets.lake.paths import FORMAT, LakePaths, check_format
from hansol_assets.lake.records import files_preview, preview
from hansol_assets.lake.reports import Outcome, Report, TableReport, Task
from hansol_assets.lake.warehouse import Warehouse


def _plain_facts(facts: Mapping[str, Any]) -> dict[str, Fact]:
    """Turns numpy scalars into Python values; a figure that is not a number is left out."""
    plain = {
        name: value.item() if hasattr(value, "item") else value for name, value in facts.items()
    }
    return {name: value for name, value in plain.items() if value == value}


class Lake:
    """Artifacts, tables and live pointers of one profile.

    With an `object_store`, an `s3://` URL, artifacts are copied below it (`stored`), and LanceDB's
    database is there; without, everything is in the folder `root`.

    Raises:
        NewerLakeError: A newer version of this project wrote the lake.
    """

    def __init__(self, root: Path, profile: str, object_store: str | None = None) -> None:
        check_format(root)
        self.paths = LakePaths(root)
        self.profile = profile
        self.warehouse = Warehouse(self.paths.warehouse)
        self.database: Database = FolderDatabase(self.paths.lancedb, self.paths.damaged)
        self.stored: StoredArtifacts | None = None
        if object_store is not None:
            store = ObjectStore(object_store)
            self.database, self.stored = StoredDatabase(store), StoredArtifacts(store)

    def live(self, asset: str) -> Manifest:
        """Returns the manifest of what the profile last materialised of an asset.

        Raises:
            MissingInputError: Nothing of the asset is in the lake.
        """
        manifest = self.find_live(asset)
        if manifest is None:
            raise MissingInputError(asset, self.profile, self.paths.root)
        return manifest

    def table(self, manifest: Manifest) -> pd.DataFrame:
        """Returns the rows of a table after proving them whole.

        Raises:
            CorruptArtifactError: The rows are not those that were written, or cannot be read; the
                table is set aside.
        """
        rows = self.warehouse.read_whole(*manifest.key, manifest.checksums["table"])
        if rows is None:
            raise self._corrupt(manifest, "its rows differ from the manifest's checksum")
        return rows

    def prove(self, manifest: Manifest) -> None:
        """Proves a table whole, in bounded memory.

        Raises:
            CorruptArtifactError: See `table`.
        """
        if not self.is_whole(manifest):
            raise self._corrupt(manifest, "its rows differ from the manifest's checksum")

    def artifact(self, manifest: Manifest) -> Path:
        """Returns the folder of an artifact after proving it whole.

        What the folder lacks is fetched from the object store, if there is one.

        Raises:
            CorruptArtifactError: A file differs from its checksum; the artifact is set aside.
            MisplacedIndexError: Its LanceDB table is in another database.
        """
        if not self.database.owns(manifest.lancedb_files):
            raise MisplacedIndexError(manifest.asset, self.database.uri)
        damaged = self.damaged_files(manifest)
        if damaged and not self.fetch(manifest):
            raise self._corrupt(manifest, f"{', '.join(damaged)} differs from the manifest")
        return self.paths.artifact(*manifest.key)

    def is_whole(self, manifest: Manifest) -> bool:
        """Whether the stored bytes are the ones that were written."""
        if manifest.kind == "artifact":
            return not self.damaged_files(manifest)
        return self.warehouse.holds(*manifest.key, manifest.checksums["table"])

    def damaged_files(self, manifest: Manifest) -> list[str]:
        """Names the files of an artifact that are missing, changed, or not its own."""
        on_disk = directory_checksums(self.paths.artifact(*manifest.key))
        names = on_disk.keys() | manifest.checksums.keys()
        damaged = sorted(n for n in names if on_disk.get(n) != manifest.checksums.get(n))
        return damaged + self.damaged_lancedb_files(manifest)

    def damaged_lancedb_files(self, manifest: Manifest) -> list[str]:
        """Names the files of an index's version that its database lacks, or that changed there."""
        expected = manifest.lancedb_files
        stamps = self.database.stamps(expected) if expected else {}
        return [f"lancedb/{n}" for n in sorted(expected) if stamps.get(n) != expected[n]]

    def fetch(self, manifest: Manifest) -> bool:
        """Fetches an artifact, locked against other processes; says whether it is whole then."""
        if self.stored is None:
            return False
        with self.locked(*manifest.key):
            return self.is_whole(manifest) or self._fetched(manifest)

    def _fetched(self, manifest: Manifest) -> bool:
        """Fetches an artifact from the object store; says whether all of it is whole then."""
        if self.stored is None or manifest.kind == "table":
            return False
        if self.damaged_lancedb_files(manifest):
            return False
        return self.stored.fetch(manifest, self.paths.artifact(*manifest.key))

    def find_live(self, asset: str) -> Manifest | None:
        """Returns the manifest of what the profile last materialised of an asset, if any."""
        pointer = self.paths.live(self.profile, asset)
        named = pointer.read_text(encoding="utf-8", errors="replace") if pointer.exists() else ""
        is_name = re.fullmatch(FINGERPRINT_PATTERN, named.strip())
        return Manifest.find(self.paths.manifest(asset, named.strip())) if is_name else None

    def find(self, task: Task) -> Manifest | None:
        """Returns the result of a task if the lake holds it whole; a damaged one is set aside.

        With an object store, an artifact is looked for there, too, and is in both afterwards.
        """
        work = task.asset, task.fingerprint
        local = Manifest.find(self.paths.manifest(*work))
        manifest = local or (self.stored.find(*work) if self.stored else None)
        # A table in another database is no damage: it is made in this one, too.
        if manifest is None or not self.database.owns(manifest.lancedb_files):
            return None
        if not self.is_whole(manifest) and not self._fetched(manifest):
            self.set_aside(manifest)
            return None
        if local is None:
            manifest.save(self.paths)
        self.copy(manifest)
        return manifest

    def copy(self, manifest: Manifest) -> None:
        """Copies an artifact into the object store, if there is one and it is not there yet."""
        if self.stored is not None and manifest.kind == "artifact":
            self.stored.upload(manifest, self.paths.artifact(*manifest.key))

    def save_table(
        self, task: Task, report: TableReport, started: float, *, by_content: bool
    ) -> Outcome:
        """Writes a table and, last, its manifest.

        The work began at `started` of the monotonic clock. The data version is the fingerprint, or
        the rows' checksum (`by_content`).
        """
        work = task.asset, task.fingerprint
        if report.blocks:
            checksum = self.warehouse.write_blocks(*work, report.blocks)
        else:
            checksum = self.warehouse.write(*work, report.frame)
        described = Report(
            {"rows": report.rows, **report.facts},
            report.notes,
            {**report.tables, "preview": preview(report.frame)},
        )
        stored = {
            "kind": "table",
            "checksums": {"table": checksum},
            "columns": self.warehouse.columns(*work),
        }
        if not by_content:
            return Outcome.of_build(self._save(task, described, started, **stored))
        content = text_hash(checksum)[:FINGERPRINT_LENGTH]
        with self.locked(task.asset, content):
            same = [item for item in manifests(self.paths, task.asset) if item.version == content]
            is_new = not (same and self.is_whole(same[-1]))
            self.warehouse.rename(*work, content)
            manifest = self._save(task, described, started, content=content, **stored)
        return Outcome.of_build(manifest) if is_new else Outcome(manifest, "reused")

    def save_artifact(
        self, task: Task, build: Callable[[Path], Report], started: float
    ) -> Manifest:
        """Lets a function fill an empty folder, puts it in place and, last, writes its manifest.

        With an object store it is copied then: work survives though the store should be lost
        meanwhile, and the next run that finds it copies it. See `save_table` for `started`.

        Raises:
            ObjectStoreError: The store did not take the copy.
        """
        target = self.paths.artifact(task.asset, task.fingerprint)
        for leftover in staging_leftovers(target):
            shutil.rmtree(leftover, ignore_errors=True)
        with staged_directory(target) as folder:
            report = build(folder)
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
            tables = {"preview": files_preview(folder), **report.tables}
            checksums = directory_checksums(folder)
        described = replace(report, facts={**report.facts, "bytes": size}, tables=tables)
        manifest = self._save(task, described, started, kind="artifact", checksums=checksums)
        self.copy(manifest)
        return manifest

    def save_as(self, manifest: Manifest, task: Task) -> Manifest:
        """Notes that other work has the same result, and returns that work's manifest."""
        path = self.paths.manifest(task.asset, task.fingerprint)
        known = Manifest.find(path)
        if known is not None and known.version == manifest.version:
            return known
        named = {"fingerprint": task.fingerprint, "inputs": dict(task.inputs)}
        other = manifest.model_copy(update=named)
        other.save(self.paths)
        return other

    def make_live(self, manifest: Manifest) -> None:
        """Points the profile at a result, unless it does already: a sync of the disk takes time."""
        pointer = self.paths.live(self.profile, manifest.asset)
        content = (manifest.fingerprint + "\n").encode("utf-8")
        if not pointer.exists() or pointer.read_bytes() != content:
            write_atomically(pointer, content)
        if manifest.kind == "table":
            with disk_explained(self.paths.warehouse):
                self.warehouse.show(*manifest.key)

    def shows(self, manifests: Sequence[Manifest]) -> bool:
        """Whether the view of each table shows the result that is given."""
        tables = {item.asset: item.version for item in manifests if item.kind == "table"}
        return tables.items() <= self.warehouse.shown().items()

    def mark_format(self) -> None:
        """Writes the lake's format where there is none."""
        if not self.paths.format_file.exists():
            write_atomically(self.paths.format_file, f"{FORMAT}\n".encode())

    def locked(self, asset: str, name: str) -> FileLock:
        """Locks a result against other processes; a second one waits, and then finds it."""
        return file_lock(self.paths, lock_name(asset, name))

    def checkpoints(self, task: Task) -> Path:
        """Returns the folder, not yet made, in which unfinished work survives a crash."""
        return self.paths.checkpoints(task.asset, task.fingerprint)

    def set_aside(self, manifest: Manifest) -> Path:
        """Moves what is damaged out of the way, so that the next run rebuilds it.

        Returns:
            Where it is now.
        """
        path = self.paths.manifest(manifest.asset, manifest.fingerprint)
        if manifest.kind == "table":
            path.unlink(missing_ok=True)
            return self.paths.warehouse / self.warehouse.set_aside(*manifest.key)
        if self.damaged_lancedb_files(manifest):
            self._set_aside_lancedb_tables(manifest)
        if self.stored is not None:
            self.stored.remove_record(manifest)
        path.unlink(missing_ok=True)
        aside = self.paths.damaged / "-".join(manifest.key)
        move_aside(self.paths.artifact(*manifest.key), aside)
        return aside

    def _set_aside_lancedb_tables(self, manifest: Manifest) -> None:
        """Moves whole tables: a new version of one would carry the damage on.

        Unless a later version is whole: then this one was only pruned, by another machine.
        """
        with file_lock(self.paths, LANCEDB_LOCK):
            for table in {Path(name).parts[0] for name in manifest.lancedb_files}:
                if self.damaged_lancedb_files(self._newest_of(table, manifest)):
                    self.database.set_aside(table)

    def _newest_of(self, table: str, manifest: Manifest) -> Manifest:
        stored = self.stored.manifests() if self.stored else ()
        of_table = (
            item
            for item in stored
            if any(name.startswith(f"{table}/") for name in item.lancedb_files)
        )
        return max([manifest, *of_table], key=lambda item: item.created_at)

    def _corrupt(self, manifest: Manifest, problem: str) -> CorruptArtifactError:
        path = self.paths.artifact(*manifest.key)
        if manifest.kind == "table":
            path = self.paths.warehouse / "@".join(manifest.key)
        return CorruptArtifactError(path, problem, self.set_aside(manifest))

    def _save(self, task: Task, report: Report, started: float, **stored: Any) -> Manifest:
        manifest = Manifest(
            asset=task.asset,
            fingerprint=task.fingerprint,
            profile=self.profile,
            code_version=task.code_version,
            config=dict(task.config),
            inputs=dict(task.inputs),
            input_fingerprints=dict(task.input_fingerprints),
            libraries=dict(task.libraries),
            lancedb_files=dict(report.lancedb_files),
            facts=_plain_facts(report.facts),
            notes=dict(report.notes),
            tables={title: [dict(row) for row in rows] for title, rows in report.tables.items()},
            seconds=round(time.monotonic() - started, 3),
            created_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            versions=dict(library_versions()),
            **stored,
        )
        manifest.save(self.paths)
        shutil.rmtree(self.checkpoints(task), ignore_errors=True)
        return manifest
