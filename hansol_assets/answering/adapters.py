"""An adapter that is another one by reference, so that its weights are not kept twice."""

import json
from pathlib import Path

from hansol_assets.lake.handles import Artifact

REFERENCE_FILE = "reference.json"


def write_reference(folder: Path, asset: str) -> None:
    """Writes of which input an artifact is the same."""
    (folder / REFERENCE_FILE).write_text(json.dumps({"asset": asset}) + "\n", encoding="utf-8")


def adapter_weights(final_adapter: Artifact, lora_adapter: Artifact) -> Artifact:
    """Returns the adapter whose weights `final_adapter` holds, or stands for.

    Raises:
        MixedVersionsError: It stands for another version of `lora_adapter`.
    """
    if not (final_adapter.open() / REFERENCE_FILE).is_file():
        return final_adapter
    final_adapter.require_inputs(lora_adapter)
    return lora_adapter
