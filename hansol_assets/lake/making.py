"""Finding what is there, making what is missing, and proving that nothing is to be done.

Work is named by its fingerprint before it is done. If the lake holds a whole result of that name,
nothing is done; otherwise the asset's body is called, its result is built aside, recorded in a
manifest, and made live.

After a whole run that ended well a note (`RUN_NOTE`) says so. While the same files, settings and
code are there, and every result is whole and live, another run would change nothing. Every run
removes the note as it begins.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import hansol_assets
from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.declaration import AssetDeclaration, Bound
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.fingerprint import canonical_json, directory_stamp, file_hash, text_hash
from hansol_assets.lake.lake_errors import LakeError
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.object_store import store_explained
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.reports import ArtifactBuild, Build, Log, Outcome, Report, Task
from hansol_assets.lake.store import Lake

RUN_NOTE = "standing.json"
"""The file that says that a whole run ended well."""


def make(bound: Bound, log: Log, *, force: bool = False) -> Outcome:
    """Finds or builds (`force`: builds in any case) the result of some work, and makes it live.

    Raises:
        DiskError: The disk did not take it; what was live still is.
        ObjectStoreError: The object store did not take it, or did not give what it needs; likewise.
    """
    lake, task = bound.lake, bound.task
    with disk_explained(lake.paths.root), store_explained(lake.database.uri):
        lake.mark_format()
        with lake.locked(task.asset, task.fingerprint):
            manifest = None if force else lake.find(task)
            outcome = Outcome(manifest, "reused") if manifest else _build(bound, log)
            lake.make_live(_for_next_run(bound, outcome.manifest))
    return outcome


def _for_next_run(bound: Bound, manifest: Manifest) -> Manifest:
    """Notes that work which is given this very result as the earlier one gives it again."""
    if not bound.declaration.reads_previous:
        return manifest
    return bound.lake.save_as(manifest, bound.task_after(manifest.version))


def _build(bound: Bound, log: Log) -> Outcome:
    lake, task, started = bound.lake, bound.task, time.monotonic()
    _log_new_libraries(lake, task, log)
    checkpoints = lake.checkpoints(task)
    if bound.declaration.form == "table":
        report = bound.call(Build(lake.paths, checkpoints, log))
        by_content = bound.declaration.named_by_content
        return lake.save_table(task, report, started, by_content=by_content)

    def fill(folder: Path) -> Report:
        return bound.call(ArtifactBuild(lake.paths, checkpoints, log, folder, lake.database))

    return Outcome.of_build(lake.save_artifact(task, fill, started))


def _log_new_libraries(lake: Lake, task: Task, log: Log) -> None:
    """Says which libraries have another release than when the live result was made."""
    live = lake.find_live(task.asset)
    before = live.versions if live else {}
    changed = [
        f"{name} is {version} and was {before[name]}"
        for name, version in task.libraries.items()
        if before.get(name, version) != version
    ]
    if changed:
        log(
            f"{task.asset} is made anew, since another release may give another result: "
            f"{', '.join(changed)}"
        )


@dataclass(frozen=True)
class UpToDate:
    """A whole graph in which nothing is to be done.

    Attributes:
        manifests: What is live, in the order of the graph.
        warnings: What the checks of the last run warned of, which hold for the same results.
    """

    manifests: Sequence[Manifest]
    warnings: Sequence[str]


def note_run(lake: Lake, settings: BaseModel, home: Path, warnings: Sequence[str]) -> None:
    """Notes that a whole run ended well; `home` is Dagster's, `warnings` are of its checks."""
    note = {"state": _state(lake, settings, home), "at": time.time(), "warnings": list(warnings)}
    write_atomically(lake.paths.root / RUN_NOTE, canonical_json(note).encode("utf-8"))


def remove_run_note(paths: LakePaths) -> None:
    """Removes the note, since what it says may not hold in a moment."""
    (paths.root / RUN_NOTE).unlink(missing_ok=True)


def find_up_to_date(
    declarations: Iterable[AssetDeclaration],
    lake: Lake,
    settings: Any,
    home: Path,
    most_hours: float,
) -> UpToDate | None:
    """Proves that a whole run of all assets would find every result, and change nothing.

    Returns:
        None where a run is needed, as it is in any case once the last one is `most_hours` old.
    """
    note = _read_note(lake.paths)
    if time.time() - float(note.get("at", 0)) > most_hours * 3600:
        return None
    if note.get("state") != _state(lake, settings, home):
        return None
    try:
        bound = [item.bind(lake, settings, settings.raw_files) for item in declarations]
        live = [_live_and_whole(item) for item in bound if not item.is_idle]
    except LakeError:
        return None
    manifests = [item for item in live if item is not None]
    if len(manifests) < len(live) or not lake.shows(manifests):
        return None
    return UpToDate(manifests, note["warnings"])


def _live_and_whole(bound: Bound) -> Manifest | None:
    """What is live of an asset, where its work would find that very result whole."""
    live = bound.lake.find_live(bound.declaration.name)
    if live is None or bound.task.fingerprint != live.fingerprint:
        return None
    return live if bound.lake.is_whole(live) else None


def _read_note(paths: LakePaths) -> dict[str, Any]:
    """The note; empty where there is none, or none that can be read."""
    try:
        note = json.loads((paths.root / RUN_NOTE).read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _state(lake: Lake, settings: BaseModel, home: Path) -> str:
    """Hashes what can change a run but is in no fingerprint."""
    published = lake.paths.latest_submission
    state = {
        "profile": lake.profile,
        "settings": settings.model_dump(mode="json"),
        # A check's code is in no fingerprint, so any change of the code asks for a run.
        "code": [directory_stamp(Path(folder)) for folder in hansol_assets.__path__],
        "home": [str(home.resolve()), (home / "history").is_dir()],
        "published": [
            [str(path.resolve()), file_hash(path)]
            for path in sorted(published.glob("*"))
            if path.is_file()
        ],
    }
    return text_hash(canonical_json(state))
