"""What runs by itself, and the versions of the raw files that it watches.

A sensor watches the raw files' content; an automation condition carries a changed data version down
the graph as one run.

See https://docs.dagster.io/guides/automate/declarative-automation
"""

import functools
import json
import operator
from collections.abc import Iterator
from typing import Any

import dagster as dg

from hansol_assets.lake.fingerprint import canonical_json, text_hash
from hansol_assets.lake.handles import Source
from hansol_assets.orchestration.resources import LakeResource
from hansol_assets.orchestration.run_locks import end_dead_runs
from hansol_assets.qa.folds import FoldSettings
from hansol_assets.qa.table import ContractError
from hansol_assets.qa.table.reviewed import no_reviewed, read_reviewed
from hansol_assets.settings import RAW_FILES, REVIEW_CSV, AutomationSettings, Settings

UnresolvedJob = Any
"""What `define_asset_job` returns has no public name."""


SOURCES = dg.AssetSelection.assets(*RAW_FILES)


def _changes() -> dg.AutomationCondition[Any]:
    return dg.AutomationCondition.data_version_changed()


def _of_any_file() -> dg.AutomationCondition[Any]:
    files = [dg.AutomationCondition.asset_matches(file, _changes()) for file in RAW_FILES]
    return functools.reduce(operator.or_, files)


def _once_settled(change: dg.AutomationCondition[Any]) -> dg.AutomationCondition[Any]:
    """True once for each change: at the first evaluation that sees no further one."""
    # A change that is seen while the last request goes out needs a request of its own.
    answered = dg.AutomationCondition.newly_requested() & ~change
    # Files that change together are reported one after the other, and are one change.
    return change.since(answered) & ~_of_any_file()


def _on_change() -> dg.AutomationCondition[Any]:
    condition = dg.AutomationCondition
    of_its_files: dg.AutomationCondition[Any] = condition.any_deps_match(_changes()).allow(SOURCES)
    is_upstream_requested = condition.any_deps_match(condition.will_be_requested())
    on_change = _once_settled(of_its_files) | is_upstream_requested
    return on_change.with_label("the raw files' content changed")


def _when_missing() -> dg.AutomationCondition[Any]:
    needed = dg.AutomationCondition.missing() & _once_settled(_of_any_file())
    return needed.with_label("it is missing where the raw files' content changed")


WHEN_MISSING = _when_missing()
"""Requests an asset without inputs together with the first run, which needs it."""

ON_CHANGE = _on_change()
"""Requests an asset with all that is made from it, once for each change of the raw files' content.

Only the files' data versions count: results of a run never ask for another one, and a change while
a run is going on is one further run, which the queue holds back until then. A change is answered at
the first look that finds no further one.
"""

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Brings every asset up to date, from the raw tables to the submission and the "
    "leaderboard. Assets whose inputs did not change are reused.",
)


def _up_to(
    name: str, asset: str, description: str, config: dg.PartitionedConfig[Any] | None = None
) -> UnresolvedJob:
    """The job that makes an asset with all that it needs."""
    selection = dg.AssetSelection.assets(asset).upstream()
    return dg.define_asset_job(name, selection=selection, config=config, description=description)


judge = _up_to(
    "judge",
    "leaderboard",
    "Scores the profile on its validation rows and puts it on the leaderboard, without "
    "a submission.",
)

train = _up_to(
    "train",
    "lora_adapter",
    "Trains the adapter, with all that it needs; what did not change is reused, so a "
    "second run trains nothing.",
)

answer = _up_to(
    "answer",
    "generated_answers",
    "Answers the test questions, with all that it needs, without a judgement of a new submission.",
)


CROSS_VALIDATE = "cross_validate"


def jobs_of(settings: Settings) -> list[dg.JobDefinition | UnresolvedJob]:
    """Returns the jobs of the code location."""
    return [refresh, train, judge, answer, _cross_validate(settings.folds)]


