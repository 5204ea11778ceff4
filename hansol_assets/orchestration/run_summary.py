"""What a run did to each asset, as one table in the run's event log and counts in its tags."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, get_args

import dagster as dg

# `report_engine_event` takes nothing else, and dagster exports the class nowhere.
from dagster._core.events import EngineEventData

from hansol_assets.lake.reports import ROWS_MADE, Status

TAG_PREFIX = "hansol/"
TABLE = "assets"


def summarize_run(instance: dg.DagsterInstance, run: dg.DagsterRun) -> None:
    """Adds the summary to a run that is about to end.

    The event `what the run did` has a table with a row an asset: its status, its rows, and how
    many of them were made by this run. The tags count the assets of each status, so that the list
    of runs tells which of them did any work.
    """
    rows = list(_rows(instance, run.run_id))
    if not rows:
        return
    counts = Counter(row["status"] for row in rows)
    tags = {f"{TAG_PREFIX}{status}": str(counts[status]) for status in get_args(Status)}
    instance.add_run_tags(run.run_id, tags)
    table = dg.TableMetadataValue([dg.TableRecord(row) for row in rows], _SCHEMA)
    instance.report_engine_event("what the run did", run, EngineEventData(metadata={TABLE: table}))


_SCHEMA = dg.TableSchema(
    [
        dg.TableColumn("asset", "string"),
        dg.TableColumn("status", "string", description="reused, updated (some rows), or new"),
        dg.TableColumn("rows", "int", description="rows, where the asset has any"),
        dg.TableColumn("rows_made", "int", description="rows that this run worked on"),
        dg.TableColumn("seconds", "float", description="time of the work"),
    ]
)


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
