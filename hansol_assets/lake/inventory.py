"""What is in the lake, its size and the profiles that use it, and whether it is whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from hansol_assets.commands import PRUNE, REFRESH
from hansol_assets.lake.manifest import Key, Manifest, all_manifests, live_profiles
from hansol_assets.lake.store import Lake

COLUMNS = ["asset", "fingerprint", "kind", "profiles", "bytes", "rows", "made_at"]

_REBUILD = f"run '{REFRESH}': it is set aside and rebuilt"


def lake_status(lake: Lake) -> pd.DataFrame:
    """Lists the results of all profiles that the lake holds, by asset, the oldest first.

    Returns:
        `asset, fingerprint, kind, profiles, bytes, rows, made_at`. `fingerprint` is the data
        version. `profiles` names those for which the result is live, joined by ", ". `bytes` are
        those of an artifact's files in the folder, and of a table's rows in memory; for a retrieval
        index the files of its version are counted too, which it may share with other versions.
        `rows` is missing for artifacts.
    """
    manifests = all_manifests(lake.paths)
    profiles = _profiles(lake, manifests)
    stored = set(lake.warehouse.tables())
    rows = [
        {
            "asset": item.asset,
            "fingerprint": item.version,
            "kind": item.kind,
            "profiles": ", ".join(profiles.get(item.key, [])),
            "bytes": _bytes(lake, item, stored),
            "rows": item.facts.get("rows") if item.kind == "table" else None,
            "made_at": item.created_at,
        }
        for item in _one_each(manifests)
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype({"bytes": "Int64", "rows": "Int64"})


def bytes_of_top_level(root: Path) -> dict[str, int]:
    """Returns the bytes of each file and folder at the top of a lake, the largest first."""
    paths = [path for path in root.glob("[!.]*") if path.is_dir() or path.is_file()]
    sizes = {path.name: bytes_below(path) + _size(path) for path in paths}
    return dict(sorted(sizes.items(), key=lambda item: (-item[1], item[0])))


def bytes_below(folder: Path) -> int:
    """Returns the bytes of all files below a folder; 0 where there is none."""
    return sum(_size(path) for path in folder.rglob("*") if not path.is_symlink())


def _bytes(lake: Lake, manifest: Manifest, tables: set[Key]) -> int:
    if manifest.kind == "table":
        return lake.warehouse.size(*manifest.key) if manifest.key in tables else 0
    files = manifest.lancedb_files
    shared = lake.database.size(files) if files and lake.database.owns(files) else 0
    return bytes_below(lake.paths.artifact(*manifest.key)) + shared


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def _one_each(manifests: Sequence[Manifest]) -> list[Manifest]:
    """One manifest of each data version, which several works may have given."""
    return list({item.key: item for item in manifests}.values())


def _profiles(lake: Lake, manifests: Sequence[Manifest]) -> dict[Key, list[str]]:
    """The profiles for which the bytes of a result are live."""
    live = live_profiles(lake.paths)
    profiles: dict[Key, list[str]] = {}
    for item in manifests:
        profiles.setdefault(item.key, []).extend(live.get((item.asset, item.fingerprint), []))
    return profiles


@dataclass(frozen=True)
class Problem:
    """One thing in the lake that is not as it was written.

    Of a damaged manifest or a pointer the version is the fingerprint.
    """

    asset: str
    version: str
    location: Path | str
    problem: str
    remedy: str = _REBUILD

    def __str__(self) -> str:
        """One readable line: location, problem, remedy."""
        return f"{self.location}: {self.problem}; {self.remedy}"


def verify(lake: Lake) -> list[Problem]:
    """Checks every artifact and table of every profile, and every pointer to one.

    Every byte in the lake's folder that a manifest vouches for is read again. Of an object store
    the listing is read: that the files are there, with the size and entity tag that they were
    uploaded with; their bytes are proved whenever they are fetched.

    Returns:
        The problems, by asset; none if the lake is whole.
    """
    manifests, live = all_manifests(lake.paths), live_profiles(lake.paths)
    profiles = live | _profiles(lake, manifests)
    problems = [*_manifest_problems(lake), *problems_of(lake, _one_each(manifests))]
    return [
        *(
            replace(it, remedy=_remedy(lake.profile, profiles.get((it.asset, it.version), [])))
            for it in problems
        ),
        *_pointer_problems(lake, live),
    ]


def problems_of(lake: Lake, manifests: Sequence[Manifest]) -> list[Problem]:
    """Checks the bytes of some results, artifacts first."""
    artifacts = [item for item in manifests if item.kind == "artifact"]
    tables = [item for item in manifests if item.kind == "table"]
    return [
        *_artifact_problems(lake, artifacts),
        *_copy_problems(lake, artifacts),
        *_table_problems(lake, tables),
    ]


def _remedy(active: str, profiles: Sequence[str]) -> str:
    """What mends a result: the run of a profile that uses it."""
    if active in profiles:
        return _REBUILD
    if not profiles:
        return f"no profile uses it, and '{PRUNE}' removes it"
    return f"run '{REFRESH}' with HANSOL_PROFILE naming the profile '{profiles[0]}', which uses it"


def _manifest_problems(lake: Lake) -> Iterator[Problem]:
    for path in sorted(lake.paths.manifests.glob("[!.]*/[!.]*.json")):
        if Manifest.find(path) is None:
            yield Problem(path.parent.name, path.stem, path, "the manifest is damaged")


def _artifact_problems(lake: Lake, manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for item in manifests:
        folder = lake.paths.artifact(*item.key)
        # With a copy the folder is a cache, of which what is used next is fetched.
        is_cache = lake.stored is not None and not folder.exists()
        for name in lake.damaged_lancedb_files(item) if is_cache else lake.damaged_files(item):
            problem = "the file is missing, changed, or unknown"
            yield Problem(*item.key, folder / name, problem)


def _copy_problems(lake: Lake, manifests: Sequence[Manifest]) -> Iterator[Problem]:
    if lake.stored is None:
        return
    for item in manifests:
        for name in lake.stored.damaged_files(item):
            problem = "the copy in the object store is missing or changed"
            yield Problem(*item.key, lake.stored.url_of(item, name), problem)


def _table_problems(lake: Lake, manifests: Sequence[Manifest]) -> Iterator[Problem]:
    # Opening it for a checksum would set it aside, and this only looks.
    is_readable = lake.warehouse.is_readable()
    for item in manifests:
        table = lake.paths.warehouse / "@".join(item.key)
        if not is_readable:
            problem = "the DuckDB file cannot be opened"
            yield Problem(*item.key, table, problem)
        elif not lake.is_whole(item):
            yield Problem(*item.key, table, "the rows are missing or changed")


def _pointer_problems(
    lake: Lake, live: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[Problem]:
    for (asset, fingerprint), profiles in live.items():
        if Manifest.find(lake.paths.manifest(asset, fingerprint)) is None:
            for profile in profiles:
                problem = f"the profile '{profile}' points at what the lake does not hold"
                remedy = _remedy(lake.profile, [profile])
                yield Problem(asset, fingerprint, lake.paths.live(profile, asset), problem, remedy)
