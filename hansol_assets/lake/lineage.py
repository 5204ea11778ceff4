"""Lineage: everything that one artifact or table was made from.

What belongs here: walking manifests. What does not: what is shown of them.
"""

from collections.abc import Iterator

from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.paths import LakePaths


def ancestry(paths: LakePaths, manifest: Manifest) -> dict[str, Manifest]:
    """Returns asset name → manifest for a result and all that it was made from.

    Raw files have no manifest; their hashes stand in the inputs of the tables that read them.
    """
    found = {manifest.asset: manifest}
    waiting = [manifest]
    while waiting:
        current = waiting.pop()
        for asset, fingerprint in current.inputs.items():
            path = paths.manifest(asset, fingerprint)
            if asset not in found and path.exists():
                found[asset] = Manifest.load(path)
                waiting.append(found[asset])
    return dict(sorted(found.items()))


def manifests(paths: LakePaths, asset: str) -> Iterator[Manifest]:
    """Yields every manifest of an asset, the oldest first."""
    folder = paths.root / "manifests" / asset
    found = [Manifest.load(path) for path in folder.glob("*.json")]
    yield from sorted(found, key=lambda item: (item.created_at, item.fingerprint))
