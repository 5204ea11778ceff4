"""Proving the lake: every byte in its folder that a manifest vouches for is read again.

Of an object store the listing is read: that the files are there, and have the size and entity tag
that they were uploaded with. Their bytes are proved whenever they are fetched.

What belongs here: finding what is wrong. What does not: mending it; a run does that, since it sets
aside and rebuilds what is damaged.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from hansol_assets.commands import PRUNE, REFRESH
from hansol_assets.lake.manifest import Manifest, all_manifests, live_profiles
from hansol_assets.lake.store import Lake

_REBUILD = f"run '{REFRESH}': it is set aside and rebuilt"


@dataclass(frozen=True)
class Problem:
    """One thing in the lake that is not as it was written.

    Attributes:
        asset: The asset's name.
        fingerprint: The result's name.
        place: The file, folder or table.
        problem: What is wrong with it.
        remedy: What to do.
    """

    asset: str
    fingerprint: str
    place: Path | str
    problem: str
    remedy: str = _REBUILD

    def __str__(self) -> str:
        """One readable line: place, problem, remedy."""
        return f"{self.place}: {self.problem}; {self.remedy}"


def verify(lake: Lake) -> list[Problem]:
    """Checks every artifact and table of every profile, and every pointer to one.

    Args:
        lake: The lake.

    Returns:
        The problems, by asset; none if the lake is whole.
    """
    live = live_profiles(lake.paths)
    found = [*_manifest_problems(lake), *problems_of(lake, all_manifests(lake.paths))]
    told = [
        replace(item, remedy=_remedy(lake.profile, live.get((item.asset, item.fingerprint), [])))
        for item in found
    ]
    return [*told, *_pointer_problems(lake, live)]


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
            problem = "the manifest is damaged"
            yield Problem(path.parent.name, path.stem, path, problem)


def _artifact_problems(lake: Lake, manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in manifests:
        key = (manifest.asset, manifest.fingerprint)
        folder = lake.paths.artifact(*key)
        # With a copy the folder is a cache, of which what is used next is fetched.
        is_cache = lake.stored is not None and not folder.exists()
        for name in (
            lake.damaged_lancedb_files(manifest) if is_cache else lake.damaged_files(manifest)
        ):
            place = folder / name
            yield Problem(*key, place, "the file is missing, changed, or unknown")


def _copy_problems(lake: Lake, manifests: Sequence[Manifest]) -> Iterator[Problem]:
    if lake.stored is None:
        return
    for manifest in manifests:
        for name in lake.stored.damaged_files(manifest):
            place = lake.stored.place(manifest, name)
            problem = "the copy in the object store is missing or changed"
            yield Problem(manifest.asset, manifest.fingerprint, place, problem)


def _table_problems(lake: Lake, manifests: Sequence[Manifest]) -> Iterator[Problem]:
    # Opening it for a checksum would set it aside, and this only looks.
    is_readable = lake.warehouse.is_readable()
    for manifest in manifests:
        key = (manifest.asset, manifest.fingerprint)
        place = lake.paths.warehouse / "@".join(key)
        if not is_readable:
            yield Problem(*key, place, "the DuckDB file cannot be opened")
        elif not lake.is_whole(manifest):
            yield Problem(*key, place, "the rows are missing or changed")


def _pointer_problems(
    lake: Lake, live: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[Problem]:
    for (asset, fingerprint), profiles in live.items():
        if Manifest.find(lake.paths.manifest(asset, fingerprint)) is None:
            for profile in profiles:
                place = lake.paths.live(profile, asset)
                problem = f"the profile '{profile}' points at what the lake does not hold"
                remedy = _remedy(lake.profile, [profile])
                yield Problem(asset, fingerprint, place, problem, remedy)
