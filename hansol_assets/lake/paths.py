"""The layout of the lake, and its format, which keeps an older release from misreading it."""

from pathlib import Path

from hansol_assets.lake.lake_errors import NewerLakeError, NotAFolderError, UnusablePathError

FORMAT = 1
"""Raise it when the release before would misread a lake of the new one."""


class LakePaths:
    """Paths below the lake's folder, `root` (`HANSOL_LAKE_DIR`)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.format_file = root / "format"
        self.warehouse = root / "warehouse.duckdb"
        self.lancedb = root / "lancedb"
        self.dagster_home = root / "dagster"
        self.manifests = root / "manifests"
        """One folder an asset."""
        self.live_pointers = root / "live"
        """One folder a profile."""
        self.locks = root / "locks"
        """Locks that processes hold against each other."""
        self.tracking = root / "tracking"
        """Files of experiment trackers."""
        self.damaged = root / "damaged"
        """Damaged results that were set aside."""
        self.latest_submission = root / "submissions" / "latest"
        """The folder where the active profile's submission is always found."""

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
