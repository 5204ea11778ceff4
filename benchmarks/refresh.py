"""How long the graph takes and how much memory it needs: a first run, a second one, and loading.

Usage: python benchmarks/refresh.py RAW_DIR [NAME]

Every figure is of a process of its own. A first run starts from an empty lake; the second finds
everything by fingerprint. Loading is the median of five imports of the code location.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LOADS = 5
GIB = 2**20  # ru_maxrss is in KiB


def measure(command: list[str], environment: dict[str, str]) -> tuple[float, float]:
    """Runs a command.

    Args:
        command: The command.
        environment: Its environment.

    Returns:
        Wall seconds, and the highest resident memory in GiB of any command so far.
    """
    started = time.perf_counter()
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - started
    return seconds, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / GIB


def main() -> None:
    """Measures one raw folder and prints a markdown table."""
    raw_dir = Path(sys.argv[1]).resolve()
    name = sys.argv[2] if len(sys.argv) > 2 else raw_dir.name
    hansol = str(Path(sys.executable).with_name("hansol"))
    load = [sys.executable, "-c", "import hansol_assets.definitions"]
    loads = [measure(load, dict(os.environ))[0] for _ in range(LOADS)]
    with tempfile.TemporaryDirectory() as lake:
        environment = {
            **os.environ,
            "HANSOL_RAW_DIR": str(raw_dir),
            "HANSOL_LAKE_DIR": lake,
            "DAGSTER_HOME": str(Path(lake) / "dagster"),
        }
        first, memory = measure([hansol, "refresh"], environment)
        submission = Path(lake) / "submissions" / "latest" / "submission.csv"
        bytes_before = submission.read_bytes()
        second, _ = measure([hansol, "refresh"], environment)
        same = submission.read_bytes() == bytes_before
    print(f"| data | first run, s | memory, GiB | second run, s | loading, s (median of {LOADS}) |")
    print("| --- | --- | --- | --- | --- |")
    print(
        f"| {name} | {first:.0f} | {memory:.2f} | {second:.1f} | {statistics.median(loads):.2f} |"
    )
    print(f"\nsubmission unchanged by the second run: {same}")


if __name__ == "__main__":
    main()
