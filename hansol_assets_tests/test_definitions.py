"""The code location: what it holds, what it imports, and the public graph as a snapshot."""

import json
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from hansol_assets.assets.groups import GROUPS
from hansol_assets.definitions import build_defs

SNAPSHOT = Path(__file__).parent / "graph_snapshot.json"
HEAVY = {
    "accelerate",
    "bitsandbytes",
    "datasets",
    "kiwipiepy",
    "lancedb",
    "matplotlib",
    "obstore",
    "peft",
    "ray",
    "sacrebleu",
    "scipy",
    "sentence_transformers",
    "sklearn",
    "tokenizers",
    "torch",
    "transformers",
    "trl",
    "wandb",
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_defs()


def public_graph(definitions: dg.Definitions) -> dict[str, object]:
    graph = definitions.resolve_asset_graph()
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "kinds": sorted(graph.get(key).kinds),
                "needs": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "code_version": graph.get(key).code_version,
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "checks": sorted(key.to_user_string() for key in graph.asset_check_keys),
        "jobs": sorted(
            job.name for job in definitions.resolve_all_job_defs() if job.name[:2] != "__"
        ),
    }


def test_loading_imports_no_heavy_library() -> None:
    script = (
        "import sys, json, hansol_assets.definitions\n"
        "print(json.dumps(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    output = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert HEAVY.isdisjoint(json.loads(output))


def test_the_public_graph_is_as_it_was_agreed(definitions: dg.Definitions) -> None:
    """A change of the graph is seen in review; `make snapshot` agrees to it."""
    assert public_graph(definitions) == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_every_asset_is_described_owned_and_grouped(definitions: dg.Definitions) -> None:
    for spec in definitions.resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        assert spec.group_name in GROUPS, spec.key


def test_every_check_and_job_is_described(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    for key in graph.asset_check_keys:
        assert graph.get_check_spec(key).description, key
    assert all(
        job.description for job in definitions.resolve_all_job_defs() if job.name[:2] != "__"
    )


def test_workspace_and_dg_name_this_code_location() -> None:
    root = Path(__file__).parent.parent
    for name in ("workspace.yaml", "dg.toml"):
        assert "hansol_assets.definitions" in (root / name).read_text(encoding="utf-8")
    assert "[tool.dg]" not in (root / "pyproject.toml").read_text(encoding="utf-8")
