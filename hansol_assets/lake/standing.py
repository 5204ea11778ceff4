"""Whether a lake stands: a whole run ended well, and nothing has changed since.

What belongs here: the note that such a run leaves behind, and proving that it still holds: the
same files, settings and code, every result whole and live. What does not: making what is missing
(`hansol_assets.lake.making`). Every run takes the note away as it begins, so that what it may have
moved is looked at by the next one.
"""

import json
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import hansol_assets
from hansol_assets.lake.atomic import write_atomically
from hansol_assets.lake.declaration import AssetDeclaration, Bound
from hansol_assets.lake.errors import LakeError
from hansol_assets.lake.fingerprint import canonical_json, directory_stamp, file_hash, text_hash
from hansol_assets.lake.manifest import Manifest
from hansol_assets.lake.paths import LakePaths
from hansol_assets.lake.store import Lake

NOTE_FILE = "standing.json"


@dataclass(frozen=True)
class Standing:
    """A whole graph in which nothing is to be done.

    Attributes:
        manifests: What is live, in the order of the graph.
        warnings: What the checks of the last run warned of; the same results earn the same words.
    """

    manifests: Sequence[Manifest]
    warnings: Sequence[str]


def note_standing(lake: Lake, settings: BaseModel, home: Path, warnings: Sequence[str]) -> None:
    """Notes that a whole run ended well.

    Args:
        lake: The lake under the profile that ran.
        settings: The run's settings.
        home: Where Dagster keeps the run.
        warnings: What its checks warned of.
    """
    note = {"state": _state(lake, settings, home), "at": time.time(), "warnings": list(warnings)}
    write_atomically(_note(lake.paths), canonical_json(note).encode("utf-8"))


def forget_standing(paths: LakePaths) -> None:
    """Takes the note away, since what it says may not hold in a moment."""
    _note(paths).unlink(missing_ok=True)


def find_standing(
    declarations: Iterable[AssetDeclaration],
    lake: Lake,
    settings: Any,
    home: Path,
    most_hours: float,
) -> Standing | None:
    """Proves that a whole run would find every result, and change nothing.

    Args:
        declarations: All assets, in the order of the graph.
        lake: The lake under the active profile.
        settings: What a run would have.
        home: Where Dagster would keep it.
        most_hours: The age from which a run is recorded anew whatever stands.

    Returns:
        What stands; None where a run is needed.
    """
    note = _read(_note(lake.paths))
    if time.time() - float(note.get("at", 0)) > most_hours * 3600:
        return None
    if note.get("state") != _state(lake, settings, home):
        return None
    try:
        bound = [item.bind(lake, settings, settings.raw_files) for item in declarations]
        made = [item for item in bound if not item.is_idle]
        manifests = [found for item in made if (found := _found(item)) is not None]
    except LakeError:
        return None
    if len(manifests) < len(made) or not lake.shows(manifests):
        return None
    return Standing(manifests, note["warnings"])


def _found(bound: Bound) -> Manifest | None:
    """What is live of an asset, where its work would find that very result whole."""
    lake, name = bound.lake, bound.declaration.name
    live = lake.find_live(name)
    if live is None:
        return None
    if bound.declaration.named_by_content:
        known = lake.recall(name, bound.question(live.fingerprint))
        return live if known and known.fingerprint == live.fingerprint else None
    return live if bound.task.fingerprint == live.fingerprint and lake.is_whole(live) else None


def _note(paths: LakePaths) -> Path:
    return paths.root / NOTE_FILE


def _read(path: Path) -> dict[str, Any]:
    """The note; nothing where there is none, or none that can be read."""
    try:
        note = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return note if isinstance(note, dict) else {}


def _state(lake: Lake, settings: BaseModel, home: Path) -> str:
    """Names all that a run's outcome hangs on and that no result is named by."""
    published = lake.paths.latest_submission
    state = {
        "profile": lake.profile,
        "settings": settings.model_dump(mode="json"),
        # A check's code names no result, so any change of the code asks for a run.
        "code": [directory_stamp(Path(folder)) for folder in hansol_assets.__path__],
        "home": [str(home.resolve()), (home / "history").is_dir()],
        "published": [
            [str(path.resolve()), file_hash(path)]
            for path in sorted(published.glob("*"))
            if path.is_file()
        ],
    }
    return text_hash(canonical_json(state))
