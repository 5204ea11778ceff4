"""Results that tests name and build by hand, made in the lake as every asset's are."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal, cast

from hansol_assets.lake.declaration import Bound
from hansol_assets.lake.making import make
from hansol_assets.lake.reports import ArtifactBuild, Build, Outcome, Report, TableReport, Task
from hansol_assets.lake.store import Lake


@dataclass(frozen=True)
class HandMade:
    """Work whose name is given instead of following from a declaration."""

    lake: Lake
    task: Task
    form: Literal["table", "artifact"]
    body: Callable[[Any], Report]

    @property
    def declaration(self) -> Any:
        return SimpleNamespace(form=self.form, named_by_content=False, reads_previous=False)

    def call(self, build: Build) -> Report:
        return self.body(build)


def make_table(
    lake: Lake, task: Task, build: Callable[[], TableReport], *, force: bool = False
) -> Outcome:
    work = HandMade(lake, task, "table", lambda _: build())
    return make(cast("Bound", work), print, force=force)


def make_artifact(
    lake: Lake, task: Task, build: Callable[[Path], Report], *, force: bool = False
) -> Outcome:
    def body(given: ArtifactBuild) -> Report:
        return build(given.folder)

    return make(cast("Bound", HandMade(lake, task, "artifact", body)), print, force=force)
