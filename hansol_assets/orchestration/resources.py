"""Dagster resources: the door between assets and the lake.

What belongs here: turning a Dagster context into named work for the lake, and the lake's outcome
into a `MaterializeResult`. What does not: any work of an asset.
See https://docs.dagster.io/guides/build/external-resources
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
from dagster._core.definitions.data_version import get_input_data_version_tag
from pydantic import PrivateAttr

from hansol_assets.errors import InputError, ModelError
from hansol_assets.lake.disk import disk_explained
from hansol_assets.lake.errors import LakeError, MissingInputError
from hansol_assets.lake.inputs import Inputs
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import (
    ROWS_MADE,
    ROWS_REUSED,
    Lake,
    Outcome,
    Report,
    TableReport,
    Task,
)
from hansol_assets.orchestration.process import set_process_defaults
from hansol_assets.orchestration.run_locks import alone, end_dead_runs, present
from hansol_assets.orchestration.run_summary import summarize_run
from hansol_assets.qa.contract import ContractError
from hansol_assets.settings import ProfileError, Settings, load_settings

FORCE_TAG = "hansol/force"
"""Run tag that recomputes even what the lake already holds."""

PEOPLE_ERRORS = (InputError, LakeError, ContractError, ModelError, ProfileError)
"""Errors whose message says all that a person needs: shown without a trace."""


@contextmanager
def said_to_people() -> Iterator[None]:
    """Turns an error that is meant for people into a failure that shows its message alone."""
    try:
        yield
    except PEOPLE_ERRORS as error:
        raise dg.Failure(str(error), allow_retries=False) from None


@dataclass(frozen=True)
class Work:
    """What an asset's work is given.

    Attributes:
        inputs: The asset's declared inputs, pinned.
        checkpoints: A folder, not yet made, in which unfinished work survives a crash.
        log: Writes a line to the run's log.
    """

    inputs: Inputs
    checkpoints: Path
    log: Callable[[str], None]


class LakeResource(dg.ConfigurableResource[Any]):
    """The lake under one profile's settings.

    Attributes:
        values: Settings by name. The launchpad shows them; a run may change any of them, and what
            a run leaves out comes from the environment and the profile.
    """

    values: dict[str, Any]

    _settings: Settings = PrivateAttr()
    _store: Lake = PrivateAttr()

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["LakeResource"]:
        """Validates the settings once per run, and ends the runs that were killed before it."""
        set_process_defaults()
        with ExitStack() as stack:
            with said_to_people():
                self.open()
                if context.run and context.instance and context.log:
                    self._announce(stack, context.instance, context.run.run_id, context.log.info)
                    stack.callback(summarize_run, context.instance, context.run)
            yield self

    def _announce(
        self,
        stack: ExitStack,
        instance: dg.DagsterInstance,
        run_id: str,
        say: Callable[[str], None],
    ) -> None:
        locks = self.store.paths.locks
        with disk_explained(locks):
            stack.enter_context(present(run_id, locks))
            stack.enter_context(alone(self.settings.profile_name, run_id, locks, say))
            end_dead_runs(instance, locks)

    def open(self) -> "LakeResource":
        """Reads the settings and opens the lake; for use outside a run too.

        Raises:
            ProfileError: A setting is unknown or wrong.
            NewerLakeError: A newer version of this project wrote the lake.
        """
        self._settings = load_settings(**self.values)
        self._store = Lake(self._settings.lake_dir, self._settings.profile_name)
        return self

    @property
    def settings(self) -> Settings:
        """The run's settings."""
        return self._settings

    @property
    def store(self) -> Lake:
        """The lake itself."""
        return self._store

    def table_of(self, asset: str) -> pd.DataFrame:
        """Returns the live rows of an asset, for a check."""
        with said_to_people():
            return self.store.table(self.store.live(asset))

    def table(
        self,
        context: dg.AssetExecutionContext,
        config: Mapping[str, Any],
        build: Callable[[Work], TableReport],
        reads: Sequence[str] | None = None,
    ) -> dg.MaterializeResult:
        """Finds or builds the table of the asset that is being materialised.

        Args:
            context: The asset's context.
            config: The settings that matter to the asset (see `config_of`).
            build: Makes the rows; called only if the lake does not hold them.
            reads: The dependencies that these settings read; all of them by default. The others
                do not change the fingerprint.
        """

        def make(task: Task, work: Work, force: bool) -> Outcome:
            return self.store.make_table(task, lambda: build(work), force=force)

        return self._materialize(context, config, make, reads)

    def artifact(
        self,
        context: dg.AssetExecutionContext,
        config: Mapping[str, Any],
        build: Callable[[Work, Path], Report],
        reads: Sequence[str] | None = None,
    ) -> dg.MaterializeResult:
        """Finds or builds the artifact of the asset that is being materialised.

        Args:
            context: The asset's context.
            config: The settings that matter to the asset (see `config_of`).
            build: Fills an empty folder; called only if the lake does not hold the artifact.
            reads: The dependencies that these settings read; all of them by default. The others
                do not change the fingerprint.
        """

        def make(task: Task, work: Work, force: bool) -> Outcome:
            return self.store.make_artifact(task, lambda folder: build(work, folder), force=force)

        return self._materialize(context, config, make, reads)

    def kept(self, manifest: Manifest) -> dg.MaterializeResult:
        """Says that the live result still stands.

        Args:
            manifest: The live result's, proved whole.
        """
        return _result(Outcome(manifest, "reused"), Inputs(self.store, {}, {}))

    def is_forced(self, context: dg.AssetExecutionContext) -> bool:
        """Whether the run recomputes even what the lake holds."""
        return FORCE_TAG in context.run.tags

    def _materialize(
        self,
        context: dg.AssetExecutionContext,
        config: Mapping[str, Any],
        make: Callable[[Task, Work, bool], Outcome],
        reads: Sequence[str] | None,
    ) -> dg.MaterializeResult:
        with said_to_people():
            names = _dependencies(context) if reads is None else reads
            with disk_explained(self.store.paths.root):
                inputs = self._inputs(context, names)
                task = _task(context, config, inputs)
            work = Work(inputs, self.store.checkpoints(task), context.log.info)
            outcome = make(task, work, self.is_forced(context))
        _report_sources(context, inputs)
        return _result(outcome, inputs)

    def _inputs(self, context: dg.AssetExecutionContext, names: Sequence[str]) -> Inputs:
        try:
            return Inputs.resolve(self.store, names, self.settings.raw_files)
        except MissingInputError as error:
            raise error.for_making(context.asset_key.to_user_string()) from None


