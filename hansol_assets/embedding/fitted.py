"""What was fitted, as files: arrays as safetensors, all else as JSON, a folder for each part."""

import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import numpy as np
from pydantic import BaseModel, TypeAdapter

from hansol_assets.errors import OutdatedResultError

Fitted = TypeVar("Fitted")

_ARRAYS_FILE = "arrays.safetensors"
_VALUES_FILE = "values.json"
_ENCODERS = ("embedder", "retriever")
"""Fields that are no part of what was fitted."""


def save(fitted: Any, folder: Path) -> None:
    """Writes a dataclass, but for its encoders; one within it goes into a folder of its name."""
    folder.mkdir(parents=True, exist_ok=True)
    arrays, plain = {}, {}
    for name in (item.name for item in fields(fitted) if item.name not in _ENCODERS):
        value = getattr(fitted, name)
        if is_dataclass(value):
            save(value, folder / name)
        elif isinstance(value, np.ndarray) and value.dtype.kind != "U":
            arrays[name] = value
        else:
            plain[name] = value
    _save_arrays(arrays, folder / _ARRAYS_FILE)
    content = json.dumps(plain, ensure_ascii=False, indent=1, default=_plain)
    (folder / _VALUES_FILE).write_text(content, encoding="utf-8")


def load(kind: type[Fitted], folder: Path, **encoders: Any) -> Fitted:
    """Reads what `save` wrote of such a class; it and its parts are given their encoders.

    Raises:
        OutdatedResultError: The folder is another release's.
    """
    from safetensors.numpy import load_file

    if not (folder / _VALUES_FILE).is_file():
        raise OutdatedResultError(folder)
    hints = get_type_hints(kind)
    given = {name: encoder for name, encoder in encoders.items() if name in hints}
    parts = {
        name: load(hint, folder / name, **encoders)
        for name, hint in hints.items()
        if isinstance(hint, type) and is_dataclass(hint) and name not in _ENCODERS
    }
    values = json.loads((folder / _VALUES_FILE).read_text(encoding="utf-8"))
    plain = {name: _as_hinted(value, hints[name]) for name, value in values.items()}
    return kind(**load_file(folder / _ARRAYS_FILE), **plain, **parts, **given)


def _plain(value: np.ndarray | BaseModel) -> Any:
    """Texts or settings as JSON has them."""
    return value.tolist() if isinstance(value, np.ndarray) else value.model_dump()


def _as_hinted(value: Any, hint: Any) -> Any:
    return np.array(value) if hint is np.ndarray else TypeAdapter(hint).validate_python(value)


def _save_arrays(arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Writes arrays as safetensors, which take them in C order only."""
    from safetensors.numpy import save_file

    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)
