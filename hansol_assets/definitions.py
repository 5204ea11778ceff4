"""The code location: every asset, check, job and resource as one `Definitions`.

What belongs here: putting the parts together. What does not: any part. Tests and the command line
swap parts through the arguments of `build_defs`.
See https://docs.dagster.io/guides/build/projects-and-components
"""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import dagster as dg

from hansol_assets.assets import answers, dataset, evaluation, model, raw, retrieval, submission
from hansol_assets.lake.paths import RAW_FILES
from hansol_assets.orchestration import automation, checks
from hansol_assets.orchestration.resources import LakeResource
from hansol_assets.orchestration.terminal import LOGGER, terminal_logger
from hansol_assets.settings import Settings, load_settings

GROUPS: Mapping[str, ModuleType] = {
    "raw": raw,
    "dataset": dataset,
    "retrieval": retrieval,
    "model": model,
    "answers": answers,
    "evaluation": evaluation,
    "submission": submission,
}
"""Group of the graph → the module that defines it, in pipeline order."""

OWNERS = ["team:hansol-assets"]


def _with_policy(spec: dg.AssetSpec) -> dg.AssetSpec:
    is_source = spec.key.to_user_string() in RAW_FILES
    condition = None if is_source else automation.ON_CHANGE
    return spec.replace_attributes(owners=OWNERS, automation_condition=condition)


def build_defs(
    *, settings: Settings | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Builds the code location.

    Args:
        settings: The settings that runs start from; read from profile and environment by default.
        resource_overrides: Resources to put in the place of the built ones, by name.

    Raises:
        ProfileError: A setting is unknown or wrong.
    """
    settings = settings or load_settings()
    sensors, schedules = automation.automation_of(settings.automation)
    grouped: list[Any] = [
        asset
        for name, module in GROUPS.items()
        for asset in dg.load_assets_from_modules([module], group_name=name)
    ]
    return dg.Definitions(
        assets=dg.map_asset_specs(_with_policy, [*raw.raw_files, *grouped]),
        asset_checks=dg.load_asset_checks_from_modules([checks]),
        jobs=[automation.refresh, automation.judge],
        sensors=sensors,
        schedules=schedules,
        resources={
            "lake": LakeResource(values=settings.as_values()),
            **(resource_overrides or {}),
        },
        loggers={"console": dg.colored_console_logger, LOGGER: terminal_logger},
        # Steps share one process: models load once, and the whole graph starts in a second.
        executor=dg.in_process_executor,
    )


defs = build_defs()
