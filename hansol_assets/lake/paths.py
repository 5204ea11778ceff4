"""The layout of the lake: one place that knows where everything is kept."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class LakePaths:
    """Paths inside one lake.

    Attributes:
        root: The lake's folder (`HANSOL_LAKE_DIR`).
    """

    root: Path

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

    def artifact(self, asset: str, fingerprint: str) -> Path:
        """Returns the folder of one artifact."""
        return self.root / "artifacts" / asset / fingerprint

    def manifest(self, asset: str, fingerprint: str) -> Path:
        """Returns the file that says an artifact or a table is complete."""
        return self.manifests / asset / f"{fingerprint}.json"

    def forgotten(self, asset: str, fingerprint: str) -> Path:
        """Returns the manifest of a result that was pruned; those made from it still name it."""
        return self.root / "forgotten" / asset / f"{fingerprint}.json"

    def live(self, profile: str, asset: str) -> Path:
        """Returns the pointer to what a profile last materialised of an asset."""
        return self.live_pointers / profile / f"{asset}.json"

    @property
    def answers(self) -> Path:
        """The folder of what results that are named by their content were the answers to."""
        return self.root / "answers"

    def answer(self, asset: str, question: str) -> Path:
        """Returns the file that names the result which answers a question."""
        return self.answers / asset / question

    def checkpoints(self, asset: str, fingerprint: str) -> Path:
        """Returns the folder where unfinished work on an artifact survives a crash."""
        return self.root / "checkpoints" / asset / fingerprint
