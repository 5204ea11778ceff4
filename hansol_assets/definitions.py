"""The code location: every asset, check, job and resource as one `Definitions`.

Tests and the command line swap parts through the arguments of `build_defs`.

See https://docs.dagster.io/guides/build/projects-and-components
"""

import logging
from collections.abc import Mapping
from typing import Any

import dagster as dg

from hansol_assets.assets.groups import GROUPS
from hansol_assets.orchestration import automation, checks
from hansol_assets.orchestration.graph import OWNERS, TERMINAL, assets_of
from hansol_assets.orchestration.resources import lake_resource
from hansol_assets.settings import RAW_FILES, Settings, load_settings

SOURCES = {
    "train_csv": "The question-answer table as a file, in any format; its columns are recognised, "
    "or named by `table`. Its data version is the SHA-256 of its content.",
    "test_csv": "The questions to answer as a file, one a row. Its data version is the SHA-256 of "
    "its content.",
    "review_csv": "The questions that `hansol review --export` wrote, with the answers that a "
    "person filled in. Its data version is the SHA-256 of those answers.",
    "submission_template": "The competition's template as a file: `id, vec_0 …`. It gives the "
    "submission's row order and width. Its data version is the SHA-256 of its content.",
}
"""External asset → what it is. See https://docs.dagster.io/guides/build/assets/external-assets"""


def _source(name: str) -> dg.AssetSpec:
    return dg.AssetSpec(
        name,
        description=SOURCES[name],
        group_name="raw",
        kinds={"csv"},
        owners=OWNERS,
        metadata={"file": RAW_FILES[name]},
    )


@dg.logger({}, description="One line an asset, for a person at a terminal.")
def _terminal_logger(context: dg.InitLoggerContext) -> logging.Logger:  # noqa: ARG001
    from hansol_assets.orchestration.terminal import terminal_log

    return terminal_log()


def build_defs(
    *, settings: Settings | None = None, resource_overrides: Mapping[str, Any] | None = None
) -> dg.Definitions:
    """Builds the code location.

    `settings`: the settings that runs start from; read from profile and environment by default.

    Raises:
        ProfileError: A setting is unknown or wrong.
    """
    settings = settings or load_settings()
    sensors, schedules = automation.automation_of(settings.automation)
    declared = [asset for group, module in GROUPS.items() for asset in assets_of(module, group)]
    return dg.Definitions(
        assets=[*map(_source, SOURCES), *declared],
        asset_checks=dg.load_asset_checks_from_modules([checks]),
        jobs=automation.jobs_of(settings),
        sensors=sensors,
        schedules=schedules,
        resources={"lake": lake_resource(settings), **(resource_overrides or {})},
        loggers={"console": dg.colored_console_logger, TERMINAL: _terminal_logger},
        # Steps share one process: models load once, and the whole graph starts in a second.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What Dagster loads."""
    return build_defs()
