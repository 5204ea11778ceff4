"""What was fitted, as files: arrays as safetensors, all else as JSON, a folder for each part."""

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np

from hansol_assets.embedding.vectors import save_arrays
from hansol_assets.errors import OutdatedResultError

Fitted = TypeVar("Fitted")

_ARRAYS_FILE = "arrays.safetensors"
_VALUES_FILE = "values.json"
_EMBEDDER = "embedder"
"""The field that is no part of what was fitted."""


def save(fitted: Any, folder: Path) -> None:
    """Writes a dataclass, but for its embedder; one within it goes into a folder of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [item.name for item in fields(fitted) if item.name != _EMBEDDER]
    values = {name: getattr(fitted, name) for name in names}
    arrays = {name: value for name, value in values.items() if isinstance(value, np.ndarray)}
    parts = {name: value for name, value in values.items() if is_dataclass(value)}
    plain = {name: values[name] for name in names if name not in arrays and name not in parts}
    save_arrays(arrays, folder / _ARRAYS_FILE)
    content = json.dumps(plain, ensure_ascii=False, indent=1)
    (folder / _VALUES_FILE).write_text(content, encoding="utf-8")
    for name, part in parts.items():
        save(part, folder / name)


def load(kind: type[Fitted], folder: Path, **given: Any) -> Fitted:
    """Reads what `save` wrote of such a class; `given` is the embedder, if it has one.

    Raises:
        OutdatedResultError: The folder is another release's.
    """
    from safetensors.numpy import load_file

    if not (folder / _VALUES_FILE).is_file():
        raise OutdatedResultError(folder)
    parts = {
        name: load(hint, folder / name)
        for name, hint in get_type_hints(kind).items()
        if isinstance(hint, type) and is_dataclass(hint)
    }
    values = json.loads((folder / _VALUES_FILE).read_text(encoding="utf-8"))
    return kind(**load_file(folder / _ARRAYS_FILE), **values, **parts, **given)
