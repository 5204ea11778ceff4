"""An adapter that is another one by reference.

What belongs here: the file that stands for weights kept elsewhere in the lake, so that they are not
kept twice. What does not: training.
"""

import json
from pathlib import Path

from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.store import Lake

REFERENCE_FILE = "reference.json"


def write_reference(folder: Path, asset: str, fingerprint: str) -> None:
    """Writes which artifact a folder stands for."""
    content = json.dumps({"asset": asset, "fingerprint": fingerprint})
    (folder / REFERENCE_FILE).write_text(content + "\n", encoding="utf-8")


def adapter_manifest(lake: Lake, manifest: Manifest) -> Manifest:
    """Returns the manifest of the adapter whose weights an artifact holds or stands for."""
    reference = lake.artifact(manifest) / REFERENCE_FILE
    if not reference.is_file():
        return manifest
    target = json.loads(reference.read_text(encoding="utf-8"))
    return Manifest.load(lake.paths.manifest(target["asset"], target["fingerprint"]))
