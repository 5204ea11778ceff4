"""The GPU benchmarks at small size: they run, and report what they promise."""

import json
import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[3] / "benchmarks"

pytestmark = pytest.mark.slow


Run = Callable[..., dict[str, object]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs a script as a program in this process, which has loaded its libraries."""

    def ran(script: str, *arguments: str) -> dict[str, object]:
        words = [script, "--size", "small", "--folder", str(tmp_path), *arguments]
        monkeypatch.setattr(sys, "argv", words)
        monkeypatch.syspath_prepend(BENCHMARKS)
        runpy.run_path(str(BENCHMARKS / script), run_name="__main__")
        return json.loads(capsys.readouterr().out.splitlines()[-1])

    return ran


@pytest.mark.parametrize(
    ("profile", "quantization"), [("gemma-7b", "nf4"), ("datavortex-10.7b", "none")]
)
def test_training_is_measured(profile: str, quantization: str, run: Run) -> None:
    figures = run(
        "gpu_training.py",
        *("--profile", profile, "--quantization", quantization, "--steps", "3"),
    )
    assert (figures["profile"], figures["quantization"]) == (profile, quantization)
    assert figures["steps"] == 3
    for name in ("tokens_a_step", "seconds_a_step", "tokens_a_second", "peak_gib"):
        assert float(str(figures[name])) > 0
    assert str(figures["estimate"]).startswith("training needs about")


def test_generation_is_measured(run: Run) -> None:
    figures = run(
        "gpu_generation.py",
        *("--profile", "gemma-7b", "--questions", "3", "--samples", "1", "--new-tokens", "4"),
    )
    assert (figures["questions"], figures["answers"]) == (3, 6)
    assert 6 <= int(str(figures["new_tokens"])) <= 24
    assert str(figures["estimate"]).startswith("generation needs about")
