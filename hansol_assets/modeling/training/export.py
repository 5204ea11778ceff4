"""An adapter as a folder to hand on.

What belongs here: which files leave the lake. What does not: what stands in them
(`hansol_assets.modeling.training.adapter`, `hansol_assets.modeling.training.model_card`).
"""

import shutil
from pathlib import Path

from hansol_assets.errors import ModelError

NEEDED_FILES = ("adapter_config.json", "adapter_model.safetensors", "README.md")
TOKENIZER_FILES = ("tokenizer*", "special_tokens_map.json", "chat_template.jinja")


class ExportError(ModelError, ValueError):
    """There is no adapter to export, or no room for it."""


def export_adapter(adapter_dir: Path, out_dir: Path) -> list[Path]:
    """Copy an adapter into a folder that plain `peft` loads, with its tokenizer and its card.

    Args:
        adapter_dir: The adapter's artifact.
        out_dir: A new or empty folder.

    Returns:
        The files written.

    Raises:
        ExportError: There is no adapter, or the folder holds something already.
    """
    absent = [name for name in NEEDED_FILES if not (adapter_dir / name).is_file()]
    if absent:
        raise ExportError(f"{adapter_dir} is no adapter: it lacks {', '.join(absent)}.")
    if out_dir.exists() and (not out_dir.is_dir() or any(out_dir.iterdir())):
        raise ExportError(f"{out_dir} holds something already. Name a new or empty folder.")
    out_dir.mkdir(parents=True, exist_ok=True)
    patterns = (*NEEDED_FILES, *TOKENIZER_FILES)
    files = sorted({file for pattern in patterns for file in adapter_dir.glob(pattern)})
    return [Path(shutil.copyfile(file, out_dir / file.name)) for file in files]
