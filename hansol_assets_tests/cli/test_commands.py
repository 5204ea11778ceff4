"""Every command that a page or a message names is a command, and both pages say the same."""

import inspect
import itertools
import json
import re
import shlex
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pandas as pd
import pytest
import typer
from typer.testing import CliRunner

from hansol_assets import commands
from hansol_assets.cli.main import app
from hansol_assets.lake.store import Lake
from hansol_assets.settings import load_settings
from hansol_assets_tests.graph import SMALL_PROFILE, GraphRun

ROOT = Path(__file__).parents[2]
ENGLISH, KOREAN = "README.md", "README.ko.md"
PAGES = (ENGLISH, KOREAN)
MORE = (
    "CONTRIBUTING.md",
    *(
        f"docs/{name}.md"
        for name in ("asking", "explaining", "reviewing", "exporting", "models", "undo")
    ),
)
"""What the README leads to on the first day."""
MOST_LINES = 200
PROGRAMS = ("hansol", "make", "dagster", "dg", "export")


def require_command(words: str) -> None:
    """Walks from group to group, as the shell's words say."""
    program, *arguments = shlex.split(words)
    assert program == "hansol"
    command: Any = typer.main.get_command(app)
    context = command.make_context("hansol", [], resilient_parsing=True)
    for name in arguments:
        if not hasattr(command, "commands") or name.startswith("-"):
            return
        command = command.get_command(context, name)
        assert command is not None, words


def page_text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def prose(text: str) -> str:
    """A page without its blocks of code."""
    return re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)


def console_commands(page: str) -> list[list[str]]:
    """The words of every line of a page that a shell is given, comments aside."""
    lines = re.findall(r"^ *\$ (.*)$", page_text(page), flags=re.MULTILINE)
    return [shlex.split(line, comments=True) for line in lines]


def inline_commands(page: str) -> list[str]:
    return re.findall(rf"`((?:{'|'.join(PROGRAMS)}) [^`]+)`", prose(page_text(page)))


def commands_of(*pages: str) -> list[list[str]]:
    """The words of every command of ours that some pages name, in order."""
    lines = [line for page in pages for line in console_commands(page)]
    lines += [shlex.split(line) for page in pages for line in inline_commands(page)]
    return [line for line in lines if line[0] in PROGRAMS]


def sections(page: str) -> list[str]:
    return re.split(r"^## ", page_text(page), flags=re.MULTILINE)[1:]


def figures(section: str) -> set[str]:
    return set(re.findall(r"[-−]?\d+\.\d+", section))


def links(section: str) -> list[str]:
    return re.findall(r"\]\(([^)]+)\)", section)


def names_in_code(section: str) -> set[str]:
    """Commands, settings and files that a section names between its words."""
    return set(re.findall(r"`([^`]+)`", prose(section)))


def yaml_blocks(page: str) -> list[str]:
    found = re.findall(r"^ *```yaml\n(.*?)^ *```$", page_text(page), re.MULTILINE | re.DOTALL)
    return [textwrap.dedent(block) for block in found]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def command_of(program: str) -> Any:
    if program == "hansol":
        return typer.main.get_command(app)
    if program == "dagster":
        from dagster._cli import create_dagster_cli

        return create_dagster_cli()
    from dagster_dg_cli.cli import create_dg_cli

    return create_dg_cli()


def require_arguments(words: list[str]) -> None:
    """Has a command's own parser read a whole line, and runs nothing."""
    program, *arguments = words
    command = command_of(program)
    context = command.make_context(program, [], resilient_parsing=True)
    while hasattr(command, "get_command"):
        command = command.get_command(context, arguments.pop(0))
        assert command is not None, words
    command.make_context(command.name, arguments, parent=context)


@pytest.mark.parametrize("page", PAGES)
def test_pages_name_commands_that_there_are(page: str) -> None:
    text = page_text(page)
    named = re.findall(r"(?:^\$ |`)(hansol(?: [a-z][a-z-]*)+)", text, flags=re.MULTILINE)
    assert len(named) > 10
    for words in named:
        require_command(words)


def test_what_the_readme_leads_to_is_there() -> None:
    for page in PAGES:
        assert set(MORE) <= {*links(page_text(page)), "CONTRIBUTING.md"}


