"""What a folder of manifests renders to, worked out by hand and by kubectl."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from hansol_assets.profile_files import merged

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"
OVERLAYS = ("base", "one-node", "kuberay")
CLUSTER_WIDE = {"Namespace"}

Manifest = dict[str, Any]
Key = tuple[str, str]


def documents(path: Path) -> list[Manifest]:
    # The loader in C: these few files are read hundreds of times.
    return list(yaml.load_all(path.read_text(encoding="utf-8"), yaml.CSafeLoader))


def key(manifest: Manifest) -> Key:
    return manifest["kind"], manifest["metadata"]["name"]


def kustomization(folder: Path) -> Manifest:
    (found,) = documents(folder / "kustomization.yaml")
    return found


def settings_file(path: Path) -> dict[str, str]:
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {name: value for name, _, value in pairs}


def files_named(folder: Path) -> set[Path]:
    """The files that a folder's kustomization names, itself among them."""
    content = kustomization(folder)
    named = [*content.get("resources", []), *(item["path"] for item in content.get("patches", []))]
    for generator in content.get("configMapGenerator", []):
        named += [*generator.get("envs", []), *generator.get("files", [])]
    paths = {(folder / name).resolve() for name in named}
    return {path for path in paths if not path.is_dir()} | {folder / "kustomization.yaml"}


def _generate(rendered: dict[Key, Manifest], folder: Path, generator: Manifest) -> None:
    data: dict[str, str] = {}
    for name in generator.get("envs", []):
        data |= settings_file(folder / name)
    for name in generator.get("files", []):
        data[name] = (folder / name).read_text(encoding="utf-8")
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": generator["name"]}}
    if generator.get("behavior") == "merge":
        data = rendered[key(made)]["data"] | data
    rendered[key(made)] = {**made, "data": data}


def _follow(source: Any, path: str) -> tuple[Any, str]:
    *way, last = path.split(".")
    for part in way:
        source = source[int(part)] if part.isdigit() else source[part]
    return source, last


def containers(node: Any) -> Iterator[Manifest]:
    """Every container, however deep."""
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from containers(item)
    if isinstance(node, dict):
        for name in ("containers", "initContainers"):
            yield from node.get(name) or ()


def _gather(folder: Path, names: list[str]) -> dict[Key, Manifest]:
    rendered: dict[Key, Manifest] = {}
    for name in names:
        path = folder / name
        found = by_hand(path) if path.is_dir() else {key(item): item for item in documents(path)}
        assert not rendered.keys() & found.keys()
        rendered |= found
    return rendered


def _put_images(rendered: dict[Key, Manifest], images: list[Manifest]) -> None:
    names = {image["name"]: f"{image['newName']}:{image['newTag']}" for image in images}
    for container in containers(list(rendered.values())):
        name = container["image"].partition(":")[0]
        container["image"] = names.get(name, container["image"])


def _replace(rendered: dict[Key, Manifest], replacement: Manifest) -> None:
    origin = replacement["source"]
    source, last = _follow(rendered[origin["kind"], origin["name"]], origin["fieldPath"])
    for target in replacement["targets"]:
        into = rendered[target["select"]["kind"], target["select"]["name"]]
        for path in target["fieldPaths"]:
            place, name = _follow(into, path)
            place[name] = source[last]


def by_hand(folder: Path) -> dict[Key, Manifest]:
    """Renders a folder with what its kustomizations use of Kustomize, and nothing else."""
    content = kustomization(folder)
    names = [*content.get("resources", []), *content.get("components", [])]
    rendered = _gather(folder, names)
    for generator in content.get("configMapGenerator", []):
        _generate(rendered, folder, generator)
    for patch in content.get("patches", []):
        for item in documents(folder / patch["path"]):
            rendered[key(item)] = merged(rendered[key(item)], item)
    _put_images(rendered, content.get("images", []))
    for replacement in content.get("replacements", []):
        _replace(rendered, replacement)
    for (kind, _), item in rendered.items():
        if "namespace" in content and kind not in CLUSTER_WIDE:
            item["metadata"]["namespace"] = content["namespace"]
    return rendered


def by_kubectl(folder: Path) -> dict[Key, Manifest] | None:
    """Renders a folder with Kustomize itself, or nothing where kubectl is not found."""
    program = shutil.which("kubectl")
    if program is None:
        return None
    done = subprocess.run([program, "kustomize", str(folder)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {key(item): item for item in yaml.safe_load_all(done.stdout)}
