"""Where a base model came from, kept beside it for the adapters that are trained on it."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

SOURCE_FILE = "source.json"


@dataclass(frozen=True)
class Source:
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


def source_of(directory: Path) -> Source:
    """Read the origin of the base model in a folder.

    Returns:
        The record; for a model trained here, made from the folder's path.
    """
    file = directory / SOURCE_FILE
    if file.is_file():
        return Source(**json.loads(file.read_text(encoding="utf-8")))
    return Source(f"{directory.resolve().parent.name}/{directory.name}")