@pytest.mark.parametrize("page", PAGES)
def test_every_line_for_a_shell_is_one_that_its_command_takes(page: str) -> None:
    lines = commands_of(page, *MORE)
    assert len(lines) > 30
    for program, *arguments in lines:
        if program == "make":
            assert {word for word in arguments if "=" not in word} <= make_targets(), arguments
        elif program == "export":
            assert re.fullmatch(r"[A-Z_]+=.+", arguments[0]), arguments
        else:
            try:
                require_arguments([program, *arguments])
            except click.UsageError as error:
                pytest.fail(f"{program} {shlex.join(arguments)}: {error.format_message()}")


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_that_a_page_names_is_read(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = commands_of(page, *MORE)
    settings = [words[1].partition("=") for words in lines if words[0] == "export"]
    assert len(settings) > 4
    for name, _, value in settings:
        if name.startswith("HANSOL_") and not value.endswith(".yaml"):
            monkeypatch.setenv(name, value)
    known = type(load_settings()).model_fields
    named = [
        text for item in (page, *MORE) for text in re.findall(r"HANSOL_([A-Z_]+)", page_text(item))
    ]
    for name in named:
        assert name.partition("__")[0].lower() in known


@pytest.mark.parametrize("page", PAGES)
def test_every_profile_that_a_page_shows_can_be_used(page: str, tmp_path: Path) -> None:
    blocks = [*yaml_blocks(page), *yaml_blocks("docs/models.md")]
    assert len(blocks) == 2
    own = tmp_path / "my.yaml"
    settings = []
    for block in blocks:
        own.write_text(block, encoding="utf-8")
        settings.append(load_settings(profile=str(own)))
    assert [item.base_model.kind for item in settings] == ["scratch", "hub"]
    # Or the two would be judged by two embedders of different names.
    assert settings[0].embedder.pinned == settings[1].embedder.pinned


def test_both_pages_have_the_same_commands_in_the_same_order() -> None:
    assert console_commands(ENGLISH) == console_commands(KOREAN)
    assert len(sections(ENGLISH)) == len(sections(KOREAN))


def test_both_pages_say_the_same_section_by_section() -> None:
    for own, other in zip(sections(ENGLISH), sections(KOREAN), strict=True):
        title = own.splitlines()[0]
        assert figures(own) == figures(other), title
        assert links(own) == links(other), title
        assert names_in_code(own) == names_in_code(other), title
        assert own.count("\n- ") == other.count("\n- "), title


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_one_that_is_read(page: str) -> None:
    assert len(page_text(page).splitlines()) <= MOST_LINES
    assert all(re.findall(r"!\[([^]]*)\]", page_text(page)))


@pytest.mark.parametrize("page", PAGES)
def test_the_picture_is_the_graph_that_dagster_draws(page: str) -> None:
    (picture,) = re.findall(r"```mermaid\n(.*?)```", page_text(page), flags=re.DOTALL)
    drawn = set()
    for line in picture.splitlines():
        ends = [re.findall(r"(\w+)(?:\[\(\w+\)\])?\s*(?:&|$)", end) for end in line.split("-->")]
        for parents, children in itertools.pairwise(ends):
            drawn |= {(parent, child) for parent in parents for child in children}
    snapshot = (ROOT / "hansol_assets_tests" / "graph_snapshot.json").read_text(encoding="utf-8")
    assets = json.loads(snapshot)["assets"]
    assert drawn == {(parent, name) for name, own in assets.items() for parent in own["needs"]}
    assert set(assets) <= set(re.findall(r"\w+", picture))


@pytest.fixture
def place(
    graph: GraphRun, raw_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[list[str]], list[str]]:
    """A copy of the lake that the commands find; fills what a page leaves to its reader."""
    lake = Lake(tmp_path / "lake", graph.settings.profile_name)
    shutil.copytree(graph.settings.lake_dir, lake.paths.root, symlinks=True)
    answers = graph.table("generated_answers")
    references = pd.DataFrame({"id": answers["id"], "답변_1": answers["answer"]})
    references.to_csv(tmp_path / "references.csv", index=False)
    for name, value in {
        "HANSOL_PROFILE": SMALL_PROFILE,
        "HANSOL_LAKE_DIR": lake.paths.root,
        "HANSOL_RAW_DIR": raw_dir,
        "DAGSTER_HOME": lake.paths.dagster_home,
    }.items():
        monkeypatch.setenv(name, str(value))
    filled = {
        "TEST_017": answers["id"].iloc[0],
        "SUBMISSION.csv": str(lake.paths.latest_submission / "submission.csv"),
        "REFERENCES.csv": str(tmp_path / "references.csv"),
        "QUESTION": "벽지는 왜 우나요?",
    }

    def placed(words: list[str]) -> list[str]:
        # Every export has a folder of its own.
        folder = {"DIR": str(tmp_path / "-".join(words[:2]))}
        return [{**filled, **folder}.get(word, word) for word in words]

    return placed


ELSEWHERE = ("cross-validate", "--force", "--serve")
"""What takes minutes or does not end; it has tests of its own."""


@pytest.mark.slow
def test_the_commands_of_the_pages_run_one_after_the_other(
    place: Callable[[list[str]], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line for line in commands_of(ENGLISH, *MORE) if line[0] == "hansol"]
    ran = [list(line) for line in dict.fromkeys(map(tuple, lines))]
    ran = [line for line in ran if not set(ELSEWHERE) & set(line)]
    assert len(ran) >= 12
    # Every answer is doubtful, so that there is something to review.
    monkeypatch.setenv("HANSOL_VERDICTS__REVIEW_BELOW", "1")
    for line in [["hansol", "refresh"], *ran]:
        result = CliRunner().invoke(app, place(line[1:]))
        assert result.exit_code == 0, f"{line}: {result.output}"


def every_command(command: Any) -> Iterator[Any]:
    yield command
    for below in getattr(command, "commands", {}).values():
        yield from every_command(below)


def test_help_texts_break_nowhere_inside_a_sentence() -> None:
    """The page of help keeps the breaks of every paragraph but the first."""
    for command in every_command(typer.main.get_command(app)):
        _, *paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
        assert not [text for text in paragraphs if "\n" in text], command.name


def test_messages_name_commands_that_there_are() -> None:
    for words in (commands.REFRESH, commands.PRUNE, commands.REVIEW, commands.PROMOTE):
        require_command(words)


def test_installing_says_what_it_does_and_how_long() -> None:
    command = ["make", "-C", ROOT, "--dry-run", "--always-make", "setup"]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    steps = [line for line in said.splitlines() if line.startswith("echo ")]
    assert "about two minutes" in steps[0]
    assert [re.search(r"\d of 3", line) is not None for line in steps] == [False, True, True, True]
