"""What runs by itself: the refresh job, its nightly schedule, and the change of a raw file.

What belongs here: when the graph runs. What does not: what an asset does. A sensor watches the raw
files' content; an automation condition carries a changed data version down the graph as one run.
See https://docs.dagster.io/guides/automate/declarative-automation
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from hansol_assets.lake.fingerprint import file_hash
from hansol_assets.lake.paths import RAW_FILES
from hansol_assets.presence import end_dead_runs
from hansol_assets.resources import LakeResource
from hansol_assets.settings import AutomationSettings

SOURCES = dg.AssetSelection.assets(*RAW_FILES)

ON_CHANGE: dg.AutomationCondition[Any] = (
    dg.AutomationCondition.any_deps_match(dg.AutomationCondition.data_version_changed()).allow(
        SOURCES
    )
    | dg.AutomationCondition.any_deps_match(dg.AutomationCondition.will_be_requested())
).with_label("a raw file's content changed")
"""Requests an asset with all that is made from it, once for each change of a raw file's content.

Only the files' data versions count: results of a run never ask for another one, and a change while
a run is going on is one further run, which the queue holds back until then.
"""

refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    description="Brings every asset up to date, from the raw tables to the submission and the "
    "leaderboard. Assets whose inputs did not change are reused.",
)

judge = dg.define_asset_job(
    "judge",
    selection=dg.AssetSelection.assets("leaderboard").upstream(),
    description="Scores the profile on its validation rows and puts it on the leaderboard, without "
    "a submission.",
)


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
    events = list(_changes(lake.settings.raw_files, seen))
    return dg.SensorResult(asset_events=events, cursor=json.dumps(seen))


def _changes(
    files: dict[str, Path], seen: dict[str, dict[str, str]]
) -> Iterator[dg.AssetMaterialization]:
    """Yields an event for each new content, and notes in `seen` what was seen."""
    for asset, path in files.items():
        if not path.is_file():
            continue
        stat = path.stat()
        state = f"{path} {stat.st_size} {stat.st_mtime_ns}"
        last = seen.setdefault(asset, {})
        settled, known = last.get("state") == state, last.get("hashed") == state
        last["state"] = state
        if known or not settled:
            continue
        version = file_hash(path)
        last["hashed"] = state
        if last.get("version") == version:
            continue
        last["version"] = version
        yield dg.AssetMaterialization(asset, tags={"dagster/data_version": version})
