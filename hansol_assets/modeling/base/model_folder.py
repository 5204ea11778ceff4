"""The files of a model: where they came from, and whether they are whole and belong together."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from hansol_assets.errors import ModelError
from hansol_assets.hub.fetching import INDEX_FILE, TOKENIZER_FILE

CONFIG_FILE = "config.json"
ADAPTER_CONFIG_FILE = "adapter_config.json"

_FETCH_AGAIN = "Get the model's files again, all of one revision."


class UnsoundModelError(ModelError, ValueError):
    """A file of a model is missing, damaged, or belongs to another model."""

    def __init__(self, path: Path, problem: str, remedy: str = _FETCH_AGAIN) -> None:
        super().__init__(f"{path}: {problem}. {remedy}")


def check_model_folder(folder: Path) -> None:
    """Proves that configuration, tokenizer and weights can be read and fit each other.

    Raises:
        UnsoundModelError: With the first file at fault.
    """
    config = _json(folder / CONFIG_FILE)
    if not config.get("model_type"):
        raise UnsoundModelError(folder / CONFIG_FILE, "it names no `model_type`")
    _check_shards(folder)
    for file in sorted(folder.glob("*.safetensors")):
        _check_weights(file)
    _check_vocabulary(folder / TOKENIZER_FILE, config)


def check_adapter(adapter: Path, base: Path) -> None:
    """Proves that an adapter was trained on a base model, else raises `UnsoundModelError`."""
    path = adapter / ADAPTER_CONFIG_FILE
    trained_on, given = str(_json(path).get("base_model_name_or_path")), source_of(base).name
    # PEFT's own form is the whole path; ours is the part of it that is the same on every machine.
    trained_parts, base_parts = Path(trained_on).parts, Path(given).parts
    if trained_parts[-len(base_parts) :] != base_parts:
        raise UnsoundModelError(
            path,
            f"the adapter was trained on the base model '{trained_on}', not on '{given}'",
            "Take the adapter that belongs to the base model, or train it anew.",
        )


def _json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise UnsoundModelError(path, "the file is missing")
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UnsoundModelError(path, f"it is not valid JSON ({error})") from error
    if not isinstance(content, dict):
        raise UnsoundModelError(path, "it does not hold a JSON object")
    return content


def _check_shards(folder: Path) -> None:
    index = folder / INDEX_FILE
    if not index.is_file():
        return
    listed = set(_json(index).get("weight_map", {}).values())
    absent = sorted(name for name in listed if not (folder / name).is_file())
    if absent:
        problem = (
            f"it lists {len(listed)} files of weights, of which {', '.join(absent)} is missing"
        )
        raise UnsoundModelError(index, problem)


def _check_weights(path: Path) -> None:
    """Reads a file's header, which says how long the file has to be."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "np"):
            pass
    except SafetensorError as error:
        problem = f"it does not hold safetensors ({error}): it is cut short, damaged, or a pickle"
        raise UnsoundModelError(path, problem) from error


def _check_vocabulary(path: Path, config: dict[str, Any]) -> None:
    rows = config.get("text_config", config).get("vocab_size")
    vocabulary = _json(path).get("model", {}).get("vocab", {})
    # Unigram tokenizers list their tokens, the others number them.
    ids = vocabulary.values() if isinstance(vocabulary, dict) else range(len(vocabulary))
    largest = max(ids, default=0)
    if rows is not None and largest >= rows:
        problem = (
            f"the tokenizer numbers its tokens up to {largest}, and the model knows {rows} of "
            "them; it belongs to another model"
        )
        raise UnsoundModelError(path, problem)


SOURCE_FILE = "source.json"


@dataclass(frozen=True)
class ModelSource:
    """The origin of a base model.

    Attributes:
        name: The hub's name, a local folder's, or, for a model trained here, the last two parts of
            its path, which say the same on every machine.
        revision: The hub's commit, or the SHA-256 of a local folder; None for one trained here.
        licence: As the hub names it, where it is known.
    """

    name: str
    revision: str | None = None
    licence: str | None = None

    @property
    def on_hub(self) -> bool:
        """Whether name and revision are a repository and its commit."""
        return self.revision is not None and "/" in self.name

    def save(self, directory: Path) -> None:
        """Write the record beside a model."""
        text = json.dumps(asdict(self), indent=2, ensure_ascii=False)
        (directory / SOURCE_FILE).write_text(text + "\n", encoding="utf-8")


def source_of(directory: Path) -> ModelSource:
    """Read the origin of a base model; that of one trained here is made from the folder's path."""
    file = directory / SOURCE_FILE
    if file.is_file():
        return ModelSource(**json.loads(file.read_text(encoding="utf-8")))
    return ModelSource(f"{directory.resolve().parent.name}/{directory.name}")
