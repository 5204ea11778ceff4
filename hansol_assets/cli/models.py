"""`hansol profiles`, `doctor` and `export`: the models of the profiles, and this machine."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from hansol_assets.cli.output import (
    JsonOption,
    fail,
    open_lake,
    print_json,
    print_line,
    print_lines,
    print_records,
)
from hansol_assets.errors import UserError
from hansol_assets.qa.table import ContractError, TableSettings, read_test, read_train
from hansol_assets.settings import Settings, load_settings, require_fitting_template

commands = typer.Typer()


@commands.command()
def profiles(as_json: JsonOption = False) -> None:
    """List the profiles with their models, memory needed and licences."""
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
    from hansol_assets.hub.fetching import missing
    from hansol_assets.modeling.memory import device_memory, estimate

    settings = load_settings()
    base = settings.base_model
    device = device_memory()
    print_lines(f"profile     {settings.profile_name}: {settings.description}")
    with computing_on(settings.compute, settings.cluster, settings.lake_dir) as compute:
        print_line(f"compute     {compute.description}")
    shape = base.known_shape
    if shape is not None:
        for phase, work in (("training", settings.training), ("generation", settings.generation)):
            print_lines(f"{phase:11} {estimate(shape, base.loading, work, device)}")
    absent = missing(base.hub) if base.kind == "hub" else None
    print_lines(f"base model  {absent or 'nothing is missing'}")
    problems = [
        *_described_files(settings),
        *_unusable_folders(settings),
        *([absent] if absent else []),
    ]
    if problems or absent:
        fail("something is missing or wrong, as said above; a run would end there")


def _unusable_folders(settings: Settings) -> list[str]:
    """Prints what keeps a run from writing where it should; returns it."""
    from hansol_assets.lake.disk import can_be_made
    from hansol_assets.lake.paths import check_format
    from hansol_assets.orchestration.home import checked_home

    try:
        check_format(settings.lake_dir)
        checked_home(settings.lake_dir / "dagster")
    except UserError as error:
        problem = str(error)
    else:
        if can_be_made(settings.lake_dir):
            return []
        problem = f"{settings.lake_dir} cannot be written: give this user access to it"
    print_line(f"lake        {problem}")
    return [problem]


def _described_files(settings: Settings) -> list[str]:
    """Prints which files are read, and as what; returns what would end a run."""
    problems: list[str] = []
    files = settings.raw_files
    for line in settings.notes_on_files():
        print_line(f"raw files   {line}")
    for asset, path in files.items():
        lines = _described(asset, path, settings.table, problems)
        state = Text("found") if path.is_file() else Text("missing", "red")
        print_line(Text.assemble(f"raw file    {asset}: {path} ", state))
        for line in lines:
            print_line(f"            {line}")
    if not problems:
        try:
            require_fitting_template(settings)
        except UserError as error:
            problems.append(str(error))
            print_line(str(error))
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
    from hansol_assets.modeling.training.export import export_model

    loading = load_settings().base_model.loading
    _export(partial(export_model, loading=loading), directory)


def _export(write: Callable[[Path, Path, Path], list[Path]], directory: Path) -> None:
    """Hands the live adapter, its base model and the folder to what writes the files."""
    from hansol_assets.answering.training import adapter_weights
    from hansol_assets.lake.handles import Artifact, input_of

    final = Artifact.pin(open_lake(), "final_adapter")
    adapter = adapter_weights(final, input_of(final, "lora_adapter"))
    base_model = input_of(adapter, "base_model")
    files = write(adapter.open(), base_model.open(), directory)
    print_line(f"{len(files)} files in {directory}")


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


@dataclass(frozen=True)
class ProfileRow:
    """One profile.

    Attributes:
        model: The hub's name, the local folder, or what is trained here.
        parameters: Weights, in billions; None where the profile does not state the shape.
        weights: The format in memory: nf4, or the dtype.
        training_gib: Memory to train an adapter in, in GiB, or None.
        generation_gib: Memory to answer in, in GiB, or None.
        licence: As the hub names it; None for a model trained here or not known.
        gated: Whether the licence must be accepted on the model's page first.
        description: What the profile is for.
    """

    profile: str
    model: str
    parameters: float | None
    weights: str
    training_gib: float | None
    generation_gib: float | None
    licence: str | None
    gated: bool
    description: str


def profile_table(profiles: Mapping[str, Settings]) -> list[ProfileRow]:
    """Lay profiles side by side, without any device or network.

    Those that hold their weights in 32 bits are meant for a processor, the others for a GPU.

    Returns:
        One row a profile, the smallest model first and those of unknown size last.
    """
    rows = [_row(name, profile) for name, profile in profiles.items()]
    return sorted(rows, key=lambda row: (row.parameters or float("inf"), row.profile))


def _row(name: str, profile: Settings) -> ProfileRow:
    from hansol_assets.modeling.memory import PROCESSOR, Device, estimate

    base = profile.base_model
    shape, loading = base.known_shape, base.loading
    nowhere = Device(PROCESSOR if loading.dtype == "float32" else "GPU", 0)
    works = (profile.training, profile.generation)
    training, generation = (
        estimate(shape, loading, work, nowhere).gib if shape else None for work in works
    )
    return ProfileRow(
        profile=name,
        model=base.name,
        parameters=shape.parameters / 1e9 if shape else None,
        weights=loading.dtype if loading.quantization == "none" else loading.quantization,
        training_gib=training,
        generation_gib=generation,
        licence=base.facts.licence if base.kind == "hub" else None,
        gated=base.facts.gated if base.kind == "hub" else False,
        description=profile.description,
    )
