"""Running the real graph on a small lake."""

import shutil
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd

from hansol_assets.definitions import build_defs
from hansol_assets.lake.cache import EMBEDDINGS, GENERATIONS, READINGS, RowCache
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.terminal import failure_message
from hansol_assets.settings import SAMPLE_DIRECTORY, Settings, load_settings

SMALL_PROFILE = Path(__file__).parent / "small.yaml"
SHAPING_NOTHING: dict[str, Any] = {
    "training": {"save_steps": 3},
    "candidates": {"block": 2},
}
"""Other values of the settings that are marked so; of trackers there is none."""

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}


@dataclass(frozen=True)
class GraphRun:
    """One run of the graph.

    Attributes:
        settings: The settings that it ran with.
        metadata: Asset → metadata of its materialisation.
        data_versions: Asset → data version.
        told: Asset → figures that were told while it was made, one dictionary a time.
        checks: Check → whether it passed.
        failures: Step → the message that a person sees.
    """

    settings: Settings
    metadata: dict[str, dict[str, Any]]
    data_versions: dict[str, str]
    told: dict[str, list[dict[str, Any]]]
    checks: dict[str, bool]
    failures: dict[str, str]

    @property
    def lake(self) -> Lake:
        return Lake(self.settings.lake_dir, self.settings.profile_name)

    @property
    def statuses(self) -> dict[str, str]:
        return {asset: facts["status"] for asset, facts in self.metadata.items()}

    @property
    def submission(self) -> bytes:
        return (self.lake.paths.latest_submission / "submission.csv").read_bytes()

    def table(self, asset: str) -> pd.DataFrame:
        return self.lake.table(self.lake.live(asset))


def write_raw_files(folder: Path, rows: int, questions: int) -> Path:
    """Writes the first rows and questions of the sample as a raw folder."""
    sizes = {"train.csv": rows, "test.csv": questions, "sample_submission.csv": questions}
    for name, size in sizes.items():
        lines = (SAMPLE_DIRECTORY / name).read_text(encoding="utf-8").splitlines(keepends=True)
        (folder / name).write_text("".join(lines[: size + 1]), encoding="utf-8")
    return folder


def run_graph(
    lake_dir: Path,
    raw_dir: Path,
    instance: dg.DagsterInstance,
    *,
    select: dg.AssetSelection | None = None,
    tags: dict[str, str] | None = None,
    profile: Path = SMALL_PROFILE,
    **values: Any,
) -> GraphRun:
    """Materialises a selection (everything by default) in this process."""
    settings = load_settings(
        profile=str(profile), lake_dir=str(lake_dir), raw_dir=str(raw_dir), **values
    )
    definitions = build_defs(settings=settings)
    job = dg.define_asset_job("selected", selection=select or dg.AssetSelection.all())
    merged = dg.Definitions.merge(definitions, dg.Definitions(jobs=[job]))
    result = merged.resolve_job_def("selected").execute_in_process(
        instance=instance, run_config=QUIET, tags=tags, raise_on_error=False
    )
    materializations = [
        event.materialization for event in result.get_asset_materialization_events()
    ]
    made = [item for item in materializations if "status" in item.metadata]
    told = defaultdict(list)
    for event in result.get_asset_observation_events():
        observation = event.asset_observation_data.asset_observation
        told[observation.asset_key.to_user_string()].append(_values(observation.metadata))
    failed = [event for event in result.all_events if event.is_step_failure]
    return GraphRun(
        settings=settings,
        metadata={item.asset_key.to_user_string(): _values(item.metadata) for item in made},
        data_versions={
            item.asset_key.to_user_string(): (item.tags or {})["dagster/data_version"]
            for item in made
        },
        told=dict(told),
        checks={
            f"{check.asset_key.to_user_string()}:{check.check_name}": check.passed
            for check in result.get_asset_check_evaluations()
        },
        failures={str(event.step_key): failure_message(event) for event in failed},
    )


def _values(metadata: Mapping[str, dg.MetadataValue]) -> dict[str, Any]:
    return {name: value.value for name, value in metadata.items()}


def take_out(lake: Lake, asset: str) -> None:
    """Takes an asset, all that is made from it, and every generated answer out of a lake."""
    paths = lake.paths
    selection = dg.AssetSelection.assets(asset).downstream()
    for key in selection.resolve(build_defs().resolve_asset_graph()):
        name = key.to_user_string()
        paths.live(lake.profile, name).unlink(missing_ok=True)
        for folder in (paths.manifests / name, paths.root / "artifacts" / name):
            shutil.rmtree(folder, ignore_errors=True)
    # Whatever is taken out, the submission is made from it.
    shutil.rmtree(paths.latest_submission.parent)
    with lake.warehouse.connection() as connection:
        connection.execute(f"drop table if exists cache.{GENERATIONS}")


def begin_with_texts_of(other: Lake, lake_dir: Path) -> None:
    """Begins a lake in which another one's texts are embedded and read, and nothing is made."""
    with other.warehouse.connection() as connection:
        known = connection.sql("from duckdb_tables() where schema_name = 'cache'").df()
        names = set(known["table_name"]) & {EMBEDDINGS, READINGS}
        texts = {name: connection.sql(f"from cache.{name}").df() for name in names}
    # The cache of a lake that nobody has made yet is one that cannot be written.
    lake_dir.mkdir(exist_ok=True)
    begun = Lake(lake_dir, other.profile)
    for name, rows in texts.items():
        for scope, own in rows.groupby("scope"):
            RowCache(begun.warehouse, name).put(str(scope), own.drop(columns="scope"))