def _dependencies(context: dg.AssetExecutionContext) -> list[str]:
    spec = context.assets_def.get_asset_spec(context.asset_key)
    return [dependency.asset_key.to_user_string() for dependency in spec.deps]


def _task(context: dg.AssetExecutionContext, config: Mapping[str, Any], inputs: Inputs) -> Task:
    spec = context.assets_def.get_asset_spec(context.asset_key)
    return Task(
        asset=context.asset_key.to_user_string(),
        code_version=str(spec.code_version),
        config=config,
        inputs=inputs.versions,
    )


def _report_sources(context: dg.AssetExecutionContext, inputs: Inputs) -> None:
    """Records in the event log the version of each raw file that was read.

    As a materialisation: automation conditions do not look at observations of external assets.
    """
    for asset, path in inputs.sources.items():
        tags = {"dagster/data_version": inputs.versions[asset]}
        metadata: dict[str, Any] = {
            "path": dg.MetadataValue.path(str(path)),
            "bytes": path.stat().st_size,
        }
        context.log_event(dg.AssetMaterialization(asset, metadata=metadata, tags=tags))


def _facts_of(outcome: Outcome) -> dict[str, Any]:
    """The figures of the result; what its build worked on belongs to that build's run alone."""
    of_work = {ROWS_MADE, ROWS_REUSED} if outcome.status == "reused" else set()
    return {name: fact for name, fact in outcome.manifest.facts.items() if name not in of_work}


def _result(outcome: Outcome, inputs: Inputs) -> dg.MaterializeResult:
    manifest = outcome.manifest
    metadata: dict[str, Any] = {
        "status": outcome.status,
        "fingerprint": manifest.fingerprint,
        "seconds": manifest.seconds,
        "made_at": manifest.created_at,
        **_facts_of(outcome),
        **{title: dg.MetadataValue.md(text) for title, text in manifest.notes.items()},
    }
    # Dagster looks external inputs up before the step runs, so it cannot know a file's version
    # the first time that the file is read; without these tags the asset would at once be stale.
    provenance = {
        get_input_data_version_tag(dg.AssetKey(asset)): inputs.versions[asset]
        for asset in inputs.sources
    }
    return dg.MaterializeResult(
        metadata=metadata, data_version=dg.DataVersion(manifest.fingerprint), tags=provenance
    )
