"""The one resource: the lake under a run's settings; and the summary of the run.

See https://docs.dagster.io/guides/build/external-resources
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, get_args

import dagster as dg
from dagster._core.events import EngineEventData

from hansol_assets.answering.readings import readings_cached
from hansol_assets.compute.current import computing_on
from hansol_assets.errors import UserError
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.making import remove_run_note
from hansol_assets.lake.reports import ROWS_MADE, Status
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.home import set_process_defaults
from hansol_assets.orchestration.launchpad import launchpad_fields, settings_of
from hansol_assets.orchestration.metadata import table_value
from hansol_assets.orchestration.run_locks import end_dead_runs, exclusive_run, run_lock
from hansol_assets.settings import Settings, require_fitting_template

SUBMISSION = "submission"


RETRY_SECONDS = 10
"""Between two tries of what may pass by itself."""


@contextmanager
def user_errors_as_failures(retries: int = 0) -> Iterator[None]:
    """Turns an error that is meant for people into a failure that shows its message alone."""
    try:
        yield
    except UserError as error:
        if error.passes and retries:
            raise dg.RetryRequested(retries, RETRY_SECONDS) from error
        raise dg.Failure(str(error), allow_retries=False) from None


@dataclass(frozen=True)
class LakeResource:
    """The lake under a run's settings."""

    settings: Settings
    store: Lake

    @classmethod
    def open(cls, settings: Settings) -> "LakeResource":
        """Opens the lake that the settings name.

        Raises:
            NewerLakeError: A newer version of this project wrote the lake.
        """
        lake = Lake(settings.lake_dir, settings.live_name, settings.object_store)
        return cls(settings, lake)


def lake_resource(settings: Settings) -> dg.ResourceDefinition:
    """Makes the resource `lake`, whose configuration is the form of the launchpad."""

    @dg.resource(
        config_schema=launchpad_fields(settings),
        description="The lake and the settings of the run: change any of them here.",
    )
    def lake(context: dg.InitResourceContext) -> Iterator[LakeResource]:
        set_process_defaults()
        with ExitStack() as stack:
            with user_errors_as_failures():
                chosen = settings_of(context.resource_config, settings)
                opened = LakeResource.open(chosen)
                stack.enter_context(readings_cached(opened.store))
                where = computing_on(chosen.compute, chosen.cluster, chosen.lake_dir)
                stack.enter_context(where)
                if context.run and context.instance and context.log:
                    _begin(stack, opened, context.instance, context.run, context.log.info)
            yield opened

    return lake


def _planned(instance: dg.DagsterInstance, run_id: str) -> set[str]:
    """The assets that a run is going to make."""
    planned = dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED
    entries = instance.all_logs(run_id, of_type=planned)
    events = (entry.dagster_event for entry in entries)
    return {event.asset_key.to_user_string() for event in events if event and event.asset_key}


def _begin(
    stack: ExitStack,
    lake: LakeResource,
    instance: dg.DagsterInstance,
    run: dg.DagsterRun,
    log: Callable[[str], None],
) -> None:
    """Holds the run's locks until its end, and ends the runs that were killed before it."""
    # A run of the submission alone checks the template itself.
    if {SUBMISSION} < _planned(instance, run.run_id):
        require_fitting_template(lake.settings)
    if lake.store.stored:
        lake.store.stored.require_access()
    locks = lake.store.paths.locks
    with disk_explained(locks):
        stack.enter_context(run_lock(run.run_id, locks))
        stack.enter_context(exclusive_run(lake.settings.live_name, run.run_id, locks, log))
        remove_run_note(lake.store.paths)
        end_dead_runs(instance, locks)
    stack.callback(summarize_run, instance, run)


TAG_PREFIX = "hansol/"
TABLE = "assets"


def summarize_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Adds the summary to a run that is about to end.

    The event `what the run did` has a table with a row an asset: its status, its rows, and how
    many of them were made by this run. The tags count the assets of each status, so that the list
    of runs shows which of them did any work.
    """
    rows = list(_rows(instance, run.run_id))
    if not rows:
        return
    counts = Counter(row["status"] for row in rows)
    tags = {f"{TAG_PREFIX}{status}": str(counts[status]) for status in get_args(Status)}
    instance.add_run_tags(run.run_id, tags)
    data = EngineEventData(metadata={TABLE: table_value(rows)})
    instance.report_engine_event("what the run did", run, data)


def _rows(instance: dg.DagsterInstance, run_id: str) -> Iterator[dict[str, Any]]:
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        made = entry.asset_materialization
        if made is None or "status" not in made.metadata:
            continue  # the version of a raw file
        facts = {name: item.value for name, item in made.metadata.items()}
        yield _row(made.asset_key.to_user_string(), facts)


def _row(asset: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    is_reused = facts["status"] == "reused"
    return {
        "asset": asset,
        "status": facts["status"],
        "rows": facts.get("rows"),
        "rows_made": 0 if is_reused else facts.get(ROWS_MADE, facts.get("rows")),
        "seconds": 0.0 if is_reused else facts["seconds"],
    }
