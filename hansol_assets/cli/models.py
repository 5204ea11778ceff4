"""`hansol profiles`, `doctor` and `export`: the models of the profiles, and this machine."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from hansol_assets.cli.page import (
    JsonOption,
    console,
    fail,
    open_lake,
    print_json,
    print_lines,
    print_records,
    settings_or_fail,
)
from hansol_assets.errors import UserError
from hansol_assets.qa.table import ContractError, TableSettings, read_test, read_train
from hansol_assets.settings import Settings, load_settings, require_fitting_template

commands = typer.Typer()


@commands.command()
def profiles(as_json: JsonOption = False) -> None:
    """List the profiles with their models, memory needed and licences."""
    from hansol_assets.modeling.device.profile_table import profile_table
    from hansol_assets.profile_files import profile_names

    rows = profile_table({name: load_settings(profile=name) for name in profile_names()})
    known = [row for row in rows if row.parameters is not None]
    if as_json:
        print_json([asdict(row) for row in known])
        return
    records = [
        {
            "profile": row.profile,
            "model": row.model,
            "size": _known(row.parameters, "{:.1f} B"),
            "weights": row.weights,
            "training": _known(row.training_gib, "{:.1f} GiB"),
            "generation": _known(row.generation_gib, "{:.1f} GiB"),
            "licence": f"{row.licence or ''}{' (gated)' if row.gated else ''}",
        }
        for row in known
    ]
    print_records("", records)


@commands.command()
def doctor() -> None:
    """Say whether the active profile fits this machine, and what is missing or to be lowered."""
    from hansol_assets.compute.current import computing_on
    from hansol_assets.hub.models import missing
    from hansol_assets.modeling.device.preflight import device_memory, estimate

    settings = settings_or_fail()
    base = settings.base_model
    device = device_memory()
    console.print(f"profile     {settings.profile_name}: {settings.description}", highlight=False)
    with computing_on(settings.compute, settings.cluster, settings.lake_dir) as compute:
        console.print(f"compute     {compute.place}", highlight=False, soft_wrap=True)
    shape = base.known_shape
    if shape is not None:
        for phase, work in (("training", settings.training), ("generation", settings.generation)):
            found = estimate(shape, base.loading, work, device)
            console.print(f"{phase:11} {found}", highlight=False)
    absent = missing(base.hub) if base.kind == "hub" else None
    print_lines(f"base model  {absent or 'nothing is missing'}")
    problems = [*_described_files(settings), *_of_places(settings), *([absent] if absent else [])]
    if problems:
        fail("something is missing or wrong, as said above; a run would end there")


def _of_places(settings: Settings) -> list[str]:
    """Prints what keeps a run from writing where it should; returns it."""
    from hansol_assets.lake.disk import can_be_made
    from hansol_assets.lake.format import check_format
    from hansol_assets.orchestration.home import checked_home

    try:
        check_format(settings.lake_dir)
        checked_home(settings.lake_dir / "dagster")
    except UserError as error:
        found = str(error)
    else:
        if can_be_made(settings.lake_dir):
            return []
        found = f"{settings.lake_dir} cannot be written: give this user access to it"
    console.print(f"lake        {found}", highlight=False, soft_wrap=True, markup=False)
    return [found]


def _described_files(settings: Settings) -> list[str]:
    """Prints which files are read, and as what; returns what would end a run."""
    problems: list[str] = []
    files = settings.raw_files
    for line in settings.said_of_files():
        console.print(f"raw files   {line}", highlight=False, soft_wrap=True, markup=False)
    for asset, path in files.items():
        lines = _described(asset, path, settings.table, problems)
        state = "found" if path.is_file() else "[red]missing[/]"
        console.print(
            f"raw file    {asset}: {escape(str(path))} {state}", highlight=False, soft_wrap=True
        )
        for line in lines:
            console.print(f"            {line}", highlight=False, soft_wrap=True, markup=False)
    if not problems:
        try:
            require_fitting_template(settings)
        except UserError as error:
            problems.append(str(error))
            console.print(str(error), highlight=False, soft_wrap=True, markup=False)
    return problems


export_app = typer.Typer(help="Take what is in the lake elsewhere.", no_args_is_help=True)


@export_app.command("adapter")
def export_adapter_command(
    directory: Annotated[Path, typer.Argument(help="A folder; made if missing.")],
) -> None:
    """Copy the live adapter into a folder that plain peft loads."""
    from hansol_assets.modeling.training.export import export_adapter

    _export(export_adapter, directory)


@export_app.command("model")
def export_model_command(
    directory: Annotated[Path, typer.Argument(help="A folder; made if missing.")],
) -> None:
    """Merge the live adapter into its base model, as a folder that transformers and vLLM load."""
    from hansol_assets.modeling.training.merging import export_model

    loading = settings_or_fail().base_model.loading
    _export(partial(export_model, loading=loading), directory)


def _export(write: Callable[[Path, Path, Path], list[Path]], directory: Path) -> None:
    """Hands the live adapter, its base model and the folder to what writes the files."""
    from hansol_assets.answering.adapters import adapter_weights
    from hansol_assets.lake.handles import Artifact, input_of

    lake = open_lake()
    try:
        final = Artifact.pin(lake, "final_adapter")
        adapter = adapter_weights(final, input_of(final, "lora_adapter"))
        base_model = input_of(adapter, "base_model")
        files = write(adapter.open(), base_model.open(), directory)
    except UserError as error:
        fail(str(error))
    console.print(f"{len(files)} files in {directory}", highlight=False, soft_wrap=True)


def _known(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _described(asset: str, path: Path, table: TableSettings, problems: list[str]) -> list[str]:
    """What is recognised of a file, or why it cannot be read, which is a problem."""
    read = {"train_csv": read_train, "test_csv": read_test}.get(asset)
    if not path.is_file():
        problems.append(f"{path} is missing")
        return []
    try:
        return read(path, table).description() if read else []
    except ContractError as error:
        problems.append(str(error))
        return str(error).splitlines()
