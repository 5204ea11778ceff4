"""From a declaration to a Dagster asset.

See https://docs.dagster.io/guides/build/assets/defining-assets
"""

import inspect
import warnings
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import ModuleType
from typing import Any

import dagster as dg

from hansol_assets.compute.current import take_done
from hansol_assets.compute.protocol import summary
from hansol_assets.lake.declaration import AssetDeclaration, Bound, CheckFailedError, declared_in
from hansol_assets.lake.lake_errors import MissingInputError
from hansol_assets.lake.making import make
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.reports import NO_FIGURES, ROWS_MADE, ROWS_REUSED, Log, Outcome, Verdict
from hansol_assets.lake.store import Lake
from hansol_assets.orchestration.automation import (
    NOTHING_FILLED_IN,
    ON_CHANGE,
    WHEN_MISSING,
    source_version,
)
from hansol_assets.orchestration.metadata import description_of, table_values
from hansol_assets.orchestration.resources import LakeResource, user_errors_as_failures
from hansol_assets.settings import FRESH_HOURS

TERMINAL = "terminal"
"""The logger of `hansol refresh`; see `hansol_assets.orchestration.terminal`."""

FORCE_TAG = "hansol/force"
"""Run tag that recomputes even what the lake already holds."""

WORTH_A_LINE = 5.0
"""Seconds of heavy work that the log names; the metadata has all."""

OWNERS = ["team:hansol-assets"]

FRESH = dg.FreshnessPolicy.time_window(fail_window=timedelta(hours=FRESH_HOURS))

INPUT_VERSION_TAG = "dagster/input_data_version/"
"""Dagster's tag, by input, of the version that a materialisation was made from."""

Event = dg.AssetCheckResult | dg.MaterializeResult[Any]


def assets_of(module: ModuleType, group: str) -> list[dg.AssetsDefinition]:
    """Returns the assets that a module declares, as one group of the graph."""
    return [_asset(item, group) for item in declared_in(module)]


def _asset(declaration: AssetDeclaration, group: str) -> dg.AssetsDefinition:
    def compute(context: dg.AssetExecutionContext) -> Iterator[Event]:
        yield from _materialize(context, declaration)

    return dg.asset(
        name=declaration.name,
        description=declaration.description,
        deps=[*declaration.input_names, *declaration.after],
        group_name=group,
        kinds=set(declaration.kinds),
        code_version=declaration.code_version,
        pool=declaration.pool,
        owners=OWNERS,
        automation_condition=_automation_of(declaration),
        freshness_policy=FRESH,
        required_resource_keys={"lake"},
        output_required=declaration.skip_without is None,
        metadata=_source_code(declaration),
        check_specs=[
            dg.AssetCheckSpec(
                check.name,
                asset=declaration.name,
                description=check.description,
                blocking=check.blocking,
            )
            for check in declaration.checks
        ],
    )(compute)


def _automation_of(declaration: AssetDeclaration) -> dg.AutomationCondition[Any]:
    """When automation asks for an asset: one that no file reaches, with the first run."""
    if not declaration.inputs:
        return WHEN_MISSING
    if all(item.optional for item in declaration.inputs):
        # Its file may never come.
        return ON_CHANGE | (WHEN_MISSING & dg.AutomationCondition.any_deps_missing())
    return ON_CHANGE


def _source_code(declaration: AssetDeclaration) -> dict[str, Any]:
    # Where its decorator stands, without reading the file.
    code = inspect.unwrap(declaration.body).__code__
    with warnings.catch_warnings():
        # In beta: should it change, a link is lost and nothing else.
        warnings.simplefilter("ignore", dg.BetaWarning)
        reference = dg.LocalFileCodeReference(
            file_path=code.co_filename, line_number=code.co_firstlineno, label=declaration.name
        )
        references = dg.CodeReferencesMetadataValue(code_references=[reference])
    return {"dagster/code_references": references}


def _materialize(
    context: dg.AssetExecutionContext, declaration: AssetDeclaration
) -> Iterator[Event]:
    lake: LakeResource = context.resources.lake
    try:
        with user_errors_as_failures(retries=declaration.retries):
            bound = _bind(declaration, lake)
            if bound.is_idle:
                context.log.info(f"skipped: '{declaration.skip_without}' has no rows")
                return
            outcome = make(bound, _log_of(context), force=FORCE_TAG in context.run.tags)
    except dg.Failure as failure:
        yield from _failed_check(failure, declaration)
        raise
    versions = _report_sources(context, lake, bound)
    with user_errors_as_failures():
        yield from _conclude(declaration, lake, outcome.manifest)
    yield _result(outcome, bound, versions, _log_work(context))


