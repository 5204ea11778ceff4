"""The declaration of an asset: one function, whose parameters are all that its result depends on.

A body is a plain function, which a test calls as it is:

    @lake_table(kinds={"duckdb"})
    def qa_folds(raw_qa: Table, folds: FoldSettings) -> TableReport: ...

`raw_qa` is an input, by the name of its asset; `folds` is the section of that name of the settings;
a parameter that is a dataclass of inputs stands for each of them. Binding pins the inputs and reads
the settings; the fingerprint follows from both.
"""

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, is_dataclass
from functools import cached_property, partial, reduce
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from hansol_assets.errors import UserError
from hansol_assets.lake.fingerprint import config_of
from hansol_assets.lake.handles import Artifact, Handle, History, Source, Table
from hansol_assets.lake.manifest import Manifest, library_version
from hansol_assets.lake.reports import Build, Report, Task, Verdict
from hansol_assets.lake.store import Lake
from hansol_assets.settings_model import shapes_nothing, without

Body = Callable[..., Report]
Conclude = Callable[[Lake, Manifest], Iterator[Verdict]]
Form = Literal["table", "artifact"]

_DECLARATION = "__lake_asset__"
_ABSENT = "absent"
"""The version of a file that may be missing, and is."""


class DeclarationError(TypeError):
    """A function that does not say what it depends on."""


@dataclass(frozen=True)
class Setting:
    """Marks a parameter that is read from elsewhere in the settings than its name says.

    A body is not given what it does not read of a section, nor is that in the fingerprint.

    Attributes:
        path: Attributes of the settings, joined by dots; `base_model.loading`.
        only: The settings of a section that the body reads; empty: all of them.
        without: Settings of a section, or of one within it, that the body does not read.
    """

    path: str
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()

    def value(self, settings: Any) -> Any:
        """Reads it from the settings of a run."""
        value = _at(settings, self.path)
        unread = type(value).model_fields.keys() - self.only if self.only else self.without
        return reduce(without, unread, value)

    def shapes_nothing(self, settings: Any) -> bool:
        """Whether it is a single setting that changes no result."""
        above, _, name = self.path.rpartition(".")
        section = _at(settings, above)
        fields = type(section).model_fields if isinstance(section, BaseModel) else {}
        return name in fields and shapes_nothing(section, name)


@dataclass(frozen=True)
class Check:
    """A check that the asset's materialisation answers; a blocking one stops what is downstream."""

    name: str
    description: str
    blocking: bool = False


