"""Lineage: everything that one artifact or table was made from.

What belongs here: walking manifests. What does not: what is shown of them.
"""

from collections.abc import Iterator

from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.paths import LakePaths


def ancestry(paths: LakePaths, manifest: Manifest) -> dict[str, Manifest]:
    """Returns asset name → manifest for a result and all that it was made from.

    Raw files have no manifest; their hashes stand in the inputs of the tables that read them. What
    was pruned is still named.
    """
    found = {manifest.asset: manifest}
    waiting = [manifest]
    while waiting:
        current = waiting.pop()
        for asset, fingerprint in current.inputs.items():
            if asset in found:
                continue
            input_manifest = find_manifest(paths, asset, fingerprint)
            if input_manifest:
                found[asset] = input_manifest
                waiting.append(input_manifest)
    return dict(sorted(found.items()))


def find_manifest(paths: LakePaths, asset: str, fingerprint: str) -> Manifest | None:
    """Returns the manifest of a result, also where the result itself was pruned."""
    stored = Manifest.find(paths.manifest(asset, fingerprint))
    return stored or Manifest.find(paths.forgotten(asset, fingerprint))


def manifests(paths: LakePaths, asset: str) -> Iterator[Manifest]:
    """Yields every whole manifest of an asset, the oldest first."""
    folder = paths.manifests / asset
    found = filter(None, map(Manifest.find, folder.glob("[!.]*.json")))
    yield from sorted(found, key=lambda item: (item.created_at, item.fingerprint))


def all_manifests(paths: LakePaths) -> list[Manifest]:
    """Returns every whole manifest of the lake, by asset, the oldest first."""
    assets = sorted(path.name for path in paths.manifests.glob("[!.]*"))
    return [item for asset in assets for item in manifests(paths, asset)]


def live_profiles(paths: LakePaths) -> dict[tuple[str, str], list[str]]:
    """Returns (asset, fingerprint) → the profiles for which that is live, sorted."""
    found: dict[tuple[str, str], list[str]] = {}
    for pointer in sorted(paths.live_pointers.glob("*/[!.]*.json")):
        key = (pointer.stem, pointer.read_text(encoding="utf-8", errors="replace").strip())
        found.setdefault(key, []).append(pointer.parent.name)
    return found
