"""The files of the artifact `vector_blend`: the weights, and what was chosen beside them."""

from pathlib import Path

from hansol_assets.scoring.blend import VectorBlend
from hansol_assets.scoring.components import Choices

WEIGHTS_FILE = "weights.json"
CHOICES_FILE = "choices.json"


def save_blend(folder: Path, blend: VectorBlend, choices: Choices) -> None:
    """Writes a fitted blend into an artifact's folder."""
    blend.save(folder / WEIGHTS_FILE)
    choices.save(folder / CHOICES_FILE)


def load_blend(folder: Path) -> tuple[VectorBlend, Choices]:
    """Reads a fitted blend from an artifact's folder."""
    return VectorBlend.load(folder / WEIGHTS_FILE), Choices.load(folder / CHOICES_FILE)


def read_weights(folder: Path) -> dict[str, float]:
    """Reads the weights of the components alone."""
    return VectorBlend.load(folder / WEIGHTS_FILE).weights
