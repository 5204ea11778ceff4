"""Making what is missing, and finding what is there.

One rule: work is named by its fingerprint before it is done. If the lake holds that name, whole,
nothing is done; otherwise the asset's body is called, its result is built aside, recorded in a
manifest, and made live.

What belongs here: the order of these steps. What does not: how bytes are kept
(`hansol_assets.lake.store`) and what a body depends on (`hansol_assets.lake.declaration`).
"""

import time

from hansol_assets.lake.declaration import Bound
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.object_store import store_explained
from hansol_assets.lake.reports import ArtifactBuild, Build, Log, Outcome, Task
from hansol_assets.lake.store import Lake


def make(bound: Bound, log: Log, *, force: bool = False) -> Outcome:
    """Finds or builds the result of an asset's work, and makes it live.

    Args:
        bound: The work.
        log: Writes a line to the run's log.
        force: Build even if the lake holds the result.

    Raises:
        DiskError: The disk did not take it; what was live still is.
        ObjectStoreError: The object store did not take it, or did not give what it needs; likewise.
    """
    lake = bound.lake
    with disk_explained(lake.paths.root), store_explained(lake.database.uri):
        lake.mark_format()
        if bound.declaration.named_by_content:
            return _by_content(bound, log, force=force)
        return _by_inputs(bound, log, force=force)


def _by_inputs(bound: Bound, log: Log, *, force: bool) -> Outcome:
    lake, task = bound.lake, bound.task
    with lake.held(task):
        found = None if force else lake.find(task)
        outcome = Outcome(found, "reused") if found else _build(bound, task, log)
        lake.make_live(outcome.manifest)
    return outcome


def _build(bound: Bound, task: Task, log: Log) -> Outcome:
    _tell_of_libraries(bound.lake, task, log)
    build = _artifact if bound.declaration.form == "artifact" else _table
    return Outcome.of_build(build(bound, task, log))


def _tell_of_libraries(lake: Lake, task: Task, log: Log) -> None:
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


def _table(bound: Bound, task: Task, log: Log) -> Manifest:
    lake, started = bound.lake, time.monotonic()
    report = bound.call(Build(lake.paths, lake.checkpoints(task), log))
    return lake.keep_table(task, report, started)


def _artifact(bound: Bound, task: Task, log: Log) -> Manifest:
    lake, started = bound.lake, time.monotonic()
    with lake.draft(task) as folder:
        report = bound.call(
            ArtifactBuild(lake.paths, lake.checkpoints(task), log, folder, lake.database)
        )
        draft = lake.describe(folder, report)
    return lake.keep_artifact(task, draft, started)


def _by_content(bound: Bound, log: Log, *, force: bool) -> Outcome:
    """Finds the answer to the same question, or works it out and keeps it if it is another one."""
    lake, declaration = bound.lake, bound.declaration
    previous = bound.previous.version if bound.previous else None
    question = bound.question(previous)
    known = None if force else lake.recall(declaration.name, question)
    if known:
        lake.make_live(known)
        return Outcome(known, "reused")
    _tell_of_libraries(lake, bound.task, log)
    started = time.monotonic()
    report = bound.call(Build(lake.paths, lake.checkpoints(bound.task), log))
    task = Task.of_content(declaration.name, declaration.code_version, report.frame)
    with lake.held(task):
        found = lake.find(task)
        manifest = found or lake.keep_table(task, report, started)
        lake.make_live(manifest)
    # A result that is its own predecessor stands: the next run asks just that.
    for asked in {question, bound.question(manifest.fingerprint)}:
        lake.remember(declaration.name, asked, manifest.fingerprint)
    return Outcome(found, "reused") if found else Outcome.of_build(manifest)
