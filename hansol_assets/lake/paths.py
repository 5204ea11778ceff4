"""The layout of the lake, and its format, which keeps an older release from misreading it."""

from dataclasses import dataclass
from pathlib import Path

from hansol_assets.lake.errors import NewerLakeError, NotAFolderError, UnusablePathError

FORMAT = 1
"""Raise it when the release before would misread a lake of the new one."""


@dataclass(frozen=True)
class LakePaths:
    """Paths below the lake's folder (`HANSOL_LAKE_DIR`)."""

    root: Path

    @property
    def format_file(self) -> Path:
        """The file that holds the lake's format."""
        return self.root / "format"

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that holds every table."""
        return self.root / "warehouse.duckdb"

    @property
    def lancedb(self) -> Path:
        """The LanceDB database folder."""
        return self.root / "lancedb"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage."""
        return self.root / "dagster"

    @property
    def manifests(self) -> Path:
        """The folder of all manifests, one folder an asset."""
        return self.root / "manifests"

    @property
    def live_pointers(self) -> Path:
        """The folder of all live pointers, one folder a profile."""
        return self.root / "live"

    @property
    def locks(self) -> Path:
        """The folder of the locks that processes hold against each other."""
        return self.root / "locks"

    @property
    def tracking(self) -> Path:
        """The folder where experiment trackers keep their files."""
        return self.root / "tracking"

    @property
    def damaged(self) -> Path:
        """The folder where damaged results are set aside."""
        return self.root / "damaged"

    @property
    def latest_submission(self) -> Path:
        """The folder where the active profile's submission is always found."""
        return self.root / "submissions" / "latest"

    def artifact(self, asset: str, version: str) -> Path:
        """Returns the folder of one artifact."""
        return self.root / "artifacts" / asset / version

    def manifest(self, asset: str, fingerprint: str) -> Path:
        """Returns the file that says an artifact or a table is complete."""
        return self.manifests / asset / f"{fingerprint}.json"

    def pruned_manifest(self, asset: str, fingerprint: str) -> Path:
        """Returns the manifest of a result that was pruned; those made from it still name it."""
        return self.root / "forgotten" / asset / f"{fingerprint}.json"

    def live(self, profile: str, asset: str) -> Path:
        """Returns the file with the fingerprint that a profile last materialised of an asset."""
        return self.live_pointers / profile / f"{asset}.json"

    def checkpoints(self, asset: str, fingerprint: str) -> Path:
        """Returns the folder where unfinished work on an artifact survives a crash."""
        return self.root / "checkpoints" / asset / fingerprint


def check_format(root: Path) -> None:
    """Refuses a lake that a newer release wrote; the folder need not exist.

    Raises:
        NotAFolderError: A file stands where the lake should be.
        UnusablePathError: Its path holds a question mark.
        NewerLakeError: The lake's format is newer than `FORMAT`, or is not a number.
    """
    if "?" in str(root.absolute()):
        raise UnusablePathError(root)
    if root.exists() and not root.is_dir():
        raise NotAFolderError(root)
    path = LakePaths(root).format_file
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not (text.isascii() and text.isdigit() and int(text) <= FORMAT):
        raise NewerLakeError(root, text or "of no number", FORMAT)