def _log_work(context: dg.AssetExecutionContext) -> dict[str, float | str]:
    """Logs where the heavy work went and how fast, which is no part of the result."""
    done = take_done()
    for one in done:
        if one.seconds >= WORTH_A_LINE:
            context.log.info(str(one))
    return summary(done)


def _log_of(context: dg.AssetExecutionContext) -> Log:
    """Writes lines to the run's log, and figures as observations, which Dagster draws over time."""

    def log(line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        if figures:
            observation = dg.AssetObservation(context.asset_key, line, metadata=dict(figures))
            context.log_event(observation)
        context.log.info(line)

    return log


def _bind(declaration: AssetDeclaration, lake: LakeResource) -> Bound:
    try:
        return declaration.bind(lake.store, lake.settings, lake.settings.raw_files)
    except MissingInputError as error:
        raise error.for_making(declaration.name) from None


def _failed_check(
    failure: dg.Failure, declaration: AssetDeclaration
) -> Iterator[dg.AssetCheckResult]:
    error, checks = failure.__context__, {check.name for check in declaration.checks}
    if isinstance(error, CheckFailedError) and error.check in checks:
        yield dg.AssetCheckResult(check_name=error.check, passed=False, metadata=error.metadata)


def _conclude(
    declaration: AssetDeclaration, lake: LakeResource, manifest: Manifest
) -> Iterator[dg.AssetCheckResult]:
    if declaration.conclude is None:
        return
    blocking = {check.name for check in declaration.checks if check.blocking}
    for verdict in declaration.conclude(lake.store, manifest):
        yield _check_result(verdict, blocks=verdict.check in blocking)


def _check_result(verdict: Verdict, *, blocks: bool) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=verdict.check,
        passed=verdict.passed,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        description=verdict.description,
        metadata=dict(verdict.metadata),
    )


def _report_sources(
    context: dg.AssetExecutionContext, lake: LakeResource, bound: Bound
) -> dict[str, str]:
    """Records in the event log the version of each raw file that was read, and returns them.

    As a materialisation: automation conditions do not look at observations of external assets.
    """
    versions = {
        asset: source_version(asset, source, lake.settings)
        for asset, source in bound.sources.items()
    }
    read = {asset: version for asset, version in versions.items() if version != NOTHING_FILLED_IN}
    for asset, version in read.items():
        path = bound.sources[asset].path
        metadata: dict[str, Any] = {
            "path": dg.MetadataValue.path(str(path)),
            "bytes": path.stat().st_size,
        }
        tags = {"dagster/data_version": version}
        context.log_event(dg.AssetMaterialization(asset, metadata=metadata, tags=tags))
    return read


def _result(
    outcome: Outcome, bound: Bound, sources: Mapping[str, str], work: Mapping[str, float | str]
) -> dg.MaterializeResult[Any]:
    manifest = outcome.manifest
    metadata: dict[str, Any] = {
        "status": outcome.status,
        **_facts_of(outcome),
        **{title: dg.MetadataValue.md(text) for title, text in manifest.notes.items()},
        **table_values(manifest.tables),
        **_place(bound.lake, manifest),
        **_table_metadata(manifest),
        **work,
        "seconds": manifest.seconds,
        "made_at": manifest.created_at,
        "fingerprint": manifest.version,
    }
    # Dagster looks external inputs up before the step runs, so it cannot know a file's version
    # the first time that the file is read; without these tags the asset would at once be stale.
    provenance = {f"{INPUT_VERSION_TAG}{asset}": version for asset, version in sources.items()}
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(manifest.version), tags=provenance
    )


def _place(lake: Lake, manifest: Manifest) -> dict[str, Any]:
    if manifest.kind == "table":
        return {}
    folder = lake.paths.artifact(*manifest.key)
    return {"path": dg.MetadataValue.path(str(folder))}


def _facts_of(outcome: Outcome) -> dict[str, Any]:
    """The figures of the result; what its build worked on belongs to that build's run alone."""
    of_work = {ROWS_MADE, ROWS_REUSED} if outcome.status == "reused" else set()
    return {name: fact for name, fact in outcome.manifest.facts.items() if name not in of_work}


def _table_metadata(manifest: Manifest) -> dict[str, Any]:
    if manifest.kind != "table":
        return {}
    columns = [
        dg.TableColumn(name, kind, description_of(manifest.asset, name))
        for name, kind in manifest.columns.items()
    ]
    return {
        "dagster/row_count": int(manifest.facts["rows"]),
        "dagster/column_schema": dg.TableSchema(columns),
    }