class CheckFailedError(UserError):
    """A build found that one of its asset's checks fails, and made nothing."""

    def __init__(self, check: str, message: str, metadata: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.check = check
        self.metadata = dict(metadata)


@dataclass(frozen=True)
class Input:
    """A parameter that is another asset, named as it; an optional file may be missing: None."""

    asset: str
    form: type[Source] | type[Table] | type[Artifact]
    optional: bool

    def pin(self, lake: Lake, sources: Mapping[str, Path]) -> Handle | None:
        """Pins what is there of it now."""
        if not issubclass(self.form, Source):
            return self.form.pin(lake, self.asset)
        if self.optional and not self._is_there(sources):
            return None
        return self.form.pin(sources[self.asset])

    def _is_there(self, sources: Mapping[str, Path]) -> bool:
        return self.asset in sources and sources[self.asset].is_file()


@dataclass(frozen=True)
class Bound:
    """An asset's work with everything that it depends on.

    An optional file that is missing is None among the inputs; `shaping_nothing` are the parameters
    whose setting changes no result.
    """

    declaration: "AssetDeclaration"
    lake: Lake
    inputs: Mapping[str, Handle | None]
    settings: Mapping[str, Any]
    shaping_nothing: frozenset[str] = frozenset()

    @cached_property
    def task(self) -> Task:
        """The work's name: what its result depends on, and nothing else."""
        return self.task_after(self.previous.version if self.previous else "")

    def task_after(self, previous: str) -> Task:
        """The same, where the asset's own earlier result has that data version."""
        inputs = {name: item.version if item else _ABSENT for name, item in self.inputs.items()}
        if self.declaration.reads_previous:
            inputs[self.declaration.name] = previous
        shaping = {
            name: value for name, value in self.settings.items() if name not in self.shaping_nothing
        }
        earlier = {
            name: item.identity for name, item in self.inputs.items() if isinstance(item, History)
        }
        works = {
            name: item.manifest.fingerprint
            for name, item in self.inputs.items()
            if isinstance(item, Table | Artifact) and item.manifest.content
        }
        releases = {name: library_version(name) for name in self.declaration.libraries}
        return Task(
            asset=self.declaration.name,
            code_version=self.declaration.code_version,
            config=config_of(**shaping) | earlier,
            inputs=inputs,
            libraries={name: release for name, release in releases.items() if release},
            input_fingerprints=works,
        )

    def call(self, build: Build | None = None) -> Any:
        """Calls the body."""
        given = {**self.inputs, **self.settings}
        for name, bundle in self.declaration.bundles.items():
            given[name] = bundle(**{item: self.inputs[item] for item in get_type_hints(bundle)})
        if self.declaration.build_parameter:
            given[self.declaration.build_parameter] = build
        if self.declaration.reads_previous:
            given[self.declaration.name] = self.previous
        return self.declaration.body(**{name: given[name] for name in self.declaration.parameters})

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to make, since an input has no rows."""
        table = self.inputs.get(self.declaration.skip_without or "")
        return isinstance(table, Table) and not table.facts["rows"]

    @cached_property
    def previous(self) -> Table | None:
        """What was live before of an asset that reads its own earlier result, made by this code."""
        if not self.declaration.reads_previous:
            return None
        live = self.lake.find_live(self.declaration.name)
        if live is None or live.code_version != self.declaration.code_version:
            return None
        return Table(self.lake, live) if self.lake.is_whole(live) else None

    @property
    def sources(self) -> dict[str, Source]:
        """The files that the work reads."""
        return {name: item for name, item in self.inputs.items() if isinstance(item, Source)}


@dataclass(frozen=True)
class AssetDeclaration:
    """What an asset is, apart from its group, which is its module's.

    Attributes:
        body: The plain function that makes the result.
        form: Whether that is a DuckDB table or a folder of files.
        code_version: Raise it when the same inputs shall give another result.
        libraries: Packages that make the result and whose next release may make another one; those
            that an input declares need not be named again.
        retries: How often a failure that may pass by itself, such as a network's, is tried again.
        after: Assets that must be made before, though nothing of them is read.
        checks: Checks that the materialisation answers itself.
        conclude: Runs after each materialisation, also of a reused result.
        skip_without: An input table without whose rows there is nothing to make; the asset, and all
            that is made from it, is then skipped.
        named_by_content: Whether the data version is a checksum of the rows instead of the
            fingerprint: what is made from the table then changes only when it does.
    """

    body: Body
    form: Form
    kinds: frozenset[str]
    code_version: str
    libraries: tuple[str, ...] = ()
    pool: str | None = None
    retries: int = 0
    after: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    conclude: Conclude | None = None
    skip_without: str | None = None
    named_by_content: bool = False
    parameters: Mapping[str, Any] = field(init=False)
    inputs: tuple[Input, ...] = field(init=False)
    bundles: Mapping[str, type] = field(init=False)
    settings: Mapping[str, Setting] = field(init=False)
    build_parameter: str | None = field(init=False)
    reads_previous: bool = field(init=False)

    def __post_init__(self) -> None:
        parameters = dict(_parameters(self.body))
        bundles = {n: p for n, p in parameters.items() if isinstance(p, type) and p is not Build}
        bundled = (hint for bundle in bundles.values() for hint in get_type_hints(bundle).items())
        inputs = {name: Input(name, hint, optional=False) for name, hint in bundled}
        inputs |= {name: item for name, item in parameters.items() if isinstance(item, Input)}
        previous = inputs.pop(self.name, None)
        if previous and not self.named_by_content:
            msg = f"{self.name} reads its own earlier result, so its content has to name it"
            raise DeclarationError(msg)
        derived = {
            "parameters": parameters,
            "bundles": bundles,
            "inputs": tuple(inputs.values()),
            "settings": {n: p for n, p in parameters.items() if isinstance(p, Setting)},
            "build_parameter": next((n for n, p in parameters.items() if p is Build), None),
            "reads_previous": previous is not None,
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        """The asset's name, which is the function's."""
        return self.body.__name__

    @property
    def description(self) -> str:
        """The function's docstring."""
        return inspect.getdoc(self.body) or ""

    @property
    def input_names(self) -> list[str]:
        """The assets that are read."""
        return [item.asset for item in self.inputs]

    def bind(self, lake: Lake, settings: Any, sources: Mapping[str, Path]) -> Bound:
        """Pins the inputs, with external asset name → file, and reads the run's settings.

        Raises:
            MissingInputError: An input is not in the lake.
            MissingSourceError: A raw file is not there.
        """
        return Bound(
            self,
            lake,
            {item.asset: item.pin(lake, sources) for item in self.inputs},
            *self.read(settings),
        )

    def read(self, settings: Any) -> tuple[dict[str, Any], frozenset[str]]:
        """Returns parameter → the setting's value, and the parameters that change no result."""
        values = {name: item.value(settings) for name, item in self.settings.items()}
        idle = (name for name, item in self.settings.items() if item.shapes_nothing(settings))
        return values, frozenset(idle)


def _at(settings: Any, path: str) -> Any:
    return reduce(getattr, filter(None, path.split(".")), settings)


def _parameters(body: Body) -> Iterator[tuple[str, Any]]:
    hints = get_type_hints(body, include_extras=True)
    for name in inspect.signature(body).parameters:
        if name not in hints:
            msg = f"parameter '{name}' of {body.__qualname__} has no annotation"
            raise DeclarationError(msg)
        yield name, _parameter(body, name, hints[name])


def _parameter(body: Body, name: str, hint: Any) -> Any:
    if get_origin(hint) is Annotated:
        marks = [mark for mark in get_args(hint) if isinstance(mark, Setting)]
        if marks:
            return marks[0]
    optional = get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint)
    bare = next(item for item in get_args(hint) if item is not NoneType) if optional else hint
    if bare in (Source, Table, Artifact, History):
        return Input(name, bare, optional)
    if inspect.isclass(bare) and issubclass(bare, Build):
        return Build
    if inspect.isclass(bare) and issubclass(bare, BaseModel):
        return Setting(name)
    if is_dataclass(bare) and set(get_type_hints(bare).values()) <= {Source, Table, Artifact}:
        return bare
    msg = (
        f"parameter '{name}: {hint}' of {body.__qualname__} is neither an input (Source, Table, "
        "Artifact, History) or a dataclass of inputs, nor a section of the settings, nor marked "
        "with Setting(path)"
    )
    raise DeclarationError(msg)


def _declaring(
    form: Form,
    *,
    kinds: set[str],
    code_version: str = "1",
    libraries: tuple[str, ...] = (),
    pool: str | None = None,
    retries: int = 0,
    after: tuple[str, ...] = (),
    checks: tuple[Check, ...] = (),
    conclude: Conclude | None = None,
    skip_without: str | None = None,
    named_by_content: bool = False,
) -> Callable[[Body], Body]:
    options = locals() | {"kinds": frozenset(kinds)}

    def declare(body: Body) -> Body:
        setattr(body, _DECLARATION, AssetDeclaration(body, **options))
        return body

    return declare


lake_table = partial(_declaring, "table")
"""Declares an asset that is a DuckDB table; see `AssetDeclaration` for the arguments."""

lake_artifact = partial(_declaring, "artifact")
"""Declares an asset that is a folder of files; see `AssetDeclaration` for the arguments."""


def declared_in(module: object) -> list[AssetDeclaration]:
    """Returns the assets that a module declares, in its order."""
    return [
        getattr(item, _DECLARATION)
        for item in vars(module).values()
        if hasattr(item, _DECLARATION) and item.__module__ == getattr(module, "__name__", None)
    ]
