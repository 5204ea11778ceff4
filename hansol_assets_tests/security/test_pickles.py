"""No pickle is ever loaded, and none is left in the lake."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hansol_assets
from hansol_assets_tests.faults.fixtures import Reference

SOURCE = Path(hansol_assets.__file__).parent
CODE_RUNNING = {"cloudpickle", "dill", "joblib", "marshal", "shelve"}
PICKLE_SUFFIXES = {".bin", ".ckpt", ".joblib", ".npy", ".npz", ".pickle", ".pkl", ".pt", ".pth"}
PICKLE_START = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@pytest.mark.slow
def test_the_lake_and_dagsters_home_hold_no_pickle(undisturbed: Reference) -> None:
    files = [
        path
        for folder in (undisturbed.lake, undisturbed.home)
        for path in folder.rglob("*")
        if path.is_file()
    ]
    assert [path for path in files if path.suffix in PICKLE_SUFFIXES] == []
    assert [path for path in files if path.read_bytes().startswith(PICKLE_START)] == []


@pytest.mark.slow
def test_nothing_is_unpickled_in_a_run(undisturbed: Reference) -> None:
    assert undisturbed.ended.unpickled == ()


def test_an_unpickled_object_would_be_seen() -> None:
    script = (
        "import collections, pickle\n"
        "from hansol_assets_tests.faults.server import watch_unpickling\n"
        "found = watch_unpickling()\n"
        "pickle.loads(pickle.dumps(collections.OrderedDict()))\n"
        "print(*found)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["collections.OrderedDict"]


def calls(tree: ast.Module) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Every call's dotted name, with its keyword arguments."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            keywords = {item.arg: item.value for item in node.keywords if item.arg}
            yield ast.unparse(node.func), keywords


RAYS_OWN = "compute/ray_compute.py"
"""Between this process and its cluster Ray pickles: errors go along, packed in a table."""


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (item.name.partition(".")[0] for item in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from node.module.split(".")
            yield from (item.name for item in node.names)


@pytest.mark.parametrize(
    "path", sorted(SOURCE.rglob("*.py")), ids=lambda path: path.relative_to(SOURCE).as_posix()
)
def test_no_module_can_run_what_it_loads(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    is_rays = path.relative_to(SOURCE).as_posix() == RAYS_OWN
    found = CODE_RUNNING & set(imported(tree))
    assert found == ({"cloudpickle"} if is_rays else set())
    if is_rays:
        unpickling = [name for name, _ in calls(tree) if "pickle.load" in name]
        assert unpickling == ["cloudpickle.loads"]
    for name, keywords in calls(tree):
        assert name not in {"eval", "exec", "pickle.load", "pickle.loads", "yaml.load"}, name
        if name == "torch.load":
            assert ast.unparse(keywords["weights_only"]) == "True"
        if name in {"np.load", "numpy.load"}:
            assert ast.unparse(keywords.get("allow_pickle", ast.Constant(False))) == "False"
