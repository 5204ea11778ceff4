"""What only a GPU can show; without one the rows say so.

What belongs here: the rows of the table, and proof at small size that their scripts work. What does
not: the measurement (`benchmarks/gpu_training.py`, `benchmarks/gpu_generation.py`; see `gpu.md`).
"""

import sys

from rows import REPOSITORY, Options, Row, run

WHY = "no GPU here; the scripts of benchmarks/gpu.md work at small size"


def measure(options: Options) -> list[Row]:
    """Runs the scripts at small size."""
    if options.small:
        common = ["--size", "small", "--profile", "gemma-7b", "--quantization", "none"]
        lengths = {"gpu_training": ["--steps", "3"], "gpu_generation": ["--questions", "3"]}
        for name, own in lengths.items():
            script = str(REPOSITORY / "benchmarks" / f"{name}.py")
            short = ["--new-tokens", "4"] if name == "gpu_generation" else []
            folder = ["--folder", str(options.work / name)]
            run([sys.executable, script, *common, *own, *short, *folder])
    return [
        Row("LoRA 7B, GPU", "the seed's recipe", ">= 3x, >= 50 % of peak FLOPs", why=WHY),
        Row("130 answers, GPU", "-", "a minute", why=WHY),
    ]
