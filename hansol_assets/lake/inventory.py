"""What is in the lake: every artifact and table, its size, and the profiles that use it.

What belongs here: looking. What does not: removing (`hansol_assets.lake.pruning`) and proving
(`hansol_assets.lake.verification`).
"""

from pathlib import Path

import pandas as pd

from hansol_assets.lake.manifest import Manifest, all_manifests, live_profiles
from hansol_assets.lake.store import Lake

COLUMNS = ["asset", "fingerprint", "kind", "profiles", "bytes", "rows", "made_at"]


def lake_status(lake: Lake) -> pd.DataFrame:
    """Lists the results that the lake holds, by asset, the oldest first.

    Args:
        lake: The lake; all its profiles are told.

    Returns:
        `asset, fingerprint, kind, profiles, bytes, rows, made_at`. `profiles` names those for which
        the result is live, joined by ", ". `bytes` are those of an artifact's files in the
        folder, and of a table's rows in memory; for a retrieval index the files of its version are
        counted too, which it may share with other versions. `rows` is missing for artifacts.
    """
    live = live_profiles(lake.paths)
    stored = set(lake.warehouse.tables())
    rows = [
        {
            "asset": item.asset,
            "fingerprint": item.fingerprint,
            "kind": item.kind,
            "profiles": ", ".join(live.get((item.asset, item.fingerprint), [])),
            "bytes": _bytes(lake, item, stored),
            "rows": item.facts.get("rows") if item.kind == "table" else None,
            "made_at": item.created_at,
        }
        for item in all_manifests(lake.paths)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"bytes": "Int64", "rows": "Int64"})


def bytes_of_places(root: Path) -> dict[str, int]:
    """Returns the bytes of each file and folder at the top of a lake, the largest first."""
    places = [path for path in root.glob("[!.]*") if path.is_dir() or path.is_file()]
    sizes = {path.name: bytes_below(path) + _size(path) for path in places}
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def _bytes(lake: Lake, manifest: Manifest, tables: set[tuple[str, str]]) -> int:
    key = (manifest.asset, manifest.fingerprint)
    if manifest.kind == "table":
        return lake.warehouse.size(*key) if key in tables else 0
    return bytes_below(lake.paths.artifact(*key)) + _shared(lake, manifest)


def _shared(lake: Lake, manifest: Manifest) -> int:
    names = manifest.lancedb_files
    return lake.database.size(names) if names and lake.database.is_placed(names) else 0


def bytes_below(folder: Path) -> int:
    """Returns the bytes of all files below a folder; 0 where there is none."""
    return sum(_size(path) for path in folder.rglob("*") if not path.is_symlink())


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
