"""An adapter as a folder to hand on."""

import json
import shutil
from pathlib import Path

from hansol_assets.errors import ModelError
from hansol_assets.modeling.base.source import source_of

CONFIG_FILE = "adapter_config.json"
BASE_FOLDER = "base_model"
NEEDED_FILES = (CONFIG_FILE, "adapter_model.safetensors", "README.md")
TOKENIZER_FILES = ("tokenizer*", "special_tokens_map.json", "chat_template.jinja")


class ExportError(ModelError, ValueError):
    """There is no adapter to export, or no room for it."""


def export_adapter(adapter_dir: Path, base_dir: Path, out_dir: Path) -> list[Path]:
    """Copy an adapter into a folder that plain `peft` loads, with its tokenizer and its card.

    A base model that no hub has goes along, and the adapter's configuration names it there. Where
    the folder is moved, `base_model_name_or_path` in `adapter_config.json` has to follow.

    Raises:
        ExportError: There is no adapter, or the folder holds something already.
    """
    require_adapter(adapter_dir)
    new_folder(out_dir)
    patterns = (*NEEDED_FILES, *TOKENIZER_FILES)
    files = sorted({file for pattern in patterns for file in adapter_dir.glob(pattern)})
    copied = [Path(shutil.copyfile(file, out_dir / file.name)) for file in files]
    return copied if source_of(base_dir).on_hub else [*copied, *_with_base(base_dir, out_dir)]


def require_adapter(folder: Path) -> None:
    """Refuse a folder that is no adapter with its card.

    Raises:
        ExportError: Files are missing.
    """
    absent = [name for name in NEEDED_FILES if not (folder / name).is_file()]
    if absent:
        raise ExportError(f"{folder} is no adapter: it lacks {', '.join(absent)}.")


def new_folder(folder: Path) -> None:
    """Make a folder that is to be filled.

    Raises:
        ExportError: It holds something already.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} holds something already. Name a new or empty folder.")
    folder.mkdir(parents=True, exist_ok=True)


def _with_base(base_dir: Path, out_dir: Path) -> list[Path]:
    base = out_dir / BASE_FOLDER
    shutil.copytree(base_dir, base)
    file = out_dir / CONFIG_FILE
    config = json.loads(file.read_text(encoding="utf-8"))
    # peft resolves a relative path against the folder that Python was started in.
    config["base_model_name_or_path"] = str(base.resolve())
    file.write_text(json.dumps(config, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    return sorted(base.iterdir())
