"""Time and memory of a test of many questions.

Usage: python benchmarks/questions.py [--questions N] [--rows N] [--muse] [--lake FOLDER]

What belongs here: a fresh run of the whole graph on few rows with a test of many questions, which
go through in blocks. What does not: many rows (`benchmarks/scaling.py`). Most of a question's time
goes to the encoder, which embeds some twenty texts for each; by default it is one random vector a
word, so that what is around it is seen.
"""

import argparse
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))
from rows import add_figures
from scaling import NO_SETTINGS, measure
from synthetic import write_static_model

RESULTS = Path(__file__).with_name("results") / "questions.json"


def main() -> None:
    """Measures one test and adds it to the figures."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--questions", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=500)
    parser.add_argument("--muse", action="store_true", help="the installed encoder")
    parser.add_argument("--lake", type=Path, help="keep the lake here")
    parser.add_argument("--figures", type=Path, default=RESULTS, help="where they are added")
    told = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        home = told.lake or Path(temporary)
        (home / "lake").mkdir(parents=True)
        settings = NO_SETTINGS if told.muse else static_embedder(home / "model")
        run = measure(told.rows, home / "lake", home / "raw", told.questions, settings)
    embedder = "muse" if told.muse else "static"
    figures = {"questions": told.questions, "embedder": embedder, **run}
    print(json.dumps(figures, indent=1))
    if run["rc"]:
        sys.exit("the run failed, so nothing is kept")
    add_figures(figures, ("embedder", "rows", "questions"), told.figures)


def static_embedder(folder: Path) -> dict[str, str]:
    """Settings of an embedder that takes next to no time."""
    write_static_model(folder)
    return {"HANSOL_EMBEDDER__KIND": "hub", "HANSOL_EMBEDDER__MODEL_ID": str(folder)}


if __name__ == "__main__":
    main()