def _cross_validate(folds: FoldSettings) -> UnresolvedJob:
    """The job that judges one rotation of the folds, which is its partition."""

    @dg.static_partitioned_config(partition_keys=rotations(folds))
    def rotation(partition_key: str) -> dict[str, Any]:
        return {"resources": {"lake": {"config": {"rotation": int(partition_key)}}}}

    return _up_to(
        CROSS_VALIDATE,
        "leaderboard",
        "Judges the profile on one rotation of its folds: launch a backfill over all "
        "partitions. Each rotation's results are live under a name of their own, so that none "
        "takes the place of the profile's.",
        rotation,
    )


def rotations(folds: FoldSettings) -> list[str]:
    """Returns the folds at which validation starts, so that each fold validates once."""
    return [str(start) for start in range(0, folds.count, folds.validation or 1)]


def automation_of(
    settings: AutomationSettings,
) -> tuple[list[dg.SensorDefinition], list[dg.ScheduleDefinition]]:
    """Returns the sensors and schedules, running from the start unless they are switched off."""
    sensor_status = getattr(dg.DefaultSensorStatus, settings.status)
    sensors: list[dg.SensorDefinition] = [
        dg.SensorDefinition(
            name="raw_files",
            evaluation_fn=watch_raw_files,
            minimum_interval_seconds=settings.interval_seconds,
            default_status=sensor_status,
            required_resource_keys={"lake"},
            description="Watches the raw files: a new content is a new data version.",
        ),
        dg.AutomationConditionSensorDefinition(
            name="refresh_on_change",
            target=dg.AssetSelection.all(),
            minimum_interval_seconds=settings.interval_seconds,
            default_status=sensor_status,
            description="Runs what a changed raw file reaches.",
        ),
    ]
    nightly = dg.ScheduleDefinition(
        name="nightly_refresh",
        job=refresh,
        cron_schedule=settings.nightly_cron,
        execution_timezone=settings.timezone,
        default_status=getattr(dg.DefaultScheduleStatus, settings.status),
        description="A safety net: the whole graph, every night; nothing is done twice.",
    )
    return sensors, [nightly]


def watch_raw_files(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Reports the data version of each raw file whose content changed and is complete.

    It also ends the runs that were killed.

    A file whose size or time moved since the last look may still be being written: it is looked at
    again next time. A file that was only touched keeps its data version.
    """
    lake: LakeResource = context.resources.lake
    # A killed run would hold the queue, which lets one run go on at a time.
    end_dead_runs(context.instance, lake.store.paths.locks)
    seen: dict[str, dict[str, str]] = json.loads(context.cursor) if context.cursor else {}
    events = list(_file_changes(lake.settings, seen))
    return dg.SensorResult(asset_events=events, cursor=json.dumps(seen))


def _file_changes(
    settings: Settings, seen: dict[str, dict[str, str]]
) -> Iterator[dg.AssetMaterialization]:
    """Yields an event for each new content, and notes in `seen` what was seen."""
    for asset, path in settings.raw_files.items():
        if not path.is_file():
            continue
        stat = path.stat()
        state = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        last = seen.setdefault(asset, {})
        settled, known = last.get("state") == state, last.get("hashed") == state
        last["state"] = state
        if known or not settled:
            continue
        version = source_version(asset, Source.pin(path), settings)
        last["hashed"] = state
        if last.get("version", NOTHING_FILLED_IN) == version:
            continue
        last["version"] = version
        yield dg.AssetMaterialization(asset, tags={"dagster/data_version": version})


def source_version(asset: str, source: Source, settings: Settings) -> str:
    """Returns the data version of a raw file: its content's hash.

    Of the review file only the answers that were filled in count: a queue that is written anew, or
    a question that is put into it, changes no result.
    """
    if asset != REVIEW_CSV:
        return source.version
    try:
        answers = read_reviewed(source.path, settings.table.placeholders)
    except ContractError:
        # A run reports what is wrong with it.
        return source.version
    return text_hash(canonical_json(answers.to_dict("records")))


NOTHING_FILLED_IN = text_hash(canonical_json(no_reviewed().to_dict("records")))
"""The version of a review file without an answer, which is as good as none."""
