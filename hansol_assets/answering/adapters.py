"""An adapter that is another one by reference, so that its weights are not kept twice."""

import json
from pathlib import Path

from hansol_assets.lake.handles import Artifact

REFERENCE_FILE = "reference.json"


def write_reference(folder: Path, asset: str) -> None:
    """Writes of which input an artifact is the same."""
    (folder / REFERENCE_FILE).write_text(json.dumps({"asset": asset}) + "\n", encoding="utf-8")


def adapter_weights(adapter: Artifact) -> Artifact:
    """Returns the adapter whose weights an artifact holds or stands for."""
    reference = adapter.open() / REFERENCE_FILE
    if not reference.is_file():
        return adapter
    return adapter.made_from(json.loads(reference.read_text(encoding="utf-8"))["asset"])
