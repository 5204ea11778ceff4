"""The GPU benchmarks at small size: they run, and report what they promise."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

pytestmark = pytest.mark.slow


def run(script: str, folder: Path, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [
            sys.executable,
            str(BENCHMARKS / script),
            *("--size", "small", "--folder", str(folder), *arguments),
        ],
        capture_output=True,
        text=True,
        check=True,
        cwd=BENCHMARKS.parent,
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize(
    ("profile", "quantization"), [("gemma-7b", "nf4"), ("datavortex-10.7b", "none")]
)
def test_training_is_measured(profile: str, quantization: str, tmp_path: Path) -> None:
    figures = run(
        "gpu_training.py",
        tmp_path,
        *("--profile", profile, "--quantization", quantization, "--steps", "3"),
    )
    assert (figures["profile"], figures["quantization"]) == (profile, quantization)
    assert figures["steps"] == 3
    for name in ("tokens_a_step", "seconds_a_step", "tokens_a_second", "peak_gib"):
        assert float(str(figures[name])) > 0
    assert str(figures["estimate"]).startswith("training needs about")


def test_generation_is_measured(tmp_path: Path) -> None:
    figures = run(
        "gpu_generation.py",
        tmp_path,
        *("--profile", "gemma-7b", "--questions", "3", "--samples", "1", "--new-tokens", "4"),
    )
    assert (figures["questions"], figures["answers"]) == (3, 6)
    assert 6 <= int(str(figures["new_tokens"])) <= 24
    assert str(figures["estimate"]).startswith("generation needs about")
